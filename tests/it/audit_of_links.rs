//! How operations on links, and on what stands around them, are done, so that their audit rows are looked for.

use elido::domain::role::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::members::member;
use crate::support::platform::{Account, Platform, body};

async fn make(platform: &Platform, account: &Account, path: &str, form: &Value) -> String {
    let made = body(platform.of(account, Method::POST, path).json(form), StatusCode::CREATED).await;
    made["id"].as_str().expect("an id").to_owned()
}

async fn link(platform: &Platform, account: &Account) -> String {
    make(platform, account, "/links", &json!({ "destination_url": "https://example.com/" })).await
}

/// A link in its second version.
async fn edited_link(platform: &Platform, account: &Account) -> String {
    let id = link(platform, account).await;
    let edit = platform.of(account, Method::PATCH, &format!("/links/{id}")).json(&json!({ "title": "T" }));
    body(edit, StatusCode::OK).await;
    id
}

async fn deleted_link(platform: &Platform, account: &Account) -> String {
    let id = link(platform, account).await;
    body(platform.of(account, Method::DELETE, &format!("/links/{id}")), StatusCode::NO_CONTENT).await;
    id
}

fn fresh() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

async fn folder(platform: &Platform, account: &Account) -> String {
    make(platform, account, "/folders", &json!({ "name": fresh() })).await
}

async fn template(platform: &Platform, account: &Account) -> String {
    make(platform, account, "/utm-templates", &json!({ "name": fresh(), "utm": {} })).await
}

async fn comment(platform: &Platform, account: &Account) -> String {
    let path = format!("/links/{}/comments", link(platform, account).await);
    let id = make(platform, account, &path, &json!({ "text": "T" })).await;
    format!("{path}/{id}")
}

async fn guarded_link(platform: &Platform, account: &Account) -> String {
    make(platform, account, "/links", &json!({ "destination_url": "https://example.com/", "needs_approval": true }))
        .await
}

/// A deletion that somebody else asks for.
async fn asked_by_another(platform: &Platform, account: &Account) -> String {
    let path = format!("/links/{}/change-requests", guarded_link(platform, account).await);
    let other = member(platform, account, &format!("{}@example.com", fresh()), Role::Editor).await;
    make(platform, &other, &path, &json!({ "delete": true })).await
}

fn window() -> Value {
    json!({ "reason": "Test", "starts_at": "2999-01-01T00:00:00Z", "ends_at": "2999-01-02T00:00:00Z" })
}

/// An edit of one link, ready to be made.
async fn bulk_edit(platform: &Platform, account: &Account) -> Value {
    let tag = fresh();
    let link = json!({ "destination_url": "https://example.com/", "tags": [tag] });
    make(platform, account, "/links", &link).await;
    let mut draft = json!({ "filter": { "tag": tag }, "changes": { "archived": true }, "dry_run": true });
    let preview = body(platform.of(account, Method::POST, "/links/bulk-edit").json(&draft), StatusCode::OK).await;
    draft["token"] = preview["token"].clone();
    draft["dry_run"] = json!(false);
    draft
}

/// The method, the path below the workspace and the body that do an operation.
pub async fn request(platform: &Platform, account: &Account, operation: &str) -> Option<(Method, String, Value)> {
    Some(match operation {
        "create_folder" => (Method::POST, "/folders".to_owned(), json!({ "name": fresh() })),
        "update_folder" => {
            (Method::PATCH, format!("/folders/{}", folder(platform, account).await), json!({ "name": fresh() }))
        }
        "update_folder_access" => {
            let path = format!("/folders/{}/access", folder(platform, account).await);
            (Method::PATCH, path, json!({ "access": "none" }))
        }
        "delete_folder" => (Method::DELETE, format!("/folders/{}", folder(platform, account).await), Value::Null),
        "create_utm_template" => {
            (Method::POST, "/utm-templates".to_owned(), json!({ "name": fresh(), "utm": { "source": "s" } }))
        }
        "update_utm_template" => {
            let path = format!("/utm-templates/{}", template(platform, account).await);
            (Method::PATCH, path, json!({ "name": fresh() }))
        }
        "delete_utm_template" => {
            (Method::DELETE, format!("/utm-templates/{}", template(platform, account).await), Value::Null)
        }
        "create_link_comment" => {
            let path = format!("/links/{}/comments", link(platform, account).await);
            (Method::POST, path, json!({ "text": "T" }))
        }
        "update_link_comment" => (Method::PATCH, comment(platform, account).await, json!({ "text": "U" })),
        "delete_link_comment" => (Method::DELETE, comment(platform, account).await, Value::Null),
        "put_link_by_external_id" => {
            let path = format!("/links-by-external-id/{}", fresh());
            (Method::PUT, path, json!({ "destination_url": "https://example.com/" }))
        }
        "bulk_edit_links" => (Method::POST, "/links/bulk-edit".to_owned(), bulk_edit(platform, account).await),
        "download_link_qr_code" => (Method::GET, format!("/links/{}/qr", link(platform, account).await), Value::Null),
        "draw_link_qr_code" => (Method::POST, format!("/links/{}/qr", link(platform, account).await), json!({})),
        "mark_link_printed" => (Method::PUT, format!("/links/{}/printed", link(platform, account).await), Value::Null),
        "unmark_link_printed" => {
            let path = format!("/links/{}/printed", link(platform, account).await);
            body(platform.of(account, Method::PUT, &path), StatusCode::OK).await;
            (Method::DELETE, path, Value::Null)
        }
        "revert_link" => {
            let path = format!("/links/{}/revert", edited_link(platform, account).await);
            (Method::POST, path, json!({ "version": 1 }))
        }
        "undo_link_change" => {
            edited_link(platform, account).await;
            (Method::POST, "/links/undo".to_owned(), json!({}))
        }
        "move_link" => {
            let there = platform.sign_in().await.workspace;
            let path = format!("/links/{}/move", link(platform, account).await);
            (Method::POST, path, json!({ "workspace_id": there }))
        }
        "restore_link" => {
            let path = format!("/deleted-links/{}/restore", deleted_link(platform, account).await);
            (Method::POST, path, json!({}))
        }
        "purge_link" => {
            (Method::DELETE, format!("/deleted-links/{}", deleted_link(platform, account).await), Value::Null)
        }
        "create_freeze_window" => (Method::POST, "/freeze-windows".to_owned(), window()),
        "update_freeze_window" => {
            let path = format!("/freeze-windows/{}", make(platform, account, "/freeze-windows", &window()).await);
            (Method::PATCH, path, json!({ "reason": "Later" }))
        }
        "delete_freeze_window" => {
            let id = make(platform, account, "/freeze-windows", &window()).await;
            (Method::DELETE, format!("/freeze-windows/{id}"), Value::Null)
        }
        "request_link_change" => {
            let path = format!("/links/{}/change-requests", guarded_link(platform, account).await);
            (Method::POST, path, json!({ "delete": true }))
        }
        "withdraw_link_change" => {
            let path = format!("/links/{}/change-requests", guarded_link(platform, account).await);
            let id = make(platform, account, &path, &json!({ "delete": true })).await;
            (Method::DELETE, format!("/change-requests/{id}"), Value::Null)
        }
        "approve_link_change" => {
            (Method::POST, format!("/change-requests/{}/approve", asked_by_another(platform, account).await), json!({}))
        }
        "refuse_link_change" => {
            (Method::POST, format!("/change-requests/{}/refuse", asked_by_another(platform, account).await), json!({}))
        }
        _ => return None,
    })
}
