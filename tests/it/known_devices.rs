//! Sign-ins with something that an account has not been used with before, which its owner is told of.

use reqwest::header::USER_AGENT;
use reqwest::{Method, StatusCode};

use crate::support::mailbox::{letter, letters};
use crate::support::people::{administrator, of, sign_in};
use crate::support::platform::{EMAIL, PASSWORD, Platform, body};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const LATER_FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0";
const PHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
    Version/18.5 Mobile/15E148 Safari/604.1";

async fn sign_in_with(platform: &Platform, user_agent: &str) {
    body(sign_in(platform, EMAIL, PASSWORD).header(USER_AGENT, user_agent), StatusCode::OK).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_with_something_new_is_told_once_and_in_words_that_nobody_chose() {
    let platform = Platform::start().await;
    // The very first sign-in made the account known, and is told to nobody.
    let first = administrator(&platform).await;
    sign_in_with(&platform, FIREFOX).await;
    let told = letter(&platform, EMAIL, 1).await;
    assert!(told.contains("Firefox on Linux from the address 127.0.0.1"), "{told}");
    for known in [FIREFOX, LATER_FIREFOX] {
        sign_in_with(&platform, known).await;
    }
    // What ends no session ends no acquaintance either.
    body(of(&platform, &first, Method::DELETE, "/v1/auth/sessions"), StatusCode::NO_CONTENT).await;
    sign_in_with(&platform, LATER_FIREFOX).await;
    sign_in_with(&platform, PHONE).await;
    let told = letter(&platform, EMAIL, 2).await;
    assert!(told.contains("Safari on iOS"), "{told}");

    sign_in_with(&platform, "Your account is lost, call 555-0100 <now>").await;
    let told = letter(&platform, EMAIL, 3).await;
    assert!(told.contains("a program that is not known here") && !told.contains("555-0100"), "{told}");
    assert_eq!(letters(&platform, EMAIL).len(), 3);
}
