//! What followers are told of links that end by themselves.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::platform::{Account, Platform, body, eventually};
use crate::support::statements::execute;

/// The subjects of the events of a type, and who did it, in order.
async fn told(platform: &Platform, account: &Account, kind: &str) -> Vec<(Value, Value)> {
    let page = platform.read(account, &format!("/events?types={kind}")).await;
    let events = page["data"].as_array().expect("events").iter();
    events.map(|event| (event["subject"].clone(), event["actor"].clone())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_click_of_a_link_is_told_once() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let draft = json!({ "destination_url": "https://example.com/", "slug": "two", "max_clicks": 2 });
    let link = platform.create_link(&account, &draft).await;
    assert_eq!(platform.visit("/two").await.status(), StatusCode::FOUND);
    assert_eq!(told(&platform, &account, "link.exhausted").await, []);
    for status in [StatusCode::FOUND, StatusCode::GONE, StatusCode::GONE] {
        assert_eq!(platform.visit("/two").await.status(), status);
    }
    let expected = [(link["id"].clone(), json!("instance"))];
    assert_eq!(told(&platform, &account, "link.exhausted").await, expected);
    let trail = platform.read(&account, "/audit-events?action=link.exhausted").await;
    assert_eq!(trail["data"][0]["target"], link["id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_asked_again_about_a_link_that_is_used_up_until_it_is_edited() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let draft = json!({ "destination_url": "https://example.com/", "slug": "one", "max_clicks": 1 });
    let link = platform.create_link(&account, &draft).await;
    for status in [StatusCode::FOUND, StatusCode::GONE] {
        assert_eq!(platform.visit("/one").await.status(), status);
    }
    // Whoever asked the database now would be let through.
    execute(&platform.config, "UPDATE links SET max_clicks = 9 WHERE slug = 'one'").await;
    for _ in 0..20 {
        assert_eq!(platform.visit("/one").await.status(), StatusCode::GONE);
    }
    let path = format!("/links/{}", link["id"].as_str().expect("an id"));
    let edited = platform.of(&account, Method::PATCH, &path).json(&json!({ "title": "Again" }));
    body(edited, StatusCode::OK).await;
    eventually("the edit shows", || async { platform.visit("/one").await.status() == StatusCode::FOUND }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_link_is_told_once_and_again_when_it_was_moved() {
    let mut platform = Platform::start().await;
    let account = platform.account().await;
    let draft = json!({ "destination_url": "https://example.com/", "expires_at": "2040-01-01T00:00:00Z" });
    let link = platform.create_link(&account, &draft).await;
    platform.create_link(&account, &json!({ "destination_url": "https://example.com/ever" })).await;
    for ends in 1..=2 {
        platform.stop().await;
        execute(&platform.config, &format!("UPDATE links SET expires_at = {ends}000000 WHERE expires_at IS NOT NULL"))
            .await;
        execute(&platform.config, "DELETE FROM job_schedules WHERE kind = 'end_links'").await;
        platform.start_again().await;
        let expected = vec![(link["id"].clone(), json!("instance")); ends];
        eventually("followers are told", || async { told(&platform, &account, "link.expired").await == expected })
            .await;
    }
    let path = format!("/links/{}", link["id"].as_str().expect("an id"));
    let edited = platform.of(&account, Method::PATCH, &path).json(&json!({ "title": "Over" }));
    body(edited, StatusCode::OK).await;
    execute(&platform.config, "DELETE FROM job_schedules WHERE kind = 'end_links'").await;
    platform.stop().await;
    platform.start_again().await;
    assert_eq!(told(&platform, &account, "link.expired").await.len(), 2);
}
