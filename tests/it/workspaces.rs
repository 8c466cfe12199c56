//! Workspaces, domains and tags.

use std::time::Duration;

use elido::domain::time::Timestamp;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::members::key;
use crate::support::platform::{Account, Platform, body, eventually};
use crate::support::statements::do_again;

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_is_made_renamed_and_deleted_with_everything_in_it() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let link = platform
        .create_link(&account, &json!({ "destination_url": "https://example.com/", "slug": "mine", "tags": ["a"] }))
        .await;
    assert_eq!(link["slug"], "mine");
    let workspace = platform.read(&account, "").await;
    let renamed = platform.of(&account, Method::PATCH, "").json(&json!({ "name": "Other" }));
    let renamed = body(renamed, StatusCode::OK).await;
    assert_eq!(
        (&renamed["name"], &renamed["slug"], &renamed["version"]),
        (&json!("Other"), &workspace["slug"], &json!(2))
    );
    let members = platform.read(&account, "/members").await;
    assert_eq!((&members["data"][0]["role"], members["data"].as_array().map(Vec::len)), (&json!("owner"), Some(1)));

    let other = platform.sign_in().await;
    let clash = platform.of(&other, Method::PATCH, "").json(&json!({ "slug": workspace["slug"] }));
    assert_eq!(body(clash, StatusCode::CONFLICT).await["code"], "slug_taken");

    body(platform.of(&account, Method::DELETE, ""), StatusCode::NO_CONTENT).await;
    let problem = body(platform.of(&account, Method::GET, "/links"), StatusCode::NOT_FOUND).await;
    assert_eq!(problem["code"], "workspace_deleted");
    let draft = json!({ "destination_url": "https://example.com/", "slug": "mine" });
    let taken = platform.of(&other, Method::POST, "/links").json(&draft);
    assert_eq!(body(taken, StatusCode::CONFLICT).await["code"], "slug_taken", "it can be undeleted still");
}

/// The names of the workspaces that the account has in use, or that are being deleted.
async fn listed(platform: &Platform, account: &Account, deleted: bool) -> Vec<Value> {
    let list = platform.client.get(platform.api(&format!("/v1/workspaces?deleted={deleted}")));
    let list = body(list.bearer_auth(&account.token), StatusCode::OK).await;
    list["data"].as_array().expect("workspaces").iter().map(|workspace| workspace["id"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_workspace_is_out_of_use_at_once_and_as_it_was_when_undeleted() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let draft = json!({ "destination_url": "https://example.com/", "slug": "mine" });
    platform.create_link(&account, &draft).await;
    let (program, _) = key(&platform, &account, &json!({ "name": "CI", "scopes": ["links:read"] })).await;
    assert_eq!(platform.visit("/mine").await.status(), StatusCode::FOUND);

    body(platform.of(&account, Method::DELETE, ""), StatusCode::NO_CONTENT).await;
    eventually("the link is gone", || async { platform.visit("/mine").await.status() == StatusCode::GONE }).await;
    body(platform.of(&program, Method::GET, "/links"), StatusCode::NOT_FOUND).await;
    let again = body(platform.of(&account, Method::DELETE, ""), StatusCode::NOT_FOUND).await;
    assert_eq!(again["code"], "workspace_deleted");
    let workspace = platform.read(&account, "").await;
    let days = |field: &str| workspace[field].as_str().expect("a time").parse::<Timestamp>().expect("a time");
    assert_eq!(days("purge_at").since(days("deleted_at")), Duration::from_secs(7 * 24 * 60 * 60));
    assert_eq!(listed(&platform, &account, false).await, Vec::<Value>::new());
    assert_eq!(listed(&platform, &account, true).await, [json!(account.workspace)]);

    let undelete = || platform.of(&account, Method::POST, "/undelete");
    let undeleted = body(undelete(), StatusCode::OK).await;
    assert_eq!((&undeleted["deleted_at"], &undeleted["purge_at"]), (&Value::Null, &Value::Null));
    eventually("the link is back", || async { platform.visit("/mine").await.status() == StatusCode::FOUND }).await;
    body(platform.of(&program, Method::GET, "/links"), StatusCode::OK).await;
    assert_eq!(body(undelete(), StatusCode::CONFLICT).await["code"], "not_deleted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_that_is_due_cannot_be_undeleted_and_is_purged() {
    let platform = Platform::start_with(|config| config.api.workspace_deletion_days = 0).await;
    let account = platform.account().await;
    let other = platform.sign_in().await;
    let draft = json!({ "destination_url": "https://example.com/", "slug": "mine" });
    platform.create_link(&account, &draft).await;
    body(platform.of(&account, Method::DELETE, ""), StatusCode::NO_CONTENT).await;
    body(platform.of(&account, Method::POST, "/undelete"), StatusCode::NOT_FOUND).await;
    // The tick comes again.
    do_again(&platform.config, "purge_workspaces", "attempts = 0").await;
    eventually("it is gone", || async {
        platform.of(&account, Method::GET, "").send().await.expect("a response").status() == StatusCode::NOT_FOUND
    })
    .await;
    // Its slugs are free again.
    platform.create_link(&other, &draft).await;
    assert_eq!(listed(&platform, &account, false).await, [json!(other.workspace)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_default_domain_serves_every_workspace_and_files_slugs_as_told() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let domain = platform.read(&account, "/domains").await["data"][0].clone();
    assert_eq!((&domain["hostname"], &domain["is_default"]), (&json!("localhost"), &json!(true)));
    let path = format!("/domains/{}", domain["id"].as_str().expect("an id"));
    let edit = |change: Value| platform.of(&account, Method::PATCH, &path).json(&change);

    let sale =
        platform.create_link(&account, &json!({ "destination_url": "https://example.com/1", "slug": "Sale" })).await;
    let lower =
        platform.create_link(&account, &json!({ "destination_url": "https://example.com/2", "slug": "sale" })).await;
    let clash = body(edit(json!({ "case_sensitive": false })), StatusCode::CONFLICT).await;
    assert_eq!(clash["code"], "slugs_clash");
    assert!(clash["detail"].as_str().is_some_and(|text| text.contains("(Sale, sale)")), "{clash}");
    let delete = format!("/links/{}", lower["id"].as_str().expect("an id"));
    body(platform.of(&account, Method::DELETE, &delete), StatusCode::NO_CONTENT).await;
    // The deleted one keeps its slug.
    let clash = body(edit(json!({ "case_sensitive": false })), StatusCode::CONFLICT).await;
    assert!(clash["detail"].as_str().is_some_and(|detail| detail.contains("deleted: sale")), "{clash}");
    let purge = delete.replace("/links/", "/deleted-links/");
    body(platform.of(&account, Method::DELETE, &purge), StatusCode::NO_CONTENT).await;
    body(edit(json!({ "case_sensitive": false })), StatusCode::OK).await;
    let found = platform.read(&account, "/links/lookup?domain=LOCALHOST&slug=SALE").await;
    assert_eq!((&found["id"], &found["slug"]), (&sale["id"], &json!("Sale")));
    let clash = json!({ "destination_url": "https://example.com/3", "slug": "sALE" });
    let clash = platform.of(&account, Method::POST, "/links").json(&clash);
    assert_eq!(body(clash, StatusCode::CONFLICT).await["code"], "slug_taken");

    let problem =
        body(edit(json!({ "root_url": "nowhere", "expired_url": "javascript:1" })), StatusCode::BAD_REQUEST).await;
    assert_eq!(problem["errors"].as_array().map(Vec::len), Some(2), "{problem}");
    let edited = body(edit(json!({ "root_url": "https://example.com/" })), StatusCode::OK).await;
    assert_eq!(edited["root_url"], "https://example.com/");
    assert_eq!(body(edit(json!({ "root_url": null })), StatusCode::OK).await["root_url"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_administrators_in_person_change_the_default_domain() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let draft = json!({ "name": "Test", "scopes": ["workspace:read", "workspace:write"] });
    let key = body(platform.of(&account, Method::POST, "/api-keys").json(&draft), StatusCode::CREATED).await;
    let domain = platform.read(&account, "/domains").await["data"][0]["id"].as_str().expect("an id").to_owned();
    let url = platform.api(&format!("/v1/workspaces/{}/domains/{domain}", account.workspace));
    let edit = platform.client.patch(url).bearer_auth(key["token"].as_str().expect("a token"));
    let refused = body(edit.json(&json!({ "root_url": "https://example.com/" })), StatusCode::FORBIDDEN).await;
    assert_eq!(refused["code"], "instance_admin_required");
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_have_one_spelling_and_follow_their_links() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let link = json!({ "destination_url": "https://example.com/", "tags": ["Summer", "email", "SUMMER"] });
    let link = platform.create_link(&account, &link).await;
    assert_eq!(link["tags"], json!(["Summer", "email"]));
    let again = json!({ "name": "summer", "color": "#D62828" });
    let clash = body(platform.of(&account, Method::POST, "/tags").json(&again), StatusCode::CONFLICT).await;
    assert_eq!(clash["code"], "name_taken");

    let tags = platform.read(&account, "/tags").await;
    let tag = tags["data"].as_array().expect("tags").iter().find(|tag| tag["name"] == "Summer").expect("a tag").clone();
    let path = format!("/tags/{}", tag["id"].as_str().expect("an id"));
    let edit = platform.of(&account, Method::PATCH, &path).json(&json!({ "name": "Winter", "color": "#00F" }));
    assert_eq!(body(edit, StatusCode::BAD_REQUEST).await["errors"][0]["pointer"], "/color");
    let edit = platform.of(&account, Method::PATCH, &path).json(&json!({ "name": "Winter", "color": "#0000FF" }));
    assert_eq!(body(edit, StatusCode::OK).await["color"], "#0000ff");
    let link_path = format!("/links/{}", link["id"].as_str().expect("an id"));
    assert_eq!(platform.read(&account, &link_path).await["tags"], json!(["Winter", "email"]));
    assert_eq!(platform.read(&account, "/links?tag=winter").await["data"].as_array().map(Vec::len), Some(1));

    body(platform.of(&account, Method::DELETE, &path), StatusCode::NO_CONTENT).await;
    assert_eq!(platform.read(&account, &link_path).await["tags"], json!(["email"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_update_is_refused_and_a_known_version_is_not_sent_again() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let link = platform.create_link(&account, &json!({ "destination_url": "https://example.com/" })).await;
    let path = format!("/links/{}", link["id"].as_str().expect("an id"));
    let edit = |title: &str| {
        let request = platform.of(&account, Method::PATCH, &path).header("if-match", "\"1\"");
        request.json(&json!({ "title": title })).send()
    };
    let (first, second) = tokio::join!(edit("one"), edit("two"));
    let mut statuses = [first.expect("a response").status().as_u16(), second.expect("a response").status().as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
    let delete = platform.of(&account, Method::DELETE, &path).header("if-match", "\"1\"");
    assert_eq!(body(delete, StatusCode::PRECONDITION_FAILED).await["code"], "version_mismatch");

    let workspace = platform.of(&account, Method::GET, "").header("if-none-match", "\"1\"");
    let workspace = workspace.send().await.expect("a response");
    assert_eq!(
        (workspace.status(), workspace.headers()["etag"].to_str().ok()),
        (StatusCode::NOT_MODIFIED, Some("\"1\""))
    );
    let delete = platform.of(&account, Method::DELETE, &path).header("if-match", "\"2\"");
    body(delete, StatusCode::NO_CONTENT).await;
}
