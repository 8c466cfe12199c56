//! One edit of all links that a filter finds: shown, made as shown, reported, undone.

use elido::domain::role::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::members::member;
use crate::support::platform::{Account, Platform, body, eventually};

/// More than one batch has.
const MANY: usize = 2_100;

async fn make(platform: &Platform, account: &Account, link: Value) -> String {
    platform.create_link(account, &link).await["id"].as_str().expect("an id").to_owned()
}

async fn send(platform: &Platform, account: &Account, draft: &Value, status: StatusCode) -> Value {
    body(platform.of(account, Method::POST, "/links/bulk-edit").json(draft), status).await
}

/// The draft as a dry run, and then for good.
async fn shown(platform: &Platform, account: &Account, filter: Value, changes: Value) -> (Value, Value) {
    let mut draft = json!({ "filter": filter, "changes": changes, "dry_run": true });
    let preview = send(platform, account, &draft, StatusCode::OK).await;
    draft["dry_run"] = json!(false);
    draft["token"] = preview["token"].clone();
    (preview, draft)
}

/// Two thousand links in three requests.
async fn many(platform: &Platform, account: &Account) {
    let link = |number: usize| json!({ "destination_url": format!("https://old.example.com/{number}"), "slug": format!("m{number}") });
    for start in (0..MANY).step_by(700) {
        let links: Vec<Value> = (start..MANY.min(start + 700)).map(link).collect();
        body(platform.of(account, Method::POST, "/links/bulk").json(&json!({ "links": links })), StatusCode::OK).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_dry_run_shows_is_what_is_done() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let folder =
        body(platform.of(&account, Method::POST, "/folders").json(&json!({ "name": "Spring" })), StatusCode::CREATED)
            .await;
    let old = json!({ "destination_url": "http://old.example.com/old?x=old", "slug": "one", "tags": ["a", "b"], "utm": { "source": "mail" } });
    let one = make(&platform, &account, old).await;
    let elsewhere =
        make(&platform, &account, json!({ "destination_url": "https://example.com/", "slug": "two", "tags": ["a"] }))
            .await;
    make(&platform, &account, json!({ "destination_url": "https://old.example.com/", "slug": "three" })).await;
    let changes = json!({
        "replace_in_destination": { "find": "http://old.example.com/", "replace_with": "https://new.example.com/" },
        "add_tags": ["C", "A"], "remove_tags": ["B"], "folder_id": folder["id"], "redirect_status": 301, "archived": true,
        "utm": { "campaign": "spring" }, "expires_at": "2030-01-01T00:00:00Z",
    });
    let (preview, draft) = shown(&platform, &account, json!({ "tag": "A" }), changes).await;
    assert_eq!((&preview["id"], &preview["links"]), (&Value::Null, &json!(2)));
    let sample = preview["sample"].as_array().expect("a sample").iter().find(|item| item["link_id"] == json!(one));
    let told: Vec<&str> = sample.expect("the link")["changes"]
        .as_array()
        .expect("changes")
        .iter()
        .map(|change| change["field"].as_str().expect("a field"))
        .collect();
    assert_eq!(told, ["archived", "destination_url", "expires_at", "folder_id", "redirect_status", "tags", "utm"]);
    assert_eq!(platform.read(&account, &format!("/links/{one}")).await["version"], 1, "a dry run changes nothing");

    let done = send(&platform, &account, &draft, StatusCode::OK).await;
    assert_eq!((&done["state"], &done["changed"], &done["failed"]), (&json!("done"), &json!(2), &json!(0)));
    let link = platform.read(&account, &format!("/links/{one}")).await;
    assert_eq!(link["destination_url"], "https://new.example.com/old?x=old");
    assert_eq!((&link["tags"], &link["utm"]), (&json!(["C", "a"]), &json!({ "source": "mail", "campaign": "spring" })));
    assert_eq!(
        (&link["folder_id"], &link["redirect_status"], &link["archived"]),
        (&folder["id"], &json!(301), &json!(true))
    );
    assert_eq!(
        platform.read(&account, &format!("/links/{elsewhere}")).await["destination_url"],
        "https://example.com/"
    );
    let report = platform.read(&account, &format!("/bulk-edits/{}", done["id"].as_str().expect("an id"))).await;
    assert_eq!(report["change_id"], done["change_id"]);
    // What was shown was done; to do it once more is another edit.
    assert_eq!(send(&platform, &account, &draft, StatusCode::CONFLICT).await["code"], "links_changed");
    let undo = platform.of(&account, Method::POST, "/links/undo").json(&json!({ "change_id": done["change_id"] }));
    assert_eq!(body(undo, StatusCode::OK).await["results"].as_array().map(Vec::len), Some(2));
    assert_eq!(
        platform.read(&account, &format!("/links/{one}")).await["destination_url"],
        "http://old.example.com/old?x=old"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_that_was_not_shown_or_makes_no_sense_is_refused() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let link = make(&platform, &account, json!({ "destination_url": "https://old.example.com/", "slug": "one" })).await;
    let (_, mut draft) = shown(&platform, &account, json!({}), json!({ "archived": true })).await;
    let without = json!({ "filter": {}, "changes": { "archived": true }, "dry_run": false });
    let refused = send(&platform, &account, &without, StatusCode::BAD_REQUEST).await;
    assert_eq!(refused["errors"][0]["pointer"], "/token");
    for other in [json!({ "archived": false }), json!({ "archived": true, "add_tags": ["x"] })] {
        let other = json!({ "filter": {}, "changes": other, "dry_run": false, "token": draft["token"] });
        assert_eq!(send(&platform, &account, &other, StatusCode::CONFLICT).await["code"], "links_changed");
    }
    let change = platform.of(&account, Method::PATCH, &format!("/links/{link}")).json(&json!({ "title": "T" }));
    body(change, StatusCode::OK).await;
    assert_eq!(send(&platform, &account, &draft, StatusCode::CONFLICT).await["code"], "links_changed");
    draft["dry_run"] = json!(true);
    for (filter, changes, pointer) in [
        (json!({}), json!({}), "/changes"),
        (json!({ "folder": "spring" }), json!({ "archived": true }), "/filter/folder"),
        (json!({}), json!({ "add_tags": [""] }), "/changes/add_tags/0"),
        (json!({}), json!({ "expires_at": "soon" }), "/changes/expires_at"),
        (
            json!({}),
            json!({ "replace_in_destination": { "find": "", "replace_with": "x" } }),
            "/changes/replace_in_destination/find",
        ),
    ] {
        let draft = json!({ "filter": filter, "changes": changes, "dry_run": true });
        let refused = send(&platform, &account, &draft, StatusCode::BAD_REQUEST).await;
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{refused}");
    }
    // What does not fit one link is told of that link.
    let broken =
        json!({ "replace_in_destination": { "find": "https://old.example.com/", "replace_with": "javascript:" } });
    let (preview, draft) = shown(&platform, &account, json!({}), broken).await;
    assert!(preview["sample"][0]["problem"].is_string(), "{preview}");
    let done = send(&platform, &account, &draft, StatusCode::OK).await;
    assert_eq!((&done["changed"], &done["failures"][0]["code"]), (&json!(0), &json!("invalid_url")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_of_thousands_goes_on_as_a_job_as_long_as_its_author_may() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let editor = member(&platform, &owner, "editor@example.com", Role::Editor).await;
    many(&platform, &owner).await;
    let replacement =
        json!({ "replace_in_destination": { "find": "old.example.com", "replace_with": "new.example.com" } });
    let (preview, draft) = shown(&platform, &editor, json!({ "search": "old.example" }), replacement).await;
    assert_eq!((&preview["links"], preview["sample"].as_array().map(Vec::len)), (&json!(MANY), Some(20)));
    let edit = send(&platform, &editor, &draft, StatusCode::OK).await;
    assert_eq!(edit["total"], json!(MANY));
    let path = format!("/bulk-edits/{}", edit["id"].as_str().expect("an id"));
    eventually("it is done", || async { platform.read(&editor, &path).await["state"] == "done" }).await;
    let report = platform.read(&owner, &path).await;
    assert_eq!((&report["changed"], &report["failed"]), (&json!(MANY), &json!(0)));
    for number in [0, MANY / 2, MANY - 1] {
        let found = platform.read(&owner, &format!("/links/lookup?domain=localhost&slug=m{number}")).await;
        assert_eq!(found["destination_url"], format!("https://new.example.com/{number}"));
    }
    let stranger = member(&platform, &owner, "viewer@example.com", Role::Viewer).await;
    body(platform.of(&stranger, Method::GET, &path), StatusCode::NOT_FOUND).await;

    // An edit whose author lost the right stops where it is.
    let back = json!({ "replace_in_destination": { "find": "new.example.com", "replace_with": "old.example.com" } });
    let (_, draft) = shown(&platform, &editor, json!({ "search": "new.example" }), back).await;
    let edit = send(&platform, &editor, &draft, StatusCode::OK).await;
    let id = edit["id"].as_str().expect("an id");
    let person = crate::support::members::user_id(&platform, &editor).await;
    body(platform.of(&owner, Method::DELETE, &format!("/members/{person}")), StatusCode::NO_CONTENT).await;
    eventually("it ended", || async {
        platform.read(&owner, &format!("/bulk-edits/{id}")).await["finished_at"].is_string()
    })
    .await;
    let report = platform.read(&owner, &format!("/bulk-edits/{id}")).await;
    let done = report["changed"].as_u64().expect("a number");
    assert!(report["state"] == "stopped" || done == MANY as u64, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_match_are_deleted_as_they_were_shown_and_come_back() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    many(&platform, &account).await;
    make(&platform, &account, json!({ "destination_url": "https://example.com/", "slug": "stays" })).await;
    let both = json!({ "filter": {}, "changes": { "deleted": true, "archived": true }, "dry_run": true });
    let refused = send(&platform, &account, &both, StatusCode::BAD_REQUEST).await;
    assert_eq!(
        (&refused["errors"][0]["pointer"], &refused["errors"][0]["code"]),
        (&json!("/changes/deleted"), &json!("not_alone"))
    );

    let (preview, draft) =
        shown(&platform, &account, json!({ "search": "old.example.com" }), json!({ "deleted": true })).await;
    let told = json!([{ "field": "deleted", "before": false, "after": true }]);
    assert_eq!((&preview["links"], &preview["sample"][0]["changes"]), (&json!(MANY), &told));
    assert_eq!((&preview["checked"], &preview["refused"]), (&json!(1_000), &json!(0)));
    let edit = send(&platform, &account, &draft, StatusCode::OK).await;
    let path = format!("/bulk-edits/{}", edit["id"].as_str().expect("an id"));
    eventually("all are deleted", || async { platform.read(&account, &path).await["state"] == "done" }).await;
    let edit = platform.read(&account, &path).await;
    assert_eq!((&edit["changed"], &edit["failed"]), (&json!(MANY), &json!(0)));
    assert_eq!(platform.read(&account, "/links/count").await["links"], 1);
    assert_eq!(platform.visit("/m7").await.status(), StatusCode::GONE);
    // A thousand at a time.
    for _ in 0..MANY.div_ceil(1_000) {
        let undo = json!({ "change_id": edit["change_id"] });
        body(platform.of(&account, Method::POST, "/links/undo").json(&undo), StatusCode::OK).await;
    }
    assert_eq!(platform.read(&account, "/links/count").await["links"], MANY + 1);
    eventually("it is back", || async { platform.visit("/m7").await.status() == StatusCode::FOUND }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dry_run_says_what_would_be_left_alone_and_why() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let folder =
        body(platform.of(&account, Method::POST, "/folders").json(&json!({ "name": "Frozen" })), StatusCode::CREATED)
            .await;
    let link = |slug: &str, more: Value| {
        let mut link = json!({ "destination_url": format!("https://old.example.com/{slug}"), "slug": slug });
        link.as_object_mut().expect("fields").extend(more.as_object().expect("fields").clone());
        link
    };
    let free = make(&platform, &account, link("free", json!({}))).await;
    let printed = make(&platform, &account, link("printed", json!({}))).await;
    body(platform.of(&account, Method::PUT, &format!("/links/{printed}/printed")), StatusCode::OK).await;
    let guarded = make(&platform, &account, link("guarded", json!({ "needs_approval": true }))).await;
    let frozen = make(&platform, &account, link("frozen", json!({ "folder_id": folder["id"] }))).await;
    let window = json!({ "reason": "Audit", "ends_at": "2999-01-01T00:00:00Z", "folder_id": folder["id"] });
    body(platform.of(&account, Method::POST, "/freeze-windows").json(&window), StatusCode::CREATED).await;

    let archived = json!({ "archived": true });
    let looping = json!({ "replace_in_destination": { "find": "https://old.example.com/", "replace_with": "http://localhost:8080/" } });
    for (changes, left_alone) in [
        (archived, vec![&printed, &guarded, &frozen]),
        (looping, vec![&free, &printed, &guarded, &frozen]),
        (json!({ "deleted": true }), vec![&printed, &guarded, &frozen]),
    ] {
        let (preview, draft) = shown(&platform, &account, json!({}), changes).await;
        assert_eq!((&preview["checked"], &preview["refused"]), (&json!(4), &json!(left_alone.len())), "{preview}");
        let said: Vec<&Value> = preview["sample"].as_array().expect("a sample").iter().collect();
        for item in &said {
            let is_left = left_alone.iter().any(|id| item["link_id"] == json!(id));
            assert_eq!(item["problem"].is_string(), is_left, "{item}");
            assert_eq!(item["changes"] == json!([]), is_left, "{item}");
        }
        // What was said comes true.
        let done = send(&platform, &account, &draft, StatusCode::OK).await;
        assert_eq!(done["failed"], json!(left_alone.len()), "{done}");
        for failure in done["failures"].as_array().expect("failures") {
            let item = said.iter().find(|item| item["link_id"] == failure["link_id"]).expect("it was said");
            assert_eq!(item["problem"], failure["detail"]);
        }
    }
}
