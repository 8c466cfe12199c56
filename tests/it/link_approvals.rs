//! Links that two people change, and times in which nobody does.

use elido::domain::role::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::command_line_people::{elido, prints};
use crate::support::members::{key, member};
use crate::support::platform::{Account, Platform, body, eventually};
use crate::support::statements::execute;

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

async fn guarded(platform: &Platform, account: &Account, slug: &str) -> String {
    let link =
        json!({ "destination_url": "https://example.com/old", "slug": slug, "needs_approval": true, "tags": ["a"] });
    text(&platform.create_link(account, &link).await["id"])
}

async fn ask(platform: &Platform, account: &Account, link: &str, draft: &Value) -> Value {
    let request = platform.of(account, Method::POST, &format!("/links/{link}/change-requests")).json(draft);
    body(request, StatusCode::CREATED).await
}

async fn decide(platform: &Platform, account: &Account, request: &Value, how: &str, status: StatusCode) -> Value {
    let path = format!("/change-requests/{}/{how}", text(&request["id"]));
    body(platform.of(account, Method::POST, &path).json(&json!({})), status).await
}

async fn code(platform: &Platform, account: &Account, method: Method, path: &str, draft: &Value) -> Value {
    body(platform.of(account, method, path).json(draft), StatusCode::CONFLICT).await["code"].clone()
}

async fn leads_to(platform: &Platform, path: &str, destination: &str) -> bool {
    let response = platform.visit(path).await;
    response.headers().get("location").is_some_and(|location| location == destination)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_visitors_notice_of_a_guarded_link_changes_only_with_a_second_person() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let editor = member(&platform, &owner, "editor@example.com", Role::Editor).await;
    let viewer = member(&platform, &owner, "viewer@example.com", Role::Viewer).await;
    let link = guarded(&platform, &owner, "guarded").await;
    let path = format!("/links/{link}");
    for change in [
        json!({ "destination_url": "https://example.com/new" }),
        json!({ "slug": "other" }),
        json!({ "archived": true }),
        json!({ "needs_approval": false }),
        json!({ "title": "T", "expires_at": "2999-01-01T00:00:00Z" }),
    ] {
        assert_eq!(code(&platform, &owner, Method::PATCH, &path, &change).await, "approval_required", "{change}");
    }
    let bulk = json!({ "links": [{ "id": link, "changes": { "archived": true } }] });
    let bulk = body(platform.of(&owner, Method::PATCH, "/links/bulk").json(&bulk), StatusCode::OK).await;
    assert_eq!(bulk["results"][0]["problem"]["code"], "approval_required");
    assert_eq!(code(&platform, &owner, Method::DELETE, &path, &json!({})).await, "approval_required");
    let bulk = platform.of(&owner, Method::POST, "/links/bulk/delete").json(&json!({ "ids": [link] }));
    assert_eq!(body(bulk, StatusCode::OK).await["results"][0]["problem"]["code"], "approval_required");
    let free = json!({ "title": "T", "tags": ["b"], "comment": "C" });
    let edited = body(platform.of(&owner, Method::PATCH, &path).json(&free), StatusCode::OK).await;
    assert_eq!((&edited["title"], &edited["tags"]), (&json!("T"), &json!(["b"])));

    let draft = json!({ "changes": { "destination_url": "https://example.com/new" }, "note": "It moved" });
    let asked = ask(&platform, &editor, &link, &draft).await;
    let told = json!([{ "field": "destination_url", "before": "https://example.com/old", "after": "https://example.com/new" }]);
    assert_eq!((&asked["changes"], &asked["state"], &asked["deletes"]), (&told, &json!("pending"), &json!(false)));
    assert!(leads_to(&platform, "/guarded", "https://example.com/old").await);
    let own = decide(&platform, &editor, &asked, "approve", StatusCode::FORBIDDEN).await;
    assert_eq!(own["code"], "own_request");
    decide(&platform, &viewer, &asked, "approve", StatusCode::FORBIDDEN).await;
    let approved = decide(&platform, &owner, &asked, "approve", StatusCode::OK).await;
    assert_eq!(approved["state"], "approved");
    eventually("it is made", || leads_to(&platform, "/guarded", "https://example.com/new")).await;
    let again = decide(&platform, &owner, &asked, "approve", StatusCode::CONFLICT).await;
    assert_eq!(again["code"], "already_decided");
    // What was approved is not undone by one alone.
    let undone = body(platform.of(&owner, Method::POST, "/links/undo").json(&json!({})), StatusCode::OK).await;
    assert_eq!(undone["results"][0]["problem"]["code"], "approval_required");
    let revert = code(&platform, &owner, Method::POST, &format!("{path}/revert"), &json!({ "version": 1 })).await;
    assert_eq!(revert, "approval_required");
    let actions = platform.read(&owner, "/audit-events").await.to_string();
    assert!(actions.contains("link_change.requested") && actions.contains("link_change.approved"), "{actions}");

    let asked = ask(&platform, &editor, &link, &json!({ "delete": true })).await;
    decide(&platform, &owner, &asked, "approve", StatusCode::OK).await;
    eventually("it is deleted", || async { platform.visit("/guarded").await.status() == StatusCode::GONE }).await;
    let list = platform.read(&owner, "/change-requests?state=approved").await;
    assert_eq!(list["data"].as_array().map(Vec::len), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_is_refused_taken_back_too_late_or_outdated_is_not_made() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let editor = member(&platform, &owner, "editor@example.com", Role::Editor).await;
    let link = guarded(&platform, &owner, "kept").await;
    let draft = json!({ "changes": { "destination_url": "https://example.com/new", "password": "open sesame" } });
    let requests = format!("/links/{link}/change-requests");

    let asked = ask(&platform, &editor, &link, &draft).await;
    assert!(!asked.to_string().contains("argon2") && !asked.to_string().contains("sesame"), "{asked}");
    let path = format!("/change-requests/{}", text(&asked["id"]));
    let refusal = platform.of(&owner, Method::POST, &format!("{path}/refuse")).json(&json!({ "reason": "No" }));
    assert_eq!(body(refusal, StatusCode::OK).await["reason"], "No");
    assert_eq!(platform.read(&editor, &path).await["state"], "refused");

    let asked = ask(&platform, &editor, &link, &draft).await;
    let path = format!("/change-requests/{}", text(&asked["id"]));
    body(platform.of(&owner, Method::DELETE, &path), StatusCode::FORBIDDEN).await;
    body(platform.of(&editor, Method::DELETE, &path), StatusCode::NO_CONTENT).await;
    assert_eq!(decide(&platform, &owner, &asked, "approve", StatusCode::CONFLICT).await["code"], "already_decided");

    let outdated = ask(&platform, &editor, &link, &draft).await;
    body(platform.of(&owner, Method::PATCH, &format!("/links/{link}")).json(&json!({ "title": "T" })), StatusCode::OK)
        .await;
    assert_eq!(decide(&platform, &owner, &outdated, "approve", StatusCode::CONFLICT).await["code"], "link_changed");

    execute(&platform.config, "UPDATE link_change_requests SET expires_at = created_at").await;
    assert_eq!(decide(&platform, &owner, &outdated, "approve", StatusCode::CONFLICT).await["code"], "request_expired");
    let expired = platform.read(&owner, &format!("/change-requests?state=expired&link_id={link}")).await;
    assert_eq!(expired["data"][0]["state"], "expired");
    assert_eq!(platform.read(&owner, "/change-requests?state=pending").await["data"], json!([]));
    assert!(leads_to(&platform, "/kept", "https://example.com/old").await);

    // The same person is not two by an API key.
    let (program, _) = key(&platform, &owner, &json!({ "name": "Key", "scopes": ["links:write"] })).await;
    let by_key = ask(&platform, &program, &link, &draft).await;
    assert_eq!(decide(&platform, &owner, &by_key, "approve", StatusCode::FORBIDDEN).await["code"], "own_request");
    decide(&platform, &program, &by_key, "approve", StatusCode::FORBIDDEN).await;
    decide(&platform, &editor, &by_key, "approve", StatusCode::OK).await;
    let visit = || {
        platform.client.post(platform.edge("/kept")).header("host", "localhost").form(&[("password", "open sesame")])
    };
    eventually("the edge knows of the password", || async {
        visit().send().await.expect("a response").status().is_redirection()
    })
    .await;

    for wrong in [json!({}), json!({ "delete": true, "changes": {} }), json!({ "changes": { "title": "T" } })] {
        let refused = body(platform.of(&editor, Method::POST, &requests).json(&wrong), StatusCode::BAD_REQUEST).await;
        assert_eq!(refused["errors"][0]["pointer"], "/changes", "{refused}");
    }
    let wrong = json!({ "changes": { "destination_url": "javascript:alert(1)" } });
    let refused = body(platform.of(&editor, Method::POST, &requests).json(&wrong), StatusCode::BAD_REQUEST).await;
    assert_eq!(refused["errors"][0]["pointer"], "/changes/destination_url");
    let open = text(&platform.create_link(&owner, &json!({ "destination_url": "https://example.com/" })).await["id"]);
    let path = format!("/links/{open}/change-requests");
    assert_eq!(code(&platform, &owner, Method::POST, &path, &json!({ "delete": true })).await, "needs_no_approval");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_of_links_in_closed_folders_exist_for_nobody_else() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let editor = member(&platform, &owner, "editor@example.com", Role::Editor).await;
    let folder = platform.of(&owner, Method::POST, "/folders").json(&json!({ "name": "Closed" }));
    let folder = text(&body(folder, StatusCode::CREATED).await["id"]);
    let access = platform.of(&owner, Method::PATCH, &format!("/folders/{folder}/access"));
    body(access.json(&json!({ "access": "none" })), StatusCode::OK).await;
    let link = json!({ "destination_url": "https://example.com/", "folder_id": folder, "needs_approval": true });
    let link = text(&platform.create_link(&owner, &link).await["id"]);
    let asked = ask(&platform, &owner, &link, &json!({ "delete": true })).await;
    let window = json!({ "reason": "Closed", "ends_at": "2999-01-01T00:00:00Z", "folder_id": folder });
    let window = platform.of(&owner, Method::POST, "/freeze-windows").json(&window);
    let window = body(window, StatusCode::CREATED).await;
    for path in ["/change-requests", "/freeze-windows"] {
        assert_eq!(platform.read(&editor, path).await["data"], json!([]));
        assert_eq!(platform.read(&owner, path).await["data"].as_array().map(Vec::len), Some(1));
    }
    for path in [format!("/change-requests/{}", text(&asked["id"])), format!("/freeze-windows/{}", text(&window["id"]))]
    {
        body(platform.of(&editor, Method::GET, &path), StatusCode::NOT_FOUND).await;
    }
    decide(&platform, &editor, &asked, "refuse", StatusCode::NOT_FOUND).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_changes_links_while_a_window_is_open() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let editor = member(&platform, &owner, "editor@example.com", Role::Editor).await;
    let folder = platform.of(&owner, Method::POST, "/folders").json(&json!({ "name": "Spring" }));
    let folder = text(&body(folder, StatusCode::CREATED).await["id"]);
    let inside = json!({ "destination_url": "https://example.com/", "slug": "inside", "folder_id": folder });
    let inside = format!("/links/{}", text(&platform.create_link(&owner, &inside).await["id"]));
    let outside = json!({ "destination_url": "https://example.com/", "slug": "outside" });
    let outside = format!("/links/{}", text(&platform.create_link(&owner, &outside).await["id"]));
    let gone = text(&platform.create_link(&owner, &json!({ "destination_url": "https://example.com/" })).await["id"]);
    body(platform.of(&owner, Method::DELETE, &format!("/links/{gone}")), StatusCode::NO_CONTENT).await;
    let edit = json!({ "title": "T" });

    let window = json!({ "reason": "Audit", "ends_at": "2999-01-01T00:00:00Z", "folder_id": folder });
    body(platform.of(&editor, Method::POST, "/freeze-windows").json(&window), StatusCode::FORBIDDEN).await;
    let made = platform.of(&owner, Method::POST, "/freeze-windows").json(&window);
    let window = body(made, StatusCode::CREATED).await;
    let path = format!("/freeze-windows/{}", text(&window["id"]));
    let refused = body(platform.of(&editor, Method::PATCH, &inside).json(&edit), StatusCode::CONFLICT).await;
    assert_eq!(refused["code"], "frozen");
    let detail = text(&refused["detail"]);
    assert!(detail.contains("Audit") && detail.contains(&text(&window["id"])) && detail.contains("2999"), "{detail}");
    assert_eq!(code(&platform, &owner, Method::DELETE, &inside, &json!({})).await, "frozen");
    let into = json!({ "folder_id": folder });
    assert_eq!(code(&platform, &editor, Method::PATCH, &outside, &into).await, "frozen");
    body(platform.of(&editor, Method::PATCH, &outside).json(&edit), StatusCode::OK).await;
    let new = json!({ "destination_url": "https://example.com/", "folder_id": folder });
    platform.create_link(&editor, &new).await;

    let all = platform.of(&owner, Method::PATCH, &path).json(&json!({ "folder_id": null, "reason": "Sale" }));
    body(all, StatusCode::OK).await;
    assert_eq!(code(&platform, &owner, Method::PATCH, &outside, &json!({ "title": "U" })).await, "frozen");
    let restore = format!("/deleted-links/{gone}/restore");
    assert_eq!(code(&platform, &owner, Method::POST, &restore, &json!({})).await, "frozen");
    assert_eq!(code(&platform, &owner, Method::DELETE, &format!("/deleted-links/{gone}"), &json!({})).await, "frozen");
    let bulk = platform.of(&owner, Method::POST, "/links/bulk/delete");
    let ids = json!({ "ids": [inside.trim_start_matches("/links/")] });
    assert_eq!(body(bulk.json(&ids), StatusCode::OK).await["results"][0]["problem"]["code"], "frozen");
    let over = platform.of(&owner, Method::PATCH, &path).json(&json!({ "ends_at": "2000-01-01T00:00:00Z" }));
    assert_eq!(body(over, StatusCode::BAD_REQUEST).await["errors"][0]["pointer"], "/ends_at");
    let over = json!({ "starts_at": "1999-01-01T00:00:00Z", "ends_at": "2000-01-01T00:00:00Z" });
    body(platform.of(&owner, Method::PATCH, &path).json(&over), StatusCode::OK).await;
    body(platform.of(&editor, Method::PATCH, &outside).json(&json!({ "title": "U" })), StatusCode::OK).await;
    body(platform.of(&owner, Method::DELETE, &path), StatusCode::NO_CONTENT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_asked_for_and_links_frozen_on_the_command_line() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let editor = member(&platform, &owner, "editor@example.com", Role::Editor).await;
    let link = guarded(&platform, &owner, "asked").await;
    let url = ["--destination-url", "https://example.com/new"];
    let asked = prints(&platform, Some(&editor), &["link", "update", &link, url[0], url[1], "--ask", "It moved"]).await;
    let request = asked.trim().strip_prefix("asked for ").expect("an id").to_owned();
    assert!(prints(&platform, Some(&owner), &["link", "requests"]).await.contains(&request));
    assert!(prints(&platform, Some(&owner), &["link", "approve", &request]).await.contains("is made"));
    eventually("it is made", || leads_to(&platform, "/asked", "https://example.com/new")).await;
    for (how, by) in [("refuse", &owner), ("withdraw", &editor)] {
        let asked = prints(&platform, Some(&editor), &["link", "delete", &link, "--ask", "It is over"]).await;
        let request = asked.trim().strip_prefix("asked for ").expect("an id").to_owned();
        assert!(prints(&platform, Some(by), &["link", how, &request]).await.contains(&request));
    }
    assert!(prints(&platform, Some(&owner), &["link", "requests", "--state", "all"]).await.contains("withdrawn"));

    let freeze = ["freeze", "create", "Audit", "--ends-at", "2999-01-01T00:00:00Z", "--json"];
    let window: Value = serde_json::from_str(&prints(&platform, Some(&owner), &freeze).await).expect("JSON");
    let refused = elido(&platform, Some(&owner), &["link", "update", &link, "--title", "T"]).await;
    assert!(String::from_utf8_lossy(&refused.stderr).contains("Audit"));
    assert!(prints(&platform, Some(&owner), &["freeze", "list"]).await.contains("Audit"));
    prints(&platform, Some(&owner), &["freeze", "delete", window["id"].as_str().expect("an id")]).await;
    prints(&platform, Some(&owner), &["link", "update", &link, "--title", "T"]).await;
}
