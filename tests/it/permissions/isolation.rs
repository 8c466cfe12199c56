//! What belongs to another workspace does not exist, and nobody writes what only the server knows.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use elido::domain::role::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::document::{Document, Operation};
use super::requests::{path, request, sample};
use crate::domains::claim;
use crate::support::members::{invite, key, member, user_id};
use crate::support::oauth::public_client;
use crate::support::platform::{Account, Platform, body};

/// One of everything that a workspace can have, by the parameter that names it in paths.
pub(super) async fn furnish(platform: &Platform, account: &Account) -> BTreeMap<&'static str, String> {
    let link = json!({ "destination_url": "https://example.com/", "tags": ["theirs"], "external_id": "theirs" });
    let link = platform.create_link(account, &link).await;
    let path = format!("/links/{}/comments", link["id"].as_str().expect("an id"));
    let comment = platform.of(account, Method::POST, &path).json(&json!({ "text": "Theirs" }));
    let comment = body(comment, StatusCode::CREATED).await;
    let template = json!({ "name": "Theirs", "utm": {} });
    let template = platform.of(account, Method::POST, "/utm-templates").json(&template);
    let template = body(template, StatusCode::CREATED).await;
    let mut edit = json!({ "filter": {}, "changes": { "archived": false }, "dry_run": true });
    let preview = body(platform.of(account, Method::POST, "/links/bulk-edit").json(&edit), StatusCode::OK).await;
    edit["token"] = preview["token"].clone();
    edit["dry_run"] = json!(false);
    let edit = body(platform.of(account, Method::POST, "/links/bulk-edit").json(&edit), StatusCode::OK).await;
    let (_, key) = key(platform, account, &json!({ "name": "Test", "scopes": ["links:read"] })).await;
    let tags = platform.read(account, "/tags").await;
    let person = member(platform, account, "member@example.com", Role::Viewer).await;
    invite(platform, account, "invited@example.com", Role::Viewer).await;
    let invitations = platform.read(account, "/invitations").await;
    let export = platform.of(account, Method::POST, "/evidence-exports").json(&json!({}));
    let export = body(export, StatusCode::ACCEPTED).await;
    let clicks = platform.of(account, Method::POST, "/click-exports").json(&json!({}));
    let clicks = body(clicks, StatusCode::ACCEPTED).await;
    let report = json!({ "name": "Theirs", "every": "week", "recipients": [user_id(platform, account).await] });
    let report = platform.of(account, Method::POST, "/report-schedules").json(&report);
    let report = body(report, StatusCode::CREATED).await;
    let domain = claim(platform, account, "theirs.example").await;
    let client = public_client(platform, account).await;
    let folder = platform.of(account, Method::POST, "/folders").json(&json!({ "name": "Theirs" }));
    let folder = body(folder, StatusCode::CREATED).await;
    let view = json!({ "name": "Theirs", "page": "links", "shared": true });
    let view = body(platform.of(account, Method::POST, "/views").json(&view), StatusCode::CREATED).await;
    let share = platform.of(account, Method::POST, "/shares").json(&json!({ "name": "Theirs" }));
    let share = body(share, StatusCode::CREATED).await;
    let window = json!({ "reason": "Theirs", "starts_at": "2999-01-01T00:00:00Z", "ends_at": "2999-01-02T00:00:00Z" });
    let window = platform.of(account, Method::POST, "/freeze-windows").json(&window);
    let window = body(window, StatusCode::CREATED).await;
    let guarded = json!({ "destination_url": "https://example.com/", "needs_approval": true });
    let guarded = platform.create_link(account, &guarded).await;
    let path = format!("/links/{}/change-requests", guarded["id"].as_str().expect("an id"));
    let request = platform.of(account, Method::POST, &path).json(&json!({ "delete": true }));
    let request = body(request, StatusCode::CREATED).await;
    let text = |value: &Value| value.as_str().expect("an id").to_owned();
    BTreeMap::from([
        ("freeze_window_id", text(&window["id"])),
        ("change_request_id", text(&request["id"])),
        ("link_id", text(&link["id"])),
        ("api_key_id", text(&key["id"])),
        ("oauth_client_id", client.id),
        ("folder_id", text(&folder["id"])),
        ("external_id", "theirs".to_owned()),
        ("comment_id", text(&comment["id"])),
        ("utm_template_id", text(&template["id"])),
        ("view_id", text(&view["id"])),
        ("share_id", text(&share["id"])),
        ("bulk_edit_id", text(&edit["id"])),
        ("tag_id", text(&tags["data"][0]["id"])),
        ("user_id", user_id(platform, &person).await),
        ("invitation_id", text(&invitations["data"][0]["id"])),
        ("evidence_export_id", text(&export["id"])),
        ("click_export_id", text(&clicks["id"])),
        ("report_schedule_id", text(&report["id"])),
        ("domain_id", text(&domain["id"])),
    ])
}

#[tokio::test(flavor = "multi_thread")]
async fn no_id_of_another_workspace_is_found_by_any_operation() {
    let platform = Platform::start().await;
    let theirs = platform.account().await;
    let mine = platform.sign_in().await;
    let ids = furnish(&platform, &theirs).await;
    let (mut tried, mut wrong) = (0, String::new());
    for operation in Document::of(&platform).await.operations() {
        let is_tenants = operation.path.starts_with("/v1/workspaces/{workspace_id}/") && operation.ids().count() > 0;
        // Whoever puts a link under an external id names what their own workspace shall have.
        let is_own = operation.id == "put_link_by_external_id";
        if !is_tenants || is_own {
            continue;
        }
        let id = |name: &str| ids.get(name).unwrap_or_else(|| panic!("whose is a {name}?")).clone();
        let url = platform.api(&path(&operation, &mine.workspace, id));
        let mut request = platform.client.request(operation.method.clone(), url).bearer_auth(&mine.token);
        if let Some(body) = sample(&operation) {
            request = request.json(&body);
        }
        let response = request.send().await.expect("a response");
        if response.status() != StatusCode::NOT_FOUND {
            writeln!(wrong, "{}: {}", operation.id, response.status()).expect("written");
        }
        tried += 1;
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(tried > 12, "{tried} operations");
    for (path, parameter) in [
        ("links", "link_id"),
        ("tags", "tag_id"),
        ("members", "user_id"),
        ("invitations", "invitation_id"),
        ("oauth-clients", "oauth_client_id"),
    ] {
        let found = platform.read(&theirs, &format!("/{path}/{}", ids[parameter])).await;
        assert!(found.is_object(), "{path} is untouched");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_list_has_anything_of_another_workspace() {
    let platform = Platform::start().await;
    let theirs = platform.account().await;
    let mine = platform.sign_in().await;
    let ids = furnish(&platform, &theirs).await;
    let (mut lists, mut seen_by_owner) = (0, 0);
    for operation in Document::of(&platform).await.operations().into_iter().filter(Operation::is_list) {
        let read = async |account: &Account| {
            let response = request(&platform, &operation, &account.workspace).bearer_auth(&account.token).send();
            let response = response.await.expect("a response");
            assert_eq!(response.status(), StatusCode::OK, "{}", operation.id);
            response.text().await.expect("a body")
        };
        let list = read(&mine).await;
        assert!(ids.values().all(|id| !list.contains(id)), "{}: {list}", operation.id);
        let own = read(&theirs).await;
        seen_by_owner += ids.values().filter(|id| own.contains(*id)).count();
        lists += 1;
    }
    assert!(lists >= 8, "{lists} lists");
    assert!(seen_by_owner >= ids.len(), "the lists have what the owner has");
}

/// What only the server writes, and what nobody has heard of.
const NOT_TO_BE_WRITTEN: [&str; 20] = [
    "surprise",
    "role",
    "owner",
    "user_id",
    "state",
    "clicks",
    "verified_at",
    "email_verified",
    "disabled_at",
    "id",
    "workspace_id",
    "version",
    "created_by",
    "created_at",
    "updated_at",
    "is_admin",
    "token_hash",
    "invited_by",
    "purge_at",
    "used_clicks",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_nobody_may_write_is_refused_in_every_body() {
    let platform = Platform::start_with(|config| config.api.rate_limit_burst = 100_000).await;
    let account = platform.account().await;
    let document = Document::of(&platform).await;
    let (mut tried, mut wrong) = (0, String::new());
    for operation in document.operations() {
        let Some(schema) = operation.body_schema() else { continue };
        let properties = document.resolve(schema)["properties"].as_object().expect("fields").clone();
        for field in NOT_TO_BE_WRITTEN.into_iter().filter(|field| !properties.contains_key(*field)) {
            let mut body = sample(&operation).expect("a body");
            body[field] = json!("x");
            let url = platform.api(&path(&operation, &account.workspace, super::requests::nobody));
            let request =
                platform.client.request(operation.method.clone(), url).bearer_auth(&account.token).json(&body);
            let response = request.send().await.expect("a response");
            let status = response.status();
            let problem: Value = response.json().await.unwrap_or(Value::Null);
            if status != StatusCode::BAD_REQUEST || problem["errors"][0]["pointer"] != format!("/{field}") {
                writeln!(wrong, "{} {field}: {status} {problem}", operation.id).expect("written");
            }
            tried += 1;
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(tried > 200, "{tried} bodies");
    for (path, body, pointer) in [
        (
            "/links/bulk",
            json!({ "links": [{ "destination_url": "https://example.com/", "clicks": 5 }] }),
            "/links/0/clicks",
        ),
        ("/links", json!({ "destination_url": "https://example.com/", "utm": { "id": "x" } }), "/utm/id"),
    ] {
        let response = platform.of(&account, Method::POST, path).json(&body).send().await.expect("a response");
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        let problem: Value = response.json().await.expect("a problem");
        assert_eq!(problem["errors"][0]["pointer"], pointer);
    }
}

/// The places of the objects within a body, as JSON pointers, and the fields that each may have; a list is entered by its first item.
fn objects_within(
    document: &Document,
    schema: &Value,
    at: &str,
    depth: usize,
    found: &mut BTreeMap<String, Vec<String>>,
) {
    let schema = document.resolve(schema);
    if depth > 5 {
        return;
    }
    for forms in ["oneOf", "anyOf", "allOf"] {
        for form in schema[forms].as_array().into_iter().flatten() {
            objects_within(document, form, at, depth + 1, found);
        }
    }
    if let Some(fields) = schema["properties"].as_object().filter(|_| !at.is_empty()) {
        found.entry(at.to_owned()).or_default().extend(fields.keys().cloned());
    }
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        objects_within(document, field, &format!("{at}/{name}"), depth + 1, found);
    }
    if schema["items"].is_object() {
        objects_within(document, &schema["items"], &format!("{at}/0"), depth + 1, found);
    }
}

/// A body that has nothing but this field of the object at the place.
fn alone(place: &str, field: &str) -> Value {
    let step = |inner: Value, step: &str| if step == "0" { json!([inner]) } else { json!({ step: inner }) };
    place.split('/').skip(1).collect::<Vec<_>>().into_iter().rev().fold(json!({ field: "x" }), step)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_nobody_may_write_is_refused_deep_within_a_body_too() {
    let platform = Platform::start_with(|config| config.api.rate_limit_burst = 100_000).await;
    let account = platform.account().await;
    let document = Document::of(&platform).await;
    let (mut tried, mut wrong) = (0, String::new());
    for operation in document.operations() {
        let Some(schema) = operation.body_schema() else { continue };
        let mut objects = BTreeMap::new();
        objects_within(&document, schema, "", 0, &mut objects);
        for (place, known) in objects {
            for field in NOT_TO_BE_WRITTEN.into_iter().filter(|field| !known.iter().any(|known| known == field)) {
                let url = platform.api(&path(&operation, &account.workspace, super::requests::nobody));
                let request = platform.client.request(operation.method.clone(), url).bearer_auth(&account.token);
                let response = request.json(&alone(&place, field)).send().await.expect("a response");
                let status = response.status();
                let problem: Value = response.json().await.unwrap_or(Value::Null);
                let mut pointers = problem["errors"].as_array().into_iter().flatten().map(|error| &error["pointer"]);
                if status != StatusCode::BAD_REQUEST || !pointers.any(|pointer| *pointer == format!("{place}/{field}"))
                {
                    writeln!(wrong, "{} {place}/{field}: {status} {problem}", operation.id).expect("written");
                }
                tried += 1;
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(tried > 500, "{tried} bodies");
}
