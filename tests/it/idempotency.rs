//! Requests that are repeated do their work once.

use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::platform::{Account, Platform, body};

fn create(platform: &Platform, account: &Account, key: &str, destination: &str) -> reqwest::RequestBuilder {
    let request = platform.of(account, Method::POST, "/links").header("idempotency-key", key);
    request.json(&json!({ "destination_url": destination }))
}

async fn count_links(platform: &Platform, account: &Account) -> usize {
    platform.read(account, "/links?limit=100").await["data"].as_array().expect("links").len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_request_gets_the_first_answer_byte_for_byte() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let first = create(&platform, &account, "a", "https://example.com/").send().await.expect("an answer");
    let (status, etag) = (first.status(), first.headers()["etag"].clone());
    let first = first.bytes().await.expect("a body");
    let second = create(&platform, &account, "a", "https://example.com/").send().await.expect("an answer");
    assert_eq!((second.status(), &second.headers()["etag"]), (status, &etag));
    assert_eq!(second.headers()["idempotency-replayed"], "true");
    assert_eq!(second.bytes().await.expect("a body"), first);
    assert_eq!(count_links(&platform, &account).await, 1);

    let other = create(&platform, &account, "a", "https://example.com/other");
    assert_eq!(body(other, StatusCode::UNPROCESSABLE_ENTITY).await["code"], "idempotency_key_reused");
    let other = platform.sign_in().await;
    assert_eq!(
        create(&platform, &other, "a", "https://example.com/").send().await.expect("an answer").status(),
        StatusCode::CREATED
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_duplicates_create_one_thing() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let answers = join_all((0..16).map(|_| create(&platform, &account, "a", "https://example.com/").send())).await;
    for answer in answers {
        let status = answer.expect("an answer").status();
        assert!(matches!(status, StatusCode::CREATED | StatusCode::CONFLICT), "{status}");
    }
    assert_eq!(count_links(&platform, &account).await, 1);
    body(create(&platform, &account, "a", "https://example.com/"), StatusCode::CREATED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_shown_once_is_repeated_to_its_owner() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let make = || {
        let request = platform.of(&account, Method::POST, "/api-keys").header("idempotency-key", "k");
        body(request.json(&json!({ "name": "CI", "scopes": ["links:read"] })), StatusCode::CREATED)
    };
    let first = make().await;
    assert_eq!(make().await, first);
    assert_eq!(platform.read(&account, "/api-keys").await["data"].as_array().map(Vec::len), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_repeated_too_and_a_fresh_key_tries_again() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let first = body(create(&platform, &account, "a", "nowhere"), StatusCode::BAD_REQUEST).await;
    let again = body(create(&platform, &account, "a", "nowhere"), StatusCode::BAD_REQUEST).await;
    assert_eq!(first, again);
    body(create(&platform, &account, "b", "https://example.com/"), StatusCode::CREATED).await;
}
