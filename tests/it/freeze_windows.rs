//! What else freeze windows hold: folders, the case of a domain's slugs, and their own number.

use elido::domain::role::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::support::database::is_embedded;
use crate::support::members::member;
use crate::support::platform::{Account, Platform, body, eventually};
use crate::support::statements::execute;
use secrecy::ExposeSecret;

/// The most windows of a workspace that are not over.
const WINDOWS_MAX: usize = 100;

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

async fn make(platform: &Platform, account: &Account, path: &str, draft: &Value) -> String {
    text(&body(platform.of(account, Method::POST, path).json(draft), StatusCode::CREATED).await["id"])
}

fn to_come() -> Value {
    json!({ "reason": "Audit", "starts_at": "2999-01-01T00:00:00Z", "ends_at": "2999-01-02T00:00:00Z" })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_that_is_over_comes_back_only_where_there_is_room() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let over = json!({ "reason": "Audit", "starts_at": "1999-01-01T00:00:00Z", "ends_at": "2000-01-01T00:00:00Z" });
    let over = format!("/freeze-windows/{}", make(&platform, &owner, "/freeze-windows", &over).await);
    let mut last = String::new();
    for _ in 0..WINDOWS_MAX {
        last = make(&platform, &owner, "/freeze-windows", &to_come()).await;
    }
    let one_more = platform.of(&owner, Method::POST, "/freeze-windows").json(&to_come());
    assert_eq!(body(one_more, StatusCode::CONFLICT).await["code"], "too_many_freeze_windows");
    let back = || platform.of(&owner, Method::PATCH, &over).json(&json!({ "ends_at": "2999-01-01T00:00:00Z" }));
    assert_eq!(body(back(), StatusCode::CONFLICT).await["code"], "too_many_freeze_windows");
    let reason = platform.of(&owner, Method::PATCH, &over).json(&json!({ "reason": "Another" }));
    body(reason, StatusCode::OK).await;
    body(platform.of(&owner, Method::DELETE, &format!("/freeze-windows/{last}")), StatusCode::NO_CONTENT).await;
    body(back(), StatusCode::OK).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_goes_only_with_windows_that_are_over_and_tells_of_them() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let editor = member(&platform, &owner, "editor@example.com", Role::Editor).await;
    let folder = make(&platform, &owner, "/folders", &json!({ "name": "Spring" })).await;
    let mut window = to_come();
    window["folder_id"] = json!(folder);
    let window = make(&platform, &owner, "/freeze-windows", &window).await;
    // Editors delete folders, but do not end windows.
    let delete = || platform.of(&editor, Method::DELETE, &format!("/folders/{folder}"));
    let refused = body(delete(), StatusCode::CONFLICT).await;
    assert_eq!(refused["code"], "folder_has_freeze_window");
    assert!(text(&refused["detail"]).contains(&window), "{refused}");
    let over = json!({ "starts_at": "1999-01-01T00:00:00Z", "ends_at": "2000-01-01T00:00:00Z" });
    let over = platform.of(&owner, Method::PATCH, &format!("/freeze-windows/{window}")).json(&over);
    body(over, StatusCode::OK).await;
    body(delete(), StatusCode::NO_CONTENT).await;
    let trail = platform.read(&owner, &format!("/audit-events?target={window}")).await;
    assert_eq!(trail["data"][0]["action"], "freeze_window.deleted", "{trail}");
    let events = platform.read(&owner, "/events?limit=100").await.to_string();
    assert!(events.contains("freeze_window.deleted"), "{events}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_case_of_slugs_does_not_change_while_a_link_of_the_domain_is_frozen() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let domain = platform.read(&owner, "/domains").await["data"][0]["id"].clone();
    let domain = format!("/domains/{}", text(&domain));
    let folder = make(&platform, &owner, "/folders", &json!({ "name": "Spring" })).await;
    let other = platform.sign_in().await;
    let fold = || platform.of(&owner, Method::PATCH, &domain).json(&json!({ "case_sensitive": false }));
    let window = json!({ "reason": "Audit", "ends_at": "2999-01-01T00:00:00Z", "folder_id": folder });
    let window = format!("/freeze-windows/{}", make(&platform, &owner, "/freeze-windows", &window).await);
    let link = json!({ "destination_url": "https://example.com/", "slug": "Frozen", "folder_id": folder });
    platform.create_link(&owner, &link).await;
    let refused = body(fold(), StatusCode::CONFLICT).await;
    assert_eq!(refused["code"], "frozen");
    let name = platform.of(&owner, Method::PATCH, &domain).json(&json!({ "robots": "noindex" }));
    body(name, StatusCode::OK).await;
    body(platform.of(&owner, Method::DELETE, &window), StatusCode::NO_CONTENT).await;
    // Links of other workspaces on the default domain are frozen as well.
    let window = json!({ "reason": "Audit", "ends_at": "2999-01-01T00:00:00Z" });
    let window = format!("/freeze-windows/{}", make(&platform, &other, "/freeze-windows", &window).await);
    platform.create_link(&other, &json!({ "destination_url": "https://example.com/", "slug": "Other" })).await;
    let refused = body(fold(), StatusCode::CONFLICT).await;
    assert_eq!(refused["code"], "frozen");
    assert!(!text(&refused["detail"]).contains("Audit"), "the reason is the other workspace's: {refused}");
    assert_eq!(platform.visit("/frozen").await.status(), StatusCode::NOT_FOUND);
    body(platform.of(&other, Method::DELETE, &window), StatusCode::NO_CONTENT).await;
    body(fold(), StatusCode::OK).await;
    eventually("its case is folded", || async { platform.visit("/frozen").await.status() == StatusCode::FOUND }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_of_frozen_links_keep_their_names_and_stay_on_them() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let folder = make(&platform, &owner, "/folders", &json!({ "name": "Spring" })).await;
    let tag = async |name: &str| make(&platform, &owner, "/tags", &json!({ "name": name })).await;
    let (held, free) = (tag("held").await, tag("free").await);
    let link = |tag: &str, folder: Option<&String>| json!({ "destination_url": "https://example.com/", "tags": [tag], "folder_id": folder });
    let frozen = text(&platform.create_link(&owner, &link("held", Some(&folder))).await["id"]);
    platform.create_link(&owner, &link("held", None)).await;
    platform.create_link(&owner, &link("free", None)).await;
    let window = json!({ "reason": "Audit", "ends_at": "2999-01-01T00:00:00Z", "folder_id": folder });
    let window = format!("/freeze-windows/{}", make(&platform, &owner, "/freeze-windows", &window).await);
    let rename =
        |id: &str, to: &str| platform.of(&owner, Method::PATCH, &format!("/tags/{id}")).json(&json!({ "name": to }));
    let delete = |id: &str| platform.of(&owner, Method::DELETE, &format!("/tags/{id}"));
    for refused in [rename(&held, "other"), rename(&held, "Held"), delete(&held)] {
        let refused = body(refused, StatusCode::CONFLICT).await;
        assert_eq!(refused["code"], "frozen", "{refused}");
        assert!(text(&refused["detail"]).contains(window.trim_start_matches("/freeze-windows/")), "{refused}");
    }
    assert_eq!(platform.read(&owner, &format!("/links/{frozen}")).await["tags"], json!(["held"]));
    let color = platform.of(&owner, Method::PATCH, &format!("/tags/{held}")).json(&json!({ "color": "#d62828" }));
    body(color, StatusCode::OK).await;
    body(rename(&free, "freed"), StatusCode::OK).await;
    body(delete(&free), StatusCode::NO_CONTENT).await;
    // A window of the whole workspace holds every link that carries a tag.
    body(platform.of(&owner, Method::PATCH, &window).json(&json!({ "folder_id": null })), StatusCode::OK).await;
    let (spare, used) = (tag("spare").await, tag("used").await);
    platform.create_link(&owner, &link("used", None)).await;
    body(delete(&spare), StatusCode::NO_CONTENT).await;
    assert_eq!(body(delete(&used), StatusCode::CONFLICT).await["code"], "frozen");
    body(platform.of(&owner, Method::DELETE, &window), StatusCode::NO_CONTENT).await;
    body(rename(&held, "other"), StatusCode::OK).await;
    body(delete(&held), StatusCode::NO_CONTENT).await;
    body(delete(&used), StatusCode::NO_CONTENT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_somebody_restores_is_not_forgotten_in_that_moment() {
    // One writer at a time: there is no such moment.
    if is_embedded() {
        return;
    }
    let mut platform = Platform::start().await;
    let owner = platform.account().await;
    let mut links = Vec::new();
    for slug in ["restored", "forgotten"] {
        let link = json!({ "destination_url": "https://example.com/", "slug": slug });
        let link = text(&platform.create_link(&owner, &link).await["id"]);
        let edit = platform.of(&owner, Method::PATCH, &format!("/links/{link}")).json(&json!({ "title": "T" }));
        body(edit, StatusCode::OK).await;
        body(platform.of(&owner, Method::DELETE, &format!("/links/{link}")), StatusCode::NO_CONTENT).await;
        links.push(link);
    }
    platform.stop().await;
    execute(&platform.config, "UPDATE deleted_links SET created_at = created_at - 2678400000000").await;
    execute(&platform.config, "DELETE FROM job_schedules WHERE kind = 'forget_link_history'").await;
    let url = platform.config.database.url.expose_secret().to_owned();
    let mut restoring = PgConnection::connect(&url).await.expect("the server");
    let id = uuid::Uuid::parse_str(links[0].trim_start_matches("lnk_")).expect("an id");
    let lock = format!("SELECT 1 FROM deleted_links WHERE id = '{id}' FOR UPDATE");
    let mut held = restoring.begin().await.expect("a transaction");
    held.execute(AssertSqlSafe(lock)).await.expect("a lock");
    platform.start_again().await;
    eventually("the other one is forgotten", || async {
        platform.read(&owner, "/deleted-links").await["data"].as_array().is_some_and(|links| links.len() == 1)
    })
    .await;
    held.execute(AssertSqlSafe(format!("DELETE FROM deleted_links WHERE id = '{id}'"))).await.expect("it is out");
    held.commit().await.expect("a commit");
    let kept = format!("SELECT 1 FROM link_versions WHERE link_id = '{id}'");
    let kept = restoring.fetch_all(AssertSqlSafe(kept)).await.expect("versions");
    assert_eq!(kept.len(), 2, "its history is whole");
}
