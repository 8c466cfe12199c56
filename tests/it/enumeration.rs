//! Whether an address has an account shows nowhere: not in texts, not in statuses, not in how long things take.

use std::time::{Duration, Instant};

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::support::people::{administrator, of, post, sign_in};
use crate::support::platform::{EMAIL, PASSWORD, Platform};

const NOBODY: &str = "nobody@example.com";

/// Everything that a client sees of a response, without what differs from request to request.
async fn seen(request: RequestBuilder) -> (StatusCode, Vec<String>, Value) {
    let response = request.send().await.expect("a response");
    let status = response.status();
    let mut names: Vec<String> = response.headers().keys().map(ToString::to_string).collect();
    names.sort();
    let mut body: Value = serde_json::from_str(&response.text().await.expect("a body")).unwrap_or_default();
    if let Some(body) = body.as_object_mut() {
        body.remove("request_id");
    }
    (status, names, body)
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_and_statuses_are_alike() {
    let platform = Platform::start_with(|config| config.identity.open_registration = true).await;
    let session = administrator(&platform).await;
    for path in ["/v1/auth/password-reset", "/v1/auth/registration"] {
        let ask = |email: &str| seen(post(&platform, path, &json!({ "email": email })));
        assert_eq!(ask(EMAIL).await, ask(NOBODY).await, "{path}");
    }
    let wrong = |email: &str| seen(sign_in(&platform, email, "a wrong password"));
    assert_eq!(wrong(EMAIL).await, wrong(NOBODY).await);
    let change = |email: &str| {
        let change = json!({ "email": email, "password": PASSWORD });
        seen(of(&platform, &session, Method::POST, "/v1/me/email").json(&change))
    };
    assert_eq!(change(EMAIL).await, change(NOBODY).await);
    // One is as limited as the other.
    for email in [EMAIL, NOBODY] {
        let mut statuses = Vec::new();
        for _ in 0..8 {
            let request = post(&platform, "/v1/auth/password-reset", &json!({ "email": email }));
            statuses.push(seen(request).await.0.as_u16());
        }
        assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 6, "{email}: {statuses:?}");
    }
}

/// The medians of how long two kinds of requests take, by turns. Each comes from another address, so that no limit is in the way.
async fn medians(tries: u8, known: impl Fn() -> RequestBuilder, unknown: impl Fn() -> RequestBuilder) -> [Duration; 2] {
    let mut took: [Vec<Duration>; 2] = Default::default();
    for number in 0..tries {
        for (side, request) in [known(), unknown()].into_iter().enumerate() {
            let request = request.header("x-forwarded-for", format!("192.0.2.{number}"));
            let start = Instant::now();
            let response = request.send().await.expect("a response");
            assert_ne!(response.status(), StatusCode::TOO_MANY_REQUESTS, "{number}");
            took[side].push(start.elapsed());
        }
    }
    took.map(|mut times| {
        times.sort();
        times[times.len() / 2]
    })
}

/// A hash takes some 20 ms, and more where nothing is optimised: leaving it out for one of the two would show.
fn assert_alike([known, unknown]: [Duration; 2]) {
    let (faster, slower) = (known.min(unknown), known.max(unknown));
    assert!(slower < faster * 2 + Duration::from_millis(5), "known {known:?}, unknown {unknown:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_and_asking_for_codes_take_as_long_with_an_account_as_without() {
    let platform = Platform::start_with(|config| {
        config.api.trusted_proxy_hops = 1;
        config.identity.open_registration = true;
    })
    .await;
    administrator(&platform).await;
    let wrong = |email: &'static str| sign_in(&platform, email, "a wrong password");
    assert_alike(medians(31, || wrong(EMAIL), || wrong(NOBODY)).await);
    for path in ["/v1/auth/password-reset", "/v1/auth/registration"] {
        let ask = |email: &str| post(&platform, path, &json!({ "email": email }));
        assert_alike(medians(9, || ask(EMAIL), || ask(NOBODY)).await);
    }
}
