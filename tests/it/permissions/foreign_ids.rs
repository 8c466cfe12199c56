//! Ids of another workspace in bodies and queries: whatever is asked with them is answered as it is with ids that nothing has, so that
//! nobody reads, changes or even finds out what is somebody else's.
//!
//! Invariant: the fields and parameters are those of the OpenAPI document, so that a new one is tried without an entry here.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::document::{Document, Operation};
use super::isolation::furnish;
use super::requests::{nobody, path, query, sample};
use crate::support::members::user_id;
use crate::support::oauth::{Browser, acting, public_client};
use crate::support::people::{newcomer, of};
use crate::support::platform::{Account, Platform, body, eventually};

/// The fields and parameters that name something: those at the top of lists of ids too.
const NAMING: [&str; 16] = [
    "workspace_id",
    "folder_id",
    "folder",
    "utm_template_id",
    "link_id",
    "link",
    "id",
    "ids",
    "user_id",
    "recipients",
    "created_by",
    "actor",
    "target",
    "change_id",
    "domain",
    "domain_id",
];
/// What differs between two responses about the same thing.
const OF_THE_MOMENT: [&str; 9] =
    ["request_id", "token", "change_id", "id", "at", "from", "to", "created_at", "updated_at"];

/// One id of theirs, and one like it that nothing has.
#[derive(Clone)]
pub(super) struct Pair {
    pub theirs: String,
    pub nothing: String,
}

/// What the attacker has, by the parameter that names it in paths, and a workspace that links could move to.
pub(super) struct Own {
    pub account: Account,
    pub ids: BTreeMap<&'static str, String>,
    pub elsewhere: String,
    pub guarded_link: String,
}

/// Somebody who is in no workspace but their own.
pub(super) async fn stranger(platform: &Platform) -> Own {
    let token = newcomer(platform, "eve@example.com").await;
    let workspace = async |slug: &str| {
        let draft = json!({ "name": "Own", "slug": slug });
        let made = body(of(platform, &token, Method::POST, "/v1/workspaces").json(&draft), StatusCode::CREATED).await;
        id(&made)
    };
    let account = Account { token: token.clone(), workspace: workspace("own").await };
    let elsewhere = workspace("own-too").await;
    let create = async |path: &str, draft: Value| {
        id(&body(platform.of(&account, Method::POST, path).json(&draft), StatusCode::CREATED).await)
    };
    let destination = "https://example.com/";
    let deleted = create("/links", json!({ "destination_url": destination })).await;
    body(platform.of(&account, Method::DELETE, &format!("/links/{deleted}")), StatusCode::NO_CONTENT).await;
    let window = json!({ "reason": "Own", "starts_at": "2999-01-01T00:00:00Z", "ends_at": "2999-01-02T00:00:00Z" });
    let ids = BTreeMap::from([
        ("link_id", create("/links", json!({ "destination_url": destination })).await),
        ("deleted_link_id", deleted),
        ("folder_id", create("/folders", json!({ "name": "Own" })).await),
        ("freeze_window_id", create("/freeze-windows", window).await),
        ("report_schedule_id", create("/report-schedules", json!({ "name": "Own", "every": "week" })).await),
        ("external_id", "own".to_owned()),
    ]);
    let guarded_link = create("/links", json!({ "destination_url": destination, "needs_approval": true })).await;
    Own { account, ids, elsewhere, guarded_link }
}

fn id(made: &Value) -> String {
    made["id"].as_str().expect("an id").to_owned()
}

/// What a field or parameter of this name is tried with.
fn pairs(theirs: &Account, ids: &BTreeMap<&'static str, String>, owner: &str, change: &str) -> BTreeMap<String, Pair> {
    let pair = |theirs: &str, nothing: String| Pair { theirs: theirs.to_owned(), nothing };
    let nil = |prefix: &str| format!("{prefix}_{}", uuid::Uuid::nil().simple());
    NAMING
        .into_iter()
        .map(|name| {
            let pair = match name {
                "workspace_id" => pair(&theirs.workspace, nil("ws")),
                "folder_id" | "folder" => pair(&ids["folder_id"], nobody("folder_id")),
                "utm_template_id" => pair(&ids["utm_template_id"], nobody("utm_template_id")),
                "user_id" | "recipients" | "created_by" | "actor" => pair(owner, nobody("user_id")),
                "change_id" => pair(change, nil("chg")),
                "domain" => pair("theirs.example", "nothing.example".to_owned()),
                "domain_id" => pair(&ids["domain_id"], nobody("domain_id")),
                _ => pair(&ids["link_id"], nobody("link_id")),
            };
            (name.to_owned(), pair)
        })
        .collect()
}

/// The places in a body that name something, as JSON pointers; a list is entered by its first item.
fn places(document: &Document, schema: &Value, at: &str, depth: usize, found: &mut Vec<String>) {
    let schema = document.resolve(schema);
    if depth > 6 {
        return;
    }
    for forms in ["oneOf", "anyOf", "allOf"] {
        for form in schema[forms].as_array().into_iter().flatten() {
            places(document, form, at, depth + 1, found);
        }
    }
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let at = format!("{at}/{name}");
        if NAMING.contains(&name.as_str()) && !document.resolve(field)["properties"].is_object() {
            found.push(at.clone());
        }
        places(document, field, &at, depth + 1, found);
    }
    if schema["items"].is_object() {
        places(document, &schema["items"], &format!("{at}/0"), depth + 1, found);
    }
}

/// The same body with this at the place, in a list where the place is one of ids.
fn with(body: &Value, place: &str, value: &str) -> Value {
    let mut body = body.clone();
    let (mut at, mut last) = (&mut body, "");
    for step in place.split('/').skip(1) {
        if step == "0" {
            if !at.is_array() {
                *at = json!([{}]);
            }
            at = &mut at[0];
        } else {
            at = &mut at[step];
        }
        last = step;
    }
    *at = if matches!(last, "ids" | "recipients") { json!([value]) } else { json!(value) };
    body
}

/// A body that fails for nothing but the id that is put into it.
fn base(operation: &Operation, own: &Own) -> Value {
    let link = &own.ids["link_id"];
    match operation.id.as_str() {
        "update_links" => json!({ "links": [{ "id": link, "changes": { "title": "Changed" } }] }),
        "request_link_change" => json!({ "changes": { "title": "Changed" } }),
        "move_link" => json!({ "workspace_id": own.elsewhere }),
        "update_folder_access" => json!({ "members": [{ "access": "edit" }] }),
        "preview_qr_code" => json!({ "slug": "own" }),
        _ => sample(operation).expect("a body"),
    }
}

/// The response, as far as it has to be the same: without the id that was asked with, and what is of the moment.
fn comparable(answer: &str, asked_with: &str) -> Value {
    let answer = answer.replace(asked_with, "ASKED");
    let mut answer = serde_json::from_str(&answer).unwrap_or(Value::String(answer));
    forget_the_moment(&mut answer);
    answer
}

fn forget_the_moment(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| !OF_THE_MOMENT.contains(&name.as_str()));
            fields.values_mut().for_each(forget_the_moment);
        }
        Value::Array(items) => items.iter_mut().for_each(forget_the_moment),
        _ => {}
    }
}

/// Asks with their ids and with those of nothing.
struct Attack<'a> {
    platform: &'a Platform,
    own: &'a Own,
    tried: usize,
    wrong: String,
}

impl Attack<'_> {
    async fn ask(
        &self,
        operation: &Operation,
        asked_with: &str,
        query: &[(String, String)],
        body: Option<&Value>,
    ) -> (StatusCode, Value) {
        let own = self.own;
        let of_path = |name: &str| match (operation.id.as_str(), name) {
            ("request_link_change", "link_id") => own.guarded_link.clone(),
            ("restore_link", "link_id") => own.ids["deleted_link_id"].clone(),
            _ => own.ids.get(name).unwrap_or_else(|| panic!("whose is a {name}?")).clone(),
        };
        let url = self.platform.api(&path(operation, &own.account.workspace, of_path));
        let request = self.platform.client.request(operation.method.clone(), url).bearer_auth(&own.account.token);
        let request = match body {
            Some(body) => request.query(query).json(body),
            None => request.query(query),
        };
        let response = request.send().await.expect("a response");
        let status = response.status();
        (status, comparable(&response.text().await.expect("a body"), asked_with))
    }

    fn compare(&mut self, what: &str, theirs: &(StatusCode, Value), nothing: &(StatusCode, Value)) {
        if theirs != nothing || theirs.0.is_server_error() {
            writeln!(self.wrong, "{what}:\n  theirs  {theirs:?}\n  nothing {nothing:?}").expect("written");
        }
        self.tried += 1;
    }

    async fn by_query(&mut self, operation: &Operation, name: &str, pair: &Pair) {
        let required = query(operation);
        let asked = |id: &str| {
            let others = required.iter().filter(|(other, _)| *other != name);
            let others = others.map(|(other, value)| ((*other).to_owned(), (*value).to_owned()));
            others.chain([(name.to_owned(), id.to_owned())]).collect::<Vec<_>>()
        };
        let theirs = self.ask(operation, &pair.theirs, &asked(&pair.theirs), None).await;
        let nothing = self.ask(operation, &pair.nothing, &asked(&pair.nothing), None).await;
        self.compare(&format!("{} ?{name}", operation.id), &theirs, &nothing);
    }

    async fn by_body(&mut self, operation: &Operation, place: &str, pair: &Pair) {
        let base = base(operation, self.own);
        let asked = |id: &str| with(&base, place, id);
        let theirs = self.ask(operation, &pair.theirs, &[], Some(&asked(&pair.theirs))).await;
        let nothing = self.ask(operation, &pair.nothing, &[], Some(&asked(&pair.nothing))).await;
        self.compare(&format!("{} {place}", operation.id), &theirs, &nothing);
    }
}

/// What the owner of a workspace reads of it, without what clicks change on their own.
pub(super) async fn state(platform: &Platform, account: &Account) -> Value {
    let mut state = BTreeMap::new();
    for list in
        ["links", "folders", "members", "domains", "utm-templates", "freeze-windows", "report-schedules", "views"]
    {
        let mut rows = platform.read(account, &format!("/{list}")).await["data"].clone();
        for row in rows.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
            row.retain(|name, _| !matches!(name.as_str(), "clicks" | "last_click_at"));
        }
        state.insert(list, rows);
    }
    json!(state)
}

/// Has somebody follow the link, so that there are clicks which could be told.
async fn be_visited(platform: &Platform, theirs: &Account, link: &str) {
    let slug = platform.read(theirs, link).await["slug"].as_str().expect("a slug").to_owned();
    let visit = platform.client.get(platform.edge(&format!("/{slug}"))).header("host", "localhost");
    let visit = visit.header("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0");
    assert_eq!(visit.send().await.expect("a response").status(), StatusCode::FOUND);
    let is_counted = || async { platform.read(theirs, "/analytics/summary").await["clicks"] == 1 };
    eventually("the click is counted", is_counted).await;
}

/// One of everything in a workspace that is not the attacker's, with a click, by the fields and parameters that name it.
pub(super) async fn targets(platform: &Platform, theirs: &Account) -> BTreeMap<String, Pair> {
    let ids = furnish(platform, theirs).await;
    let link = format!("/links/{}", ids["link_id"]);
    body(platform.of(theirs, Method::PATCH, &link).json(&json!({ "title": "Theirs" })), StatusCode::OK).await;
    let history = platform.read(theirs, &format!("{link}/history")).await;
    let change = history["data"][0]["change_id"].as_str().expect("a change").to_owned();
    be_visited(platform, theirs, &link).await;
    pairs(theirs, &ids, &user_id(platform, theirs).await, &change)
}

/// The names of the query parameters of an operation that name something.
fn naming_parameters(operation: &Operation) -> Vec<String> {
    let parameters = operation.description["parameters"].as_array().into_iter().flatten();
    let names =
        parameters.filter(|parameter| parameter["in"] == "query").filter_map(|parameter| parameter["name"].as_str());
    names.filter(|name| NAMING.contains(name)).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_of_another_workspace_are_worth_as_little_as_those_of_nothing_wherever_they_stand() {
    let platform = Platform::start_with(|config| config.identity.open_registration = true).await;
    let theirs = platform.account().await;
    let pairs = targets(&platform, &theirs).await;
    let own = stranger(&platform).await;
    let before = state(&platform, &theirs).await;
    let document = Document::of(&platform).await;
    let mut attack = Attack { platform: &platform, own: &own, tried: 0, wrong: String::new() };
    let mut operations = document.operations();
    operations.retain(|operation| operation.path.starts_with("/v1/workspaces/{workspace_id}/"));
    // What only reads comes first, before what is written down of the other attacks is there to be read. A stream does not end.
    for operation in
        operations.iter().filter(|operation| operation.method == Method::GET && operation.id != "followAnalytics")
    {
        for name in naming_parameters(operation) {
            // Reports name a domain by its id, because a name may have been another's before.
            let is_id = operation.path.contains("/analytics/") && name == "domain";
            attack.by_query(operation, &name, &pairs[if is_id { "domain_id" } else { &name }]).await;
        }
    }
    for operation in operations {
        let Some(schema) = operation.body_schema() else { continue };
        let mut found = Vec::new();
        places(&document, schema, "", 0, &mut found);
        found.sort();
        found.dedup();
        for place in found {
            let name = place.rsplit('/').find(|step| *step != "0").expect("a name");
            attack.by_body(&operation, &place, &pairs[name]).await;
        }
    }
    assert!(attack.wrong.is_empty(), "{}", attack.wrong);
    assert!(attack.tried > 60, "{} places", attack.tried);
    assert_eq!(state(&platform, &theirs).await, before, "theirs is untouched");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_person_has_of_their_own_is_found_by_nobody_else() {
    let platform = Platform::start_with(|config| config.identity.open_registration = true).await;
    let owner = platform.account().await;
    let client = public_client(&platform, &owner).await;
    acting(&Browser::of_the_owner(&platform).await, &client, "links:read", &owner.workspace).await;
    let eve = newcomer(&platform, "eve@example.com").await;
    for list in ["/v1/auth/sessions", "/v1/me/consents"] {
        let read = async |token: &str| body(of(&platform, token, Method::GET, list), StatusCode::OK).await;
        let theirs = read(&owner.token).await["data"].clone();
        let theirs = theirs.as_array().expect("a list");
        let seen = read(&eve).await.to_string();
        assert!(!theirs.is_empty() && theirs.iter().all(|one| !seen.contains(&id(one))), "{list}: {seen}");
        for one in theirs {
            let end = of(&platform, &eve, Method::DELETE, &format!("{list}/{}", id(one)));
            body(end, StatusCode::NOT_FOUND).await;
        }
        assert_eq!(read(&owner.token).await["data"].as_array().map(Vec::len), Some(theirs.len()), "{list}");
    }
}
