//! Writers that get in each other's way: whatever the order, nobody is told of a failure and nothing contradicts itself.

use std::collections::HashSet;

use futures_util::future::{join, join_all};
use rand::seq::SliceRandom;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::support::platform::{Account, Platform, body};

/// Patient with the write lock, because a machine may be slow.
pub async fn start() -> Platform {
    Platform::start_with(|config| {
        config.database.connect_timeout_ms = 30_000;
        config.api.rate_limit_burst = 100_000;
        config.api.workspace_rate_limit_burst = 100_000;
    })
    .await
}

/// Sends a request that may be refused, but not fail.
pub async fn sound(request: RequestBuilder) -> (StatusCode, Value) {
    let response = request.send().await.expect("a response");
    let status = response.status();
    let text = response.text().await.expect("a body");
    assert!(!status.is_server_error(), "{status} {text}");
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

fn bulk(platform: &Platform, account: &Account, method: Method, links: &[Value]) -> RequestBuilder {
    platform.of(account, method, "/links/bulk").json(&json!({ "links": links }))
}

fn shuffled(items: &[Value]) -> Vec<Value> {
    let mut items = items.to_vec();
    items.shuffle(&mut rand::rng());
    items
}

#[tokio::test(flavor = "multi_thread")]
async fn bulk_requests_for_the_same_links_in_other_orders_make_each_link_once() {
    let platform = start().await;
    let account = platform.account().await;
    let drafts: Vec<Value> = (0..100)
        .map(|number| {
            json!({
                "destination_url": "https://example.com/", "slug": format!("same{number}"),
                "external_id": format!("external{}", 100 - number), "tags": [format!("tag{}", number % 7)],
            })
        })
        .collect();
    let requests = (0..8).map(|_| sound(bulk(&platform, &account, Method::POST, &shuffled(&drafts))));
    let mut made = Vec::new();
    for (status, response) in join_all(requests).await {
        assert_eq!(status, StatusCode::OK);
        let results = response["results"].as_array().expect("results").clone();
        assert_eq!(results.len(), drafts.len());
        made.extend(results.into_iter().filter(|result| result["status"] == "created"));
    }
    let slugs: HashSet<&str> = made.iter().map(|result| result["link"]["slug"].as_str().expect("a slug")).collect();
    assert_eq!((slugs.len(), made.len()), (100, 100));
    assert_eq!(platform.read(&account, "/tags").await["data"].as_array().expect("tags").len(), 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn bulk_edits_of_the_same_links_in_other_orders_are_all_done() {
    let platform = start().await;
    let account = platform.account().await;
    let drafts = vec![json!({ "destination_url": "https://example.com/" }); 40];
    let made = body(bulk(&platform, &account, Method::POST, &drafts), StatusCode::OK).await;
    let results = made["results"].as_array().expect("results");
    let ids: Vec<Value> = results.iter().map(|result| result["link"]["id"].clone()).collect();
    let edits = |number: u32| -> Vec<Value> {
        let changes = json!({ "title": format!("edited {number}"), "tags": ["one", "two"] });
        ids.iter().map(|id| json!({ "id": id, "changes": changes })).collect()
    };
    let requests = (0..8).map(|number| sound(bulk(&platform, &account, Method::PATCH, &shuffled(&edits(number)))));
    for (status, response) in join_all(requests).await {
        assert_eq!(status, StatusCode::OK);
        assert!(response["results"].as_array().expect("results").iter().all(|result| result["status"] == "updated"));
    }
    let links = platform.read(&account, "/links?limit=100").await;
    for link in links["data"].as_array().expect("links") {
        assert_eq!((&link["version"], &link["tags"]), (&json!(9), &json!(["one", "two"])));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_that_is_deleted_while_links_get_it_is_on_all_of_them_or_gone() {
    let platform = start().await;
    let account = platform.account().await;
    let link = platform.create_link(&account, &json!({ "destination_url": "https://example.com/" })).await;
    let link = format!("/links/{}", link["id"].as_str().expect("an id"));
    for round in 0..20 {
        let tag = body(
            platform.of(&account, Method::POST, "/tags").json(&json!({ "name": format!("tag{round}") })),
            StatusCode::CREATED,
        );
        let tag = tag.await;
        let delete = || {
            let path = format!("/tags/{}", tag["id"].as_str().expect("an id"));
            sound(platform.of(&account, Method::DELETE, &path))
        };
        let edits = (0..4).map(|_| {
            sound(platform.of(&account, Method::PATCH, &link).json(&json!({ "tags": [tag["name"], "kept"] })))
        });
        let new = json!({ "destination_url": "https://example.com/", "tags": [tag["name"]] });
        let creations = (0..2).map(|_| sound(bulk(&platform, &account, Method::POST, std::slice::from_ref(&new))));
        let (_, (edited, created)) = join(delete(), join(join_all(edits), join_all(creations))).await;
        assert!(edited.iter().chain(&created).all(|(status, _)| *status == StatusCode::OK), "{edited:?} {created:?}");
    }
    let tags = platform.read(&account, "/tags?limit=100").await;
    let known: HashSet<String> =
        tags["data"].as_array().expect("tags").iter().map(|tag| tag["name"].to_string()).collect();
    let links = platform.read(&account, "/links?limit=100").await;
    for link in links["data"].as_array().expect("links") {
        assert!(link["tags"].as_array().expect("tags").iter().all(|tag| known.contains(&tag.to_string())), "{link}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limited_link_gives_no_click_away_while_it_is_edited() {
    let platform = start().await;
    let account = platform.account().await;
    let link = json!({ "destination_url": "https://example.com/", "slug": "limited", "max_clicks": 20 });
    let link = platform.create_link(&account, &link).await;
    let path = format!("/links/{}", link["id"].as_str().expect("an id"));
    let edits = (0..10).map(|number| {
        sound(platform.of(&account, Method::PATCH, &path).json(&json!({ "title": format!("title {number}") })))
    });
    let visits = (0..60).map(|_| platform.visit("/limited"));
    let (visits, _) = join(join_all(visits), join_all(edits)).await;
    let sent_on = visits.iter().filter(|response| response.status() == StatusCode::FOUND).count();
    assert_eq!(sent_on, 20);
    assert_eq!(platform.visit("/limited").await.status(), StatusCode::GONE);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_that_is_deleted_while_it_is_written_to_is_gone_with_all_that_it_had() {
    let platform = start().await;
    let owner = platform.account().await;
    for _ in 0..8 {
        let account = Account { token: owner.token.clone(), workspace: platform.sign_in().await.workspace };
        let of = |method: Method, path: &str| platform.of(&account, method, path);
        let writes = (0..3).flat_map(|number| {
            [
                of(Method::POST, "/links").json(&json!({ "destination_url": "https://example.com/", "tags": ["a"] })),
                of(Method::POST, "/tags").json(&json!({ "name": format!("tag{number}") })),
                of(Method::POST, "/api-keys").json(&json!({ "name": "key", "scopes": ["links:read"] })),
                of(Method::PATCH, "").json(&json!({ "name": format!("name {number}") })),
            ]
        });
        let writes: Vec<_> = writes.map(sound).collect();
        join(join_all(writes), sound(of(Method::DELETE, ""))).await;
        let (gone, _) = sound(of(Method::DELETE, "")).await;
        let (left, _) = sound(of(Method::GET, "/links")).await;
        assert!(gone == StatusCode::NOT_FOUND || left == StatusCode::OK, "{gone} {left}");
    }
}
