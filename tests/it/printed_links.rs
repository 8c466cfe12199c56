//! Links whose QR code may be in print: nothing that a scan notices changes unless whoever changes it knows that.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::domains::{active, path, start};
use crate::support::platform::{Account, Platform, body};

async fn printed(platform: &Platform, account: &Account, link: Value) -> String {
    let link = platform.create_link(account, &link).await;
    let path = format!("/links/{}", link["id"].as_str().expect("an id"));
    let code = platform.of(account, Method::GET, &format!("{path}/qr")).send().await.expect("a response");
    assert_eq!(code.status(), StatusCode::OK);
    path
}

fn rule() -> Value {
    json!([{
        "name": "Kyiv",
        "conditions": [{ "type": "countries", "any_of": ["UA"] }],
        "outcome": { "type": "destination", "destination_url": "https://example.com/ua" },
    }])
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_changes_where_a_scan_leads_or_whether_it_does_needs_to_be_confirmed() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let path =
        printed(&platform, &account, json!({ "destination_url": "https://example.com/", "slug": "poster" })).await;
    let change = |change: &Value| platform.of(&account, Method::PATCH, &path).json(change);
    let noticed = [
        json!({ "ios_url": "https://example.com/ios" }),
        json!({ "android_url": "https://example.com/android" }),
        json!({ "rules": rule() }),
        json!({ "utm": { "source": "print" } }),
        json!({ "expires_at": "2020-01-01T00:00:00Z", "expired_url": "https://example.com/over" }),
        json!({ "starts_at": "2999-01-01T00:00:00Z" }),
        json!({ "max_clicks": 1 }),
        json!({ "click_budget": { "clicks": 1, "period": "day", "time_zone": "UTC" } }),
        json!({ "password": "secret" }),
        json!({ "forward_query": "visitor_wins" }),
        json!({ "forward_path": true }),
        json!({ "redirect_status": 301 }),
        json!({ "expired_text": "It is over" }),
        json!({ "archived": true }),
    ];
    for noticed in noticed {
        let response = change(&noticed).send().await.expect("a response");
        let (status, refused) = (response.status(), response.json::<Value>().await.expect("a body"));
        assert_eq!((status, &refused["code"]), (StatusCode::CONFLICT, &json!("printed")), "{noticed} {refused}");
        let edits = json!({ "links": [{ "id": path.trim_start_matches("/links/"), "changes": noticed }] });
        let results = body(platform.of(&account, Method::PATCH, "/links/bulk").json(&edits), StatusCode::OK).await;
        assert_eq!(results["results"][0]["problem"]["code"], "printed", "{noticed}");
    }
    let free =
        json!({ "title": "T", "tags": ["print"], "comment": "On the wall", "external_id": "p-1", "robots": "noindex" });
    body(change(&free), StatusCode::OK).await;
    body(change(&json!({ "archived": true, "confirm_printed": true })), StatusCode::OK).await;
    // To undo that is a change of where scans lead as well.
    let undo = |confirmed: bool| {
        platform.of(&account, Method::POST, "/links/undo").json(&json!({ "confirm_printed": confirmed }))
    };
    let refused = body(undo(false), StatusCode::OK).await;
    assert_eq!(refused["results"][0]["problem"]["code"], "printed", "{refused}");
    let undone = body(undo(true), StatusCode::OK).await;
    assert_eq!(undone["results"][0]["link"]["archived"], false, "{undone}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_printed_link_is_deleted_only_by_whoever_knows_that_it_is_printed() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let link = |slug: &str| json!({ "destination_url": "https://example.com/", "slug": slug, "tags": ["print"] });
    let path = printed(&platform, &account, link("poster")).await;
    let id = path.trim_start_matches("/links/");
    let delete = |query: &str| platform.of(&account, Method::DELETE, &format!("{path}{query}"));
    for query in ["", "?confirm_printed=false"] {
        assert_eq!(body(delete(query), StatusCode::CONFLICT).await["code"], "printed");
    }
    let many = |confirmed: bool| {
        let draft = json!({ "ids": [id], "confirm_printed": confirmed });
        platform.of(&account, Method::POST, "/links/bulk/delete").json(&draft)
    };
    let refused = body(many(false), StatusCode::OK).await;
    assert_eq!(refused["results"][0]["problem"]["code"], "printed", "{refused}");
    let edit = async |confirmed: bool, changes: Value| {
        let mut draft = json!({ "filter": { "tag": "print" }, "changes": changes, "dry_run": true });
        draft["changes"]["confirm_printed"] = json!(confirmed);
        let preview = body(platform.of(&account, Method::POST, "/links/bulk-edit").json(&draft), StatusCode::OK).await;
        draft["dry_run"] = json!(false);
        draft["token"] = preview["token"].clone();
        body(platform.of(&account, Method::POST, "/links/bulk-edit").json(&draft), StatusCode::OK).await
    };
    for changes in [json!({ "deleted": true }), json!({ "archived": true })] {
        let edited = edit(false, changes).await;
        assert_eq!((&edited["changed"], &edited["failures"][0]["code"]), (&json!(0), &json!("printed")), "{edited}");
    }
    assert_eq!(edit(true, json!({ "deleted": true })).await["changed"], 1);
    let restore = || platform.of(&account, Method::POST, &format!("/deleted-links/{id}/restore")).json(&json!({}));
    assert!(body(restore(), StatusCode::OK).await["printed_at"].is_string());
    assert_eq!(body(many(true), StatusCode::OK).await["results"][0]["status"], "deleted");
    body(restore(), StatusCode::OK).await;
    body(delete("?confirm_printed=true"), StatusCode::NO_CONTENT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_takes_printed_links_with_it_only_where_that_is_known() {
    let (platform, dns, account) = start().await;
    let domain = active(&platform, &dns, &account, "go.example.com").await;
    let link = json!({ "destination_url": "https://example.com/", "domain": "go.example.com" });
    let link = printed(&platform, &account, link).await;
    let delete = |query: &str| platform.of(&account, Method::DELETE, &format!("{}{query}", path(&domain)));
    let refused = body(delete("?delete_links=true"), StatusCode::CONFLICT).await;
    assert_eq!(refused["code"], "printed", "{refused}");
    platform.read(&account, &link).await;
    body(delete("?delete_links=true&confirm_printed=true"), StatusCode::NO_CONTENT).await;
    body(platform.of(&account, Method::GET, &link), StatusCode::NOT_FOUND).await;
}
