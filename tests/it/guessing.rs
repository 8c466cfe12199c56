//! Guessing at an account from other addresses: it is slowed down, and locks the owner out neither where they have signed in nor anywhere else.

use futures_util::future::join_all;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::json;

use crate::support::authenticator::{code, early_in_a_step};
use crate::support::people::{administrator, newcomer, of, post, sign_in, text};
use crate::support::platform::{EMAIL, PASSWORD, Platform, body};

const HOME: &str = "192.0.2.1";
const HOTEL: &str = "198.51.100.7";
/// Too long to be an account's, so that nothing is hashed.
const GUESS_BYTES: usize = 2000;

async fn start() -> Platform {
    Platform::start_with(|config| {
        config.api.trusted_proxy_hops = 1;
        config.api.rate_limit_burst = 100_000;
    })
    .await
}

async fn status(request: RequestBuilder, address: &str) -> StatusCode {
    request.header("x-forwarded-for", address).send().await.expect("a response").status()
}

async fn sign_in_from(platform: &Platform, address: &str, password: &str) -> StatusCode {
    status(sign_in(platform, EMAIL, password), address).await
}

/// As many guesses as each of these addresses is let; returns how many were tried.
async fn guess_from(platform: &Platform, addresses: &[String]) -> usize {
    let guess = "x".repeat(GUESS_BYTES);
    let all = addresses.iter().flat_map(|address| std::iter::repeat_n(address, 12));
    let statuses = join_all(all.map(|address| sign_in_from(platform, address, &guess))).await;
    statuses.into_iter().filter(|status| *status == StatusCode::UNAUTHORIZED).count()
}

fn attackers(count: u8) -> Vec<String> {
    (0..count).map(|host| format!("10.0.0.{host}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_from_a_few_addresses_locks_out_no_owner_whose_session_is_over() {
    let platform = start().await;
    administrator(&platform).await;
    let at_home = sign_in(&platform, EMAIL, PASSWORD).header("x-forwarded-for", HOME);
    let session = text(&body(at_home, StatusCode::OK).await["token"]);
    assert_eq!(status(of(&platform, &session, Method::POST, "/v1/auth/sign-out"), HOME).await, StatusCode::NO_CONTENT);
    let tried = guess_from(&platform, &attackers(12)).await;
    assert!(tried >= 100, "{tried} guesses are enough to use up what all addresses have together");
    // At home as often as anybody mistypes, and where the owner has never been, at the second try.
    for password in ["mistyped", "mistyped again", "mistyped once more", "and again"] {
        assert_eq!(sign_in_from(&platform, HOME, password).await, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(sign_in_from(&platform, HOME, PASSWORD).await, StatusCode::OK);
    assert_eq!(sign_in_from(&platform, HOTEL, "mistyped").await, StatusCode::UNAUTHORIZED);
    assert_eq!(sign_in_from(&platform, HOTEL, PASSWORD).await, StatusCode::OK);
    // From there on the hotel is known as well.
    for _ in 0..3 {
        assert_eq!(sign_in_from(&platform, HOTEL, "mistyped").await, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(sign_in_from(&platform, HOTEL, PASSWORD).await, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_guesses_from_many_addresses_gets_a_few_tries_from_each() {
    let platform = start().await;
    administrator(&platform).await;
    // All together have 100, and each of those that come late has 3. One more comes along in six seconds.
    let tried = guess_from(&platform, &attackers(40)).await;
    assert!((100..=240).contains(&tried), "{tried} of 480 were tried");
    let late: Vec<String> = (0..20).map(|host| format!("10.1.0.{host}")).collect();
    let tried = guess_from(&platform, &late).await;
    assert!((60..=80).contains(&tried), "{tried} of 240 were tried");
    // One subscriber's networks of IPv6 are one site, however many there are.
    let networks: Vec<String> = (0..20).map(|network| format!("2001:db8:0:{network:x}::1")).collect();
    let tried = guess_from(&platform, &networks).await;
    assert!((3..=20).contains(&tried), "{tried} of 240 were tried");
    assert_eq!(sign_in_from(&platform, HOTEL, PASSWORD).await, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_the_password_and_guesses_codes_locks_no_owner_out_either() {
    let platform = start().await;
    let session = administrator(&platform).await;
    let at_home = sign_in(&platform, EMAIL, PASSWORD).header("x-forwarded-for", HOME);
    body(at_home, StatusCode::OK).await;
    let (secret, recovery_code) = enrolled(&platform, &session).await;
    let challenge = async |address: &str| challenge_at(&platform, address).await;
    let answer = async |challenge: &str, address: &str, field: &str, code: &str| {
        answered(&platform, challenge, address, (field, code)).await
    };
    let guessed = async |address: &str| {
        let challenge = challenge(address).await;
        let mut tried = 0;
        for _ in 0..5 {
            tried += usize::from(answer(&challenge, address, "code", "no code").await == StatusCode::UNAUTHORIZED);
        }
        tried
    };
    for address in attackers(4) {
        guessed(&address).await;
    }
    // One is the share of an address, and one may have come along meanwhile.
    let tried = guessed("10.0.0.99").await;
    assert!((1..=2).contains(&tried), "{tried} of 5 were tried");

    let in_the_hotel = challenge(HOTEL).await;
    assert_eq!(answer(&in_the_hotel, HOTEL, "code", "mistyped").await, StatusCode::UNAUTHORIZED);
    assert_eq!(answer(&in_the_hotel, HOTEL, "recovery_code", &recovery_code).await, StatusCode::OK);
    let at_home = challenge(HOME).await;
    for _ in 0..3 {
        assert_eq!(answer(&at_home, HOME, "code", "mistyped").await, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(answer(&at_home, HOME, "code", &code(&secret, 0)).await, StatusCode::OK);
}

/// Switches the second factor of the first account on; the secret of the authenticator, and a recovery code.
async fn enrolled(platform: &Platform, session: &str) -> (String, String) {
    let begun = of(platform, session, Method::POST, "/v1/me/second-factor").json(&json!({ "password": PASSWORD }));
    let secret = text(&body(begun, StatusCode::CREATED).await["secret"]);
    early_in_a_step().await;
    let confirm = json!({ "code": code(&secret, -1) });
    let confirmed = of(platform, session, Method::POST, "/v1/me/second-factor/confirm").json(&confirm);
    let confirmed = body(confirmed, StatusCode::OK).await;
    (secret, text(&confirmed["recovery_codes"][0]))
}

async fn challenge_at(platform: &Platform, address: &str) -> String {
    let request = sign_in(platform, EMAIL, PASSWORD).header("x-forwarded-for", address);
    text(&body(request, StatusCode::ACCEPTED).await["challenge"])
}

async fn answered(platform: &Platform, challenge: &str, address: &str, (field, code): (&str, &str)) -> StatusCode {
    let answer = json!({ "challenge": challenge, field: code });
    status(post(platform, "/v1/auth/sign-in/second-factor", &answer), address).await
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_the_password_ends_no_sign_in_that_the_owner_has_begun() {
    let platform = start().await;
    let session = administrator(&platform).await;
    let (secret, _) = enrolled(&platform, &session).await;
    let replaced = challenge_at(&platform, HOTEL).await;
    let in_the_hotel = challenge_at(&platform, HOTEL).await;
    let mut of_others = Vec::new();
    for address in attackers(12) {
        of_others.push(challenge_at(&platform, &address).await);
    }
    // Their tries are not the owner's.
    for _ in 0..6 {
        answered(&platform, &of_others[0], "10.0.0.0", ("code", "no code")).await;
    }
    let right = code(&secret, 0);
    assert_eq!(answered(&platform, &replaced, HOTEL, ("code", &right)).await, StatusCode::UNAUTHORIZED);
    assert_eq!(answered(&platform, &in_the_hotel, HOTEL, ("code", "mistyped")).await, StatusCode::UNAUTHORIZED);
    assert_eq!(answered(&platform, &in_the_hotel, HOTEL, ("code", &right)).await, StatusCode::OK);
    // With that all others are over.
    let answer = json!({ "challenge": of_others[11], "code": code(&secret, 1) });
    let over = post(&platform, "/v1/auth/sign-in/second-factor", &answer).header("x-forwarded-for", "10.0.0.11");
    assert_eq!(body(over, StatusCode::UNAUTHORIZED).await["code"], "challenge_over");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_for_anothers_address_uses_up_none_of_their_resets() {
    let platform = Platform::start_with(|config| {
        config.api.trusted_proxy_hops = 1;
        config.api.rate_limit_burst = 100_000;
        config.identity.open_registration = true;
    })
    .await;
    let owner = administrator(&platform).await;
    let stranger = newcomer(&platform, "mallory@example.com").await;
    let of_owner = json!({ "email": EMAIL });
    let change = json!({ "email": EMAIL, "password": PASSWORD });
    let mut refused = 0;
    for address in attackers(6) {
        for _ in 0..4 {
            let request = of(&platform, &stranger, Method::POST, "/v1/me/email").json(&change);
            refused += usize::from(status(request, &address).await == StatusCode::TOO_MANY_REQUESTS);
            status(post(&platform, "/v1/auth/registration", &of_owner), &address).await;
        }
    }
    assert!(refused > 0, "the mailbox is not filled");
    let reset = || post(&platform, "/v1/auth/password-reset", &of_owner);
    for address in [HOME, HOTEL, "2001:db8::1"] {
        assert_eq!(status(reset(), address).await, StatusCode::ACCEPTED);
    }
    let verification = of(&platform, &owner, Method::POST, "/v1/me/email/verification");
    assert_eq!(status(verification, HOME).await, StatusCode::ACCEPTED);
    // They have a limit of their own, the same for an address that has no account.
    for email in [EMAIL, "nobody@example.com"] {
        let mut refused = 0;
        for address in attackers(6) {
            for _ in 0..5 {
                let request = post(&platform, "/v1/auth/password-reset", &json!({ "email": email }));
                refused += usize::from(status(request, &address).await == StatusCode::TOO_MANY_REQUESTS);
            }
        }
        assert!(refused > 0, "{email}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_that_do_not_hold_have_a_limit_and_keep_none_that_does_from_going_on() {
    let platform = Platform::start_with(|config| {
        config.api.trusted_proxy_hops = 1;
        config.api.rate_limit_per_minute = 1;
        config.api.rate_limit_burst = 20;
    })
    .await;
    let right = administrator(&platform).await;
    let made_up = |kind: &str, number: usize| format!("{kind}_{number:043}");
    for (number, kind) in ["session", "elido", "access", "nothing"].into_iter().enumerate() {
        let address = format!("10.0.0.{number}");
        for number in 0..20 {
            let request = of(&platform, &made_up(kind, number), Method::GET, "/v1/me");
            assert_eq!(status(request, &address).await, StatusCode::UNAUTHORIZED, "{kind} {number}");
        }
        let refused = of(&platform, &made_up(kind, 20), Method::GET, "/v1/me").header("x-forwarded-for", &address);
        let refused = refused.send().await.expect("a response");
        assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS, "{kind}");
        assert!(refused.headers().contains_key("retry-after") && refused.headers().contains_key("ratelimit"));
        assert_eq!(status(of(&platform, &right, Method::GET, "/v1/me"), &address).await, StatusCode::OK);
    }
    for _ in 0..20 {
        let session = platform.client.get(platform.api("/v1/me")).header("x-session-token", "made-up");
        assert_eq!(status(session, HOTEL).await, StatusCode::UNAUTHORIZED);
    }
    let session = platform.client.get(platform.api("/v1/me")).header("x-session-token", "made-up");
    assert_eq!(status(session, HOTEL).await, StatusCode::TOO_MANY_REQUESTS);
    let elsewhere = of(&platform, &made_up("session", 0), Method::GET, "/v1/me");
    assert_eq!(status(elsewhere, HOME).await, StatusCode::UNAUTHORIZED);
}
