//! Links that two people deleted, and what becomes of requests when folders and tags go away before they are approved.

use elido::domain::role::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::command_line_people::prints;
use crate::support::members::member;
use crate::support::platform::{Account, Platform, body, eventually};

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

async fn make(platform: &Platform, account: &Account, path: &str, draft: &Value) -> String {
    let request = platform.of(account, Method::POST, path).json(draft);
    text(&body(request, StatusCode::CREATED).await["id"])
}

async fn ask(platform: &Platform, account: &Account, link: &str, draft: &Value) -> String {
    make(platform, account, &format!("/links/{link}/change-requests"), draft).await
}

async fn approve(platform: &Platform, account: &Account, request: &str, status: StatusCode) -> Value {
    let path = format!("/change-requests/{request}/approve");
    body(platform.of(account, Method::POST, &path).json(&json!({})), status).await
}

async fn refused(platform: &Platform, account: &Account, method: Method, path: &str) -> Value {
    body(platform.of(account, method, path).json(&json!({})), StatusCode::CONFLICT).await["code"].clone()
}

async fn status(platform: &Platform, path: &str, status: StatusCode) {
    eventually(&format!("{path} answers {status}"), || async { platform.visit(path).await.status() == status }).await;
}

/// A link that needs approval and that the owner deleted with an editor.
async fn deleted_by_two(platform: &Platform, owner: &Account, editor: &Account, slug: &str) -> String {
    let link = json!({ "destination_url": "https://example.com/", "slug": slug, "needs_approval": true });
    let link = text(&platform.create_link(owner, &link).await["id"]);
    let asked = ask(platform, editor, &link, &json!({ "delete": true })).await;
    approve(platform, owner, &asked, StatusCode::OK).await;
    status(platform, &format!("/{slug}"), StatusCode::GONE).await;
    link
}

#[tokio::test(flavor = "multi_thread")]
async fn what_two_people_deleted_comes_back_or_is_forgotten_by_two() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let editor = member(&platform, &owner, "editor@example.com", Role::Editor).await;
    let link = deleted_by_two(&platform, &owner, &editor, "guarded").await;
    let bin = format!("/deleted-links/{link}");
    for account in [&owner, &editor] {
        let restore = refused(&platform, account, Method::POST, &format!("{bin}/restore")).await;
        assert_eq!(restore, "approval_required");
        assert_eq!(refused(&platform, account, Method::DELETE, &bin).await, "approval_required");
    }
    let undone = body(platform.of(&owner, Method::POST, "/links/undo").json(&json!({})), StatusCode::OK).await;
    assert_eq!(undone["results"][0]["problem"]["code"], "approval_required");

    let wrong = json!({ "restore": true, "purge": true });
    let wrong = platform.of(&editor, Method::POST, &format!("/links/{link}/change-requests")).json(&wrong);
    assert_eq!(body(wrong, StatusCode::BAD_REQUEST).await["errors"][0]["pointer"], "/changes");
    let asked = ask(&platform, &editor, &link, &json!({ "restore": true, "note": "It goes on" })).await;
    let told = platform.read(&owner, &format!("/change-requests/{asked}")).await;
    assert_eq!((&told["action"], &told["deletes"], &told["link_id"]), (&json!("restore"), &json!(false), &json!(link)));
    assert_eq!(approve(&platform, &editor, &asked, StatusCode::FORBIDDEN).await["code"], "own_request");
    approve(&platform, &owner, &asked, StatusCode::OK).await;
    status(&platform, "/guarded", StatusCode::FOUND).await;
    assert_eq!(platform.read(&owner, &format!("/links/{link}")).await["needs_approval"], true);

    let asked = ask(&platform, &editor, &link, &json!({ "delete": true })).await;
    approve(&platform, &owner, &asked, StatusCode::OK).await;
    let asked = prints(&platform, Some(&owner), &["link", "purge", &link, "--ask", "Nobody needs it"]).await;
    let asked = asked.trim().strip_prefix("asked for ").expect("an id").to_owned();
    assert_eq!(approve(&platform, &owner, &asked, StatusCode::FORBIDDEN).await["code"], "own_request");
    let approved = prints(&platform, Some(&editor), &["link", "approve", &asked]).await;
    assert!(approved.contains("is made"), "{approved}");
    status(&platform, "/guarded", StatusCode::NOT_FOUND).await;
    let trail = platform.read(&owner, &format!("/audit-events?target={link}")).await.to_string();
    assert!(trail.contains("link.restored") && trail.contains("link.purged"), "{trail}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_for_of_a_deleted_link_is_made_of_it_as_it_was_then() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let editor = member(&platform, &owner, "editor@example.com", Role::Editor).await;
    let link = deleted_by_two(&platform, &owner, &editor, "guarded").await;
    let purge = ask(&platform, &editor, &link, &json!({ "purge": true })).await;
    let asked = ask(&platform, &editor, &link, &json!({ "restore": true })).await;
    approve(&platform, &owner, &asked, StatusCode::OK).await;
    approve(&platform, &owner, &purge, StatusCode::NOT_FOUND).await;
    let asked = ask(&platform, &editor, &link, &json!({ "delete": true })).await;
    approve(&platform, &owner, &asked, StatusCode::OK).await;
    // It came back and was deleted once more since somebody asked for this.
    assert_eq!(approve(&platform, &owner, &purge, StatusCode::CONFLICT).await["code"], "link_changed");
    let open = text(&platform.create_link(&owner, &json!({ "destination_url": "https://example.com/" })).await["id"]);
    body(platform.of(&owner, Method::DELETE, &format!("/links/{open}")), StatusCode::NO_CONTENT).await;
    let path = format!("/links/{open}/change-requests");
    let needless = platform.of(&editor, Method::POST, &path).json(&json!({ "restore": true }));
    assert_eq!(body(needless, StatusCode::CONFLICT).await["code"], "needs_no_approval");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approved_change_is_made_whole_or_not_and_brings_no_deleted_tag_back() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let editor = member(&platform, &owner, "editor@example.com", Role::Editor).await;
    let link = json!({
        "destination_url": "https://example.com/old", "slug": "kept", "needs_approval": true, "tags": ["old", "mine"],
    });
    let link = text(&platform.create_link(&owner, &link).await["id"]);
    let folder = make(&platform, &owner, "/folders", &json!({ "name": "Spring" })).await;
    let moved = json!({ "changes": { "destination_url": "https://example.com/new", "folder_id": folder } });
    let moved = ask(&platform, &editor, &link, &moved).await;
    let edit = json!({ "changes": { "destination_url": "https://example.com/new" } });
    let edit = ask(&platform, &editor, &link, &edit).await;
    body(platform.of(&owner, Method::DELETE, &format!("/folders/{folder}")), StatusCode::NO_CONTENT).await;
    let tags = platform.read(&owner, "/tags").await;
    let old = tags["data"].as_array().expect("tags").iter().find(|tag| tag["name"] == "old").expect("the tag").clone();
    body(platform.of(&owner, Method::DELETE, &format!("/tags/{}", text(&old["id"]))), StatusCode::NO_CONTENT).await;

    assert_eq!(approve(&platform, &owner, &moved, StatusCode::CONFLICT).await["code"], "folder_gone");
    assert_eq!(platform.read(&owner, &format!("/links/{link}")).await["destination_url"], "https://example.com/old");
    approve(&platform, &owner, &edit, StatusCode::OK).await;
    let now = platform.read(&owner, &format!("/links/{link}")).await;
    assert_eq!((&now["destination_url"], &now["tags"]), (&json!("https://example.com/new"), &json!(["mine"])));
    assert_eq!(platform.read(&owner, "/tags").await["data"].as_array().map(Vec::len), Some(1));

    let retagged = json!({ "changes": { "title": "T", "archived": true, "tags": ["mine", "more"] } });
    let retagged = ask(&platform, &editor, &link, &retagged).await;
    let mine = text(&platform.read(&owner, "/tags").await["data"][0]["id"]);
    body(platform.of(&owner, Method::DELETE, &format!("/tags/{mine}")), StatusCode::NO_CONTENT).await;
    approve(&platform, &owner, &retagged, StatusCode::OK).await;
    assert_eq!(platform.read(&owner, &format!("/links/{link}")).await["tags"], json!(["more"]));
}
