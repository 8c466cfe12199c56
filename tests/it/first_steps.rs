//! What a newcomer and their tools meet first.

use std::os::unix::fs::PermissionsExt;

use reqwest::Method;
use reqwest::StatusCode;
use reqwest::header::{ETAG, HOST, IF_NONE_MATCH, USER_AGENT};
use serde_json::json;

use crate::support::platform::{EMAIL, PASSWORD, Platform, body, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn a_first_try_with_curl_shows_as_a_click_that_is_left_out_and_why() {
    let mut platform = Platform::start().await;
    let account = platform.account().await;
    platform.create_link(&account, &json!({ "destination_url": "https://example.com/", "slug": "try" })).await;
    let visit = |agent: &'static str, method: Method| {
        platform
            .client
            .request(method, platform.edge("/try"))
            .header(HOST, "localhost")
            .header(USER_AGENT, agent)
            .send()
    };
    let browser = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0";
    visit("curl/8.5.0", Method::GET).await.expect("a response");
    visit("WhatsApp/2.23.20.0", Method::GET).await.expect("a response");
    visit(browser, Method::HEAD).await.expect("a response");
    visit(browser, Method::GET).await.expect("a response");
    eventually("all are told", || async {
        let summary = platform.read(&account, "/analytics/summary").await;
        summary["clicks"] == 1
            && summary["left_out"] == json!({ "bots": 1, "previews": 1, "prefetches": 0, "heads": 1, "opted_out": 0 })
    })
    .await;
    let left_out = json!({ "bots": 1, "previews": 1, "prefetches": 0, "heads": 1, "opted_out": 0 });
    for report in ["timeseries?interval=day", "hours-of-week?", "breakdown?dimension=browser", "live?"] {
        let report = platform.read(&account, &format!("/analytics/{report}")).await;
        assert_eq!(report["left_out"], left_out, "{report}");
    }
    let with_bots = platform.read(&account, "/analytics/summary?include=bots,heads").await;
    assert_eq!(with_bots["clicks"], 3);
    assert_eq!(with_bots["left_out"], json!({ "bots": 0, "previews": 1, "prefetches": 0, "heads": 0, "opted_out": 0 }));
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_reads_the_data_folder_makes_the_first_account() {
    let mut platform = Platform::start().await;
    let secret = platform.config.data_folder.join("bootstrap-secret");
    assert_eq!(std::fs::metadata(&secret).expect("a file").permissions().mode() & 0o077, 0);
    let person = json!({ "email": EMAIL, "password": PASSWORD });
    let rebound = platform.bootstrap().header(HOST, "evil.example").json(&person);
    assert_eq!(body(rebound, StatusCode::MISDIRECTED_REQUEST).await["code"], "host_not_allowed");
    let url = platform.internal("/internal/admin/bootstrap");
    for request in [platform.client.post(&url), platform.client.post(&url).bearer_auth("guessed")] {
        assert_eq!(body(request.json(&person), StatusCode::UNAUTHORIZED).await["code"], "bootstrap_secret_needed");
    }
    platform.account().await;
    assert!(!secret.exists(), "it works once");
    platform.stop().await;
    platform.start_again().await;
    assert!(!secret.exists());
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_the_version_that_there_is_gets_no_second_copy() {
    let mut platform = Platform::start().await;
    let account = platform.account().await;
    let link = platform.create_link(&account, &json!({ "destination_url": "https://example.com/" })).await;
    let path = format!("/links/{}", link["id"].as_str().expect("an id"));
    let read = platform.of(&account, Method::GET, &path).send().await.expect("a response");
    let tag = read.headers()[ETAG].clone();
    let again = platform.of(&account, Method::GET, &path).header(IF_NONE_MATCH, &tag).send().await.expect("a response");
    assert_eq!((again.status(), &again.headers()[ETAG]), (StatusCode::NOT_MODIFIED, &tag));
    assert!(again.bytes().await.expect("a body").is_empty());
    let edit = platform.of(&account, Method::PATCH, &path).json(&json!({ "title": "New" }));
    body(edit, StatusCode::OK).await;
    let changed =
        platform.of(&account, Method::GET, &path).header(IF_NONE_MATCH, &tag).send().await.expect("a response");
    assert_eq!(changed.status(), StatusCode::OK);
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_no_object() {
    let mut platform = Platform::start().await;
    let account = platform.account().await;
    let tag = platform.of(&account, Method::POST, "/tags").json(&json!(["tag", null]));
    assert_eq!(body(tag, StatusCode::BAD_REQUEST).await["errors"][0]["code"], "invalid_type");
    let sign_in = platform.client.post(platform.api("/v1/auth/sign-in")).json(&json!([EMAIL, PASSWORD]));
    body(sign_in, StatusCode::BAD_REQUEST).await;
    platform.stop().await;
}
