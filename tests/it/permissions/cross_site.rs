//! Every operation that may change something, as another site has a browser call it: with the cookie, and without what only our own pages know.

use std::fmt::Write as _;

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::Value;

use super::document::{Document, Operation};
use super::requests::request;
use crate::support::oauth::Browser;
use crate::support::people::text;
use crate::support::platform::{Platform, body};

/// The status, and the code of the problem.
async fn refusal(request: RequestBuilder) -> (StatusCode, String) {
    let response = request.send().await.expect("a response");
    let status = response.status();
    let problem: Value = response.json().await.unwrap_or(Value::Null);
    (status, problem["code"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_operation_is_done_for_another_site_by_the_cookie_of_a_browser() {
    let platform = Platform::start_with(|config| config.api.rate_limit_burst = 100_000).await;
    let owner = platform.account().await;
    let browser = Browser::of_the_owner(&platform).await;
    let token = browser.request(Method::GET, "/v1/auth/csrf-token");
    let token = text(&body(token, StatusCode::OK).await["csrf_token"]);
    // Those of programs look at no cookie, and the page of consent has a token of its own (oauth_attacks.rs).
    let is_ours = |operation: &Operation| operation.path.starts_with("/v1/") && !operation.method.is_safe();
    let (mut tried, mut wrong) = (0, String::new());
    for operation in Document::of(&platform).await.operations().into_iter().filter(is_ours) {
        let with_cookie = || request(&platform, &operation, &owner.workspace).header("cookie", &browser.cookie);
        let attacks = [
            ("csrf_token_needed", with_cookie()),
            ("csrf_token_needed", with_cookie().header("sec-fetch-site", "same-origin")),
            ("csrf_token_needed", with_cookie().header("x-csrf-token", "a guess")),
            ("cross_site_request", with_cookie().header("x-csrf-token", &token).header("sec-fetch-site", "cross-site")),
            (
                "cross_site_request",
                with_cookie().header("x-csrf-token", &token).header("origin", "https://evil.example"),
            ),
        ];
        for (code, attack) in attacks {
            let found = refusal(attack).await;
            if found != (StatusCode::FORBIDDEN, code.to_owned()) {
                writeln!(wrong, "{}: {code} expected, but {found:?}", operation.id).expect("written");
            }
            tried += 1;
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(tried > 400, "{tried} attacks");
    // Nothing ended the session meanwhile.
    body(browser.request(Method::GET, "/v1/me"), StatusCode::OK).await;
}
