//! Folders: who sees what in them, over every operation that reaches a link.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use elido::domain::permission::Caller;
use elido::domain::role::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::permissions::document::{Document, Operation};
use crate::permissions::requests::{nobody, path, request, sample};
use crate::support::members::{key, member, user_id};
use crate::support::platform::{Account, Platform, body, eventually};

fn id(value: &Value) -> String {
    value["id"].as_str().expect("an id").to_owned()
}

/// A new folder in which members may do this who are not named.
async fn folder(platform: &Platform, by: &Account, name: &str, access: &str) -> String {
    let folder = platform.of(by, Method::POST, "/folders").json(&json!({ "name": name }));
    let folder = id(&body(folder, StatusCode::CREATED).await);
    narrow(platform, by, &folder, &json!({ "access": access })).await;
    folder
}

async fn narrow(platform: &Platform, by: &Account, folder: &str, access: &Value) -> Value {
    let request = platform.of(by, Method::PATCH, &format!("/folders/{folder}/access")).json(access);
    body(request, StatusCode::OK).await
}

async fn link_in(platform: &Platform, by: &Account, folder: &str, slug: &str) -> String {
    let link = json!({ "destination_url": "https://example.com/", "slug": slug, "folder_id": folder, "tags": ["all"] });
    id(&platform.create_link(by, &link).await)
}

async fn clicks(platform: &Platform, account: &Account) -> i64 {
    platform.read(account, "/analytics/summary").await["clicks"].as_i64().expect("a number")
}

/// Whether an editor may do this operation at all.
fn is_for_editors(operation: &Operation) -> bool {
    matches!(operation.permission.caller, Caller::Member(right) if right.roles.contains(&Role::Editor) && right.api_keys)
}

#[tokio::test(flavor = "multi_thread")]
async fn for_whom_a_folder_is_closed_no_operation_finds_its_links() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let editor = member(&platform, &owner, "editor@example.com", Role::Editor).await;
    let closed = folder(&platform, &owner, "Closed", "none").await;
    let link = link_in(&platform, &owner, &closed, "hidden").await;
    let deleted = link_in(&platform, &owner, &closed, "hidden-and-deleted").await;
    body(platform.of(&owner, Method::DELETE, &format!("/links/{deleted}")), StatusCode::NO_CONTENT).await;
    let ids = BTreeMap::from([("link_id", link.clone()), ("folder_id", closed.clone())]);
    let operations: Vec<Operation> = Document::of(&platform).await.operations();
    let (mut tried, mut wrong) = (0, String::new());
    for operation in operations.iter().filter(|operation| is_for_editors(operation)) {
        if operation.ids().any(|name| ids.contains_key(name)) {
            let of_bin = operation.path.contains("/deleted-links/");
            let known = |name: &str| match ids.get(name) {
                Some(_) if of_bin => deleted.clone(),
                Some(id) => id.clone(),
                None => nobody(name),
            };
            let url = platform.api(&path(operation, &owner.workspace, known));
            let asked = platform.client.request(operation.method.clone(), url).bearer_auth(&editor.token);
            let asked = match sample(operation) {
                Some(body) => asked.json(&body),
                None => asked,
            };
            let status = asked.send().await.expect("a response").status();
            if status != StatusCode::NOT_FOUND {
                writeln!(wrong, "{}: {status}", operation.id).expect("written");
            }
            tried += 1;
        } else if operation.method == Method::GET && operation.ids().next().is_none() {
            let asked = request(&platform, operation, &owner.workspace).bearer_auth(&editor.token);
            let text = asked.send().await.expect("a response").text().await.expect("a text");
            if [&link, &deleted, &closed].iter().any(|id| text.contains(*id)) || text.contains("hidden") {
                writeln!(wrong, "{}: {text}", operation.id).expect("written");
            }
            tried += 1;
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(tried > 20, "{tried} operations");

    let lookup = "/links/lookup?domain=localhost&slug=hidden";
    body(platform.of(&editor, Method::GET, lookup), StatusCode::NOT_FOUND).await;
    let edits = json!({ "links": [{ "id": link, "changes": { "title": "T" } }] });
    let edits = body(platform.of(&editor, Method::PATCH, "/links/bulk").json(&edits), StatusCode::OK).await;
    let deletion = platform.of(&editor, Method::POST, "/links/bulk/delete").json(&json!({ "ids": [link] }));
    for answer in [edits, body(deletion, StatusCode::OK).await] {
        assert_eq!(answer["results"][0]["problem"]["status"], 404, "{answer}");
    }
    let into = json!({ "destination_url": "https://example.com/", "folder_id": closed });
    let refused = body(platform.of(&editor, Method::POST, "/links").json(&into), StatusCode::BAD_REQUEST).await;
    assert_eq!(
        (&refused["errors"][0]["pointer"], &refused["errors"][0]["code"]),
        (&json!("/folder_id"), &json!("unknown_folder"))
    );
    // By what it is known, neither.
    let known = json!({ "external_id": "crm-1" });
    body(platform.of(&owner, Method::PATCH, &format!("/links/{link}")).json(&known), StatusCode::OK).await;
    let known = "/links-by-external-id/crm-1";
    body(platform.of(&editor, Method::GET, known), StatusCode::NOT_FOUND).await;
    let put = json!({ "destination_url": "https://example.com/elsewhere" });
    body(platform.of(&editor, Method::PUT, known).json(&put), StatusCode::CONFLICT).await;
    let all = json!({ "filter": {}, "changes": { "archived": true }, "dry_run": true });
    let shown = platform.of(&editor, Method::POST, "/links/bulk-edit").json(&all);
    assert_eq!(body(shown, StatusCode::OK).await["links"], 0);
    let same = json!({ "destination_url": "https://example.com/", "on_duplicate": "fail" });
    body(platform.of(&editor, Method::POST, "/links").json(&same), StatusCode::CREATED).await;
    let same =
        json!({ "destination_url": "https://example.com/", "slug": "hidden", "tags": ["all"], "if_exists": "return" });
    body(platform.of(&editor, Method::POST, "/links").json(&same), StatusCode::CONFLICT).await;
    // The owner, an admin and everybody for whom the folder is open find what the editor does not.
    let admin = member(&platform, &owner, "admin@example.com", Role::Admin).await;
    for account in [&owner, &admin] {
        platform.read(account, &format!("/links/{link}")).await;
        platform.read(account, lookup).await;
        let bin = platform.read(account, "/deleted-links").await;
        assert_eq!(bin["data"][0]["id"], json!(deleted));
        assert_eq!(platform.read(account, "/folders").await["data"][0]["links"], 1);
    }
    narrow(&platform, &owner, &closed, &json!({ "access": "edit" })).await;
    platform.read(&editor, &format!("/links/{link}")).await;
    assert!(platform.read(&editor, "/links").await.to_string().contains("hidden"));
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_leave_out_the_clicks_of_links_in_closed_folders_also_of_deleted_ones() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let editor = member(&platform, &owner, "editor@example.com", Role::Editor).await;
    let closed = folder(&platform, &owner, "Closed", "none").await;
    let hidden = link_in(&platform, &owner, &closed, "hidden").await;
    platform
        .create_link(&owner, &json!({ "destination_url": "https://example.com/", "slug": "open", "tags": ["all"] }))
        .await;
    for slug in ["/hidden", "/hidden", "/open"] {
        let visit =
            platform.client.get(platform.edge(slug)).header("host", "localhost").header("user-agent", "Mozilla/5.0");
        visit.send().await.expect("a response");
    }
    eventually("three clicks are counted", || async { clicks(&platform, &owner).await == 3 }).await;
    let reports = [
        "/analytics/breakdown?dimension=link",
        "/analytics/breakdown?dimension=slug",
        "/analytics/breakdown?dimension=tag",
        "/analytics/events",
        "/analytics/export?format=ndjson",
    ];
    let look = async || {
        assert_eq!(clicks(&platform, &editor).await, 1);
        for report in reports {
            let text =
                platform.of(&editor, Method::GET, report).send().await.expect("a response").text().await.expect("text");
            assert!(
                !text.contains("hidden") && !text.contains(&hidden) && !text.contains("\"clicks\":3"),
                "{report}: {text}"
            );
        }
        let file = platform.of(&editor, Method::POST, "/click-exports").json(&json!({}));
        assert_eq!(body(file, StatusCode::FORBIDDEN).await["code"], "closed_folders");
        body(platform.of(&editor, Method::GET, "/click-exports"), StatusCode::FORBIDDEN).await;
        let filtered = platform.read(&editor, &format!("/analytics/summary?link={hidden}")).await;
        assert_eq!(filtered["clicks"], 0);
        assert_eq!(clicks(&platform, &owner).await, 3);
    };
    look().await;
    body(platform.of(&owner, Method::DELETE, &format!("/links/{hidden}")), StatusCode::NO_CONTENT).await;
    look().await;
    body(platform.of(&owner, Method::DELETE, &format!("/deleted-links/{hidden}")), StatusCode::NO_CONTENT).await;
    look().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_narrows_what_roles_give_and_never_widens_it() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let editor = member(&platform, &owner, "editor@example.com", Role::Editor).await;
    let viewer = member(&platform, &owner, "viewer@example.com", Role::Viewer).await;
    let shared = folder(&platform, &owner, "Shared", "view").await;
    let link = link_in(&platform, &owner, &shared, "seen").await;
    let path = format!("/links/{link}");
    let title = json!({ "title": "T" });
    let change = |account: &Account| platform.of(account, Method::PATCH, &path).json(&title);

    platform.read(&editor, &path).await;
    for refused in [
        change(&editor),
        platform.of(&editor, Method::DELETE, &path),
        platform.of(&editor, Method::POST, &format!("{path}/revert")).json(&json!({ "version": 1 })),
        platform.of(&editor, Method::PATCH, &format!("/folders/{shared}")).json(&json!({ "name": "Mine" })),
        platform.of(&editor, Method::DELETE, &format!("/folders/{shared}")),
    ] {
        let problem = body(refused, StatusCode::FORBIDDEN).await;
        assert_eq!(problem["code"], "read_only_folder");
    }
    let into = json!({ "destination_url": "https://example.com/", "folder_id": shared });
    let problem = body(platform.of(&editor, Method::POST, "/links").json(&into), StatusCode::BAD_REQUEST).await;
    assert_eq!(problem["errors"][0]["code"], "read_only_folder");

    let people = [user_id(&platform, &editor).await, user_id(&platform, &viewer).await];
    let named: Vec<Value> = people.iter().map(|person| json!({ "user_id": person, "access": "edit" })).collect();
    let folder = narrow(&platform, &owner, &shared, &json!({ "access": "none", "members": named })).await;
    assert_eq!(folder["members"].as_array().map(Vec::len), Some(2));
    body(change(&editor), StatusCode::OK).await;
    assert_eq!(body(change(&viewer), StatusCode::FORBIDDEN).await["code"], "missing_scope");
    platform.read(&viewer, &path).await;

    let twice = json!({ "members": [named[0], named[0], { "user_id": nobody("user_id"), "access": "view" }] });
    let access = platform.of(&owner, Method::PATCH, &format!("/folders/{shared}/access"));
    let problem = body(access.json(&twice), StatusCode::BAD_REQUEST).await;
    let codes: Vec<&Value> = problem["errors"].as_array().expect("errors").iter().map(|error| &error["code"]).collect();
    assert_eq!(codes, ["duplicate", "unknown_member"]);
    let by_editor =
        platform.of(&editor, Method::PATCH, &format!("/folders/{shared}/access")).json(&json!({ "access": "edit" }));
    body(by_editor, StatusCode::FORBIDDEN).await;
    // A key reaches as far as whoever made it does now.
    let maker = member(&platform, &owner, "maker@example.com", Role::Admin).await;
    let (program, _) = key(&platform, &maker, &json!({ "name": "K", "scopes": ["links:read"] })).await;
    platform.read(&program, &path).await;
    let maker = format!("/members/{}", user_id(&platform, &maker).await);
    body(platform.of(&owner, Method::PATCH, &maker).json(&json!({ "role": "editor" })), StatusCode::OK).await;
    body(platform.of(&program, Method::GET, &path), StatusCode::NOT_FOUND).await;
    // Whoever leaves is no longer named.
    body(platform.of(&owner, Method::DELETE, &format!("/members/{}", people[0])), StatusCode::NO_CONTENT).await;
    let folder = platform.read(&owner, &format!("/folders/{shared}")).await;
    assert_eq!(folder["members"], json!([{ "user_id": people[1], "access": "edit" }]));
}

#[tokio::test(flavor = "multi_thread")]
async fn links_are_filed_counted_and_found_by_folder() {
    let platform = Platform::start().await;
    let owner = platform.account().await;
    let spring = folder(&platform, &owner, "Spring", "edit").await;
    let link = link_in(&platform, &owner, &spring, "in").await;
    let outside =
        id(&platform.create_link(&owner, &json!({ "destination_url": "https://example.com/", "slug": "out" })).await);
    let found = async |query: &str| {
        let page = platform.read(&owner, &format!("/links?folder={query}")).await;
        page["data"].as_array().expect("links").iter().map(id).collect::<Vec<_>>()
    };
    assert_eq!(found(&spring).await, std::slice::from_ref(&link));
    assert_eq!(found("none").await, std::slice::from_ref(&outside));
    body(platform.of(&owner, Method::GET, "/links?folder=spring"), StatusCode::BAD_REQUEST).await;
    let taken = platform.of(&owner, Method::POST, "/folders").json(&json!({ "name": "SPRING" }));
    assert_eq!(body(taken, StatusCode::CONFLICT).await["code"], "name_taken");

    let path = format!("/folders/{spring}");
    assert_eq!(
        body(platform.of(&owner, Method::DELETE, &path), StatusCode::CONFLICT).await["code"],
        "folder_not_empty"
    );
    let moved = platform.of(&owner, Method::PATCH, &format!("/links/{link}")).json(&json!({ "folder_id": null }));
    assert_eq!(body(moved, StatusCode::OK).await["folder_id"], Value::Null);
    assert_eq!(platform.read(&owner, &path).await["links"], 0);
    let lost = platform.of(&owner, Method::DELETE, &path).header("if-match", "\"99\"");
    body(lost, StatusCode::PRECONDITION_FAILED).await;
    body(platform.of(&owner, Method::DELETE, &path), StatusCode::NO_CONTENT).await;
    body(platform.of(&owner, Method::GET, &path), StatusCode::NOT_FOUND).await;
    // What it was in before is no hindrance to going back; it stays where it is.
    let back = platform.of(&owner, Method::POST, &format!("/links/{link}/revert")).json(&json!({ "version": 1 }));
    assert_eq!(body(back, StatusCode::OK).await["folder_id"], Value::Null);
}
