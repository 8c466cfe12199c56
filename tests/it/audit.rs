//! The audit trail as people read it, and whether tampering shows.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use reqwest::{Method, RequestBuilder, StatusCode};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::support::name_server::NameServer;
use crate::support::platform::{Account, Platform, body, eventually};
use crate::support::statements::{do_again, execute};
use crate::{
    audit_of_accounts, audit_of_domains, audit_of_links, audit_of_people, audit_of_programs, audit_of_views,
    event_failures,
};

/// Changing operations that change nothing anybody would ask about.
const NOT_AUDITED: [&str; 14] = [
    "testReportSchedule",
    "getSharedReport",
    "preview_qr_code",
    "resolve_draft",
    "issueToken",
    "introspectToken",
    "resolve_link",
    "show_invitation",
    "requestRegistration",
    "requestPasswordReset",
    "requestEmailVerification",
    "requestEmailChange",
    "beginSecondFactor",
    "beginIdentityLink",
];

/// Reading operations after which something may be out of our hands.
const AUDITED_READS: [&str; 1] = ["download_link_qr_code"];

/// Runs the executable with a token and a workspace.
pub async fn elido(platform: &Platform, account: &Account, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_elido"));
    command
        .args(arguments)
        .env("ELIDO_API_URL", platform.api(""))
        .env("ELIDO_TOKEN", &account.token)
        .env("ELIDO_WORKSPACE", &account.workspace)
        .env("ELIDO_DATA_FOLDER", &platform.config.data_folder)
        .env("ELIDO_DATABASE__URL", platform.config.database.url.expose_secret())
        .current_dir(&platform.config.data_folder);
    tokio::task::spawn_blocking(move || command.output()).await.expect("a thread").expect("the executable runs")
}

/// What a command has printed.
pub fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

async fn actions(platform: &Platform, account: &Account, query: &str) -> Vec<String> {
    let page = platform.read(account, &format!("/audit-events?{query}")).await;
    let rows = page["data"].as_array().expect("rows").iter();
    rows.map(|row| row["action"].as_str().expect("an action").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trail_is_listed_by_what_people_ask_for_and_in_pages() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let link = platform
        .create_link(&account, &json!({ "destination_url": "https://example.com/", "password": "open sesame" }))
        .await;
    let path = format!("/links/{}", link["id"].as_str().expect("an id"));
    body(platform.of(&account, Method::PATCH, &path).json(&json!({ "password": "other words" })), StatusCode::OK).await;
    let key = json!({ "name": "CI", "scopes": ["links:write", "audit:read"] });
    let key = body(platform.of(&account, Method::POST, "/api-keys").json(&key), StatusCode::CREATED).await;
    let by_key =
        Account { token: key["token"].as_str().expect("a token").to_owned(), workspace: account.workspace.clone() };
    body(platform.of(&by_key, Method::DELETE, &path), StatusCode::NO_CONTENT).await;

    assert_eq!(
        actions(&platform, &by_key, "").await,
        ["link.deleted", "api_key.created", "link.updated", "link.created", "workspace.created"]
    );
    let key_id = key["id"].as_str().expect("an id");
    assert_eq!(actions(&platform, &account, &format!("actor={key_id}")).await, ["link.deleted"]);
    assert_eq!(actions(&platform, &account, "action=link.created").await, ["link.created"]);
    let target = format!("target={}", link["id"].as_str().expect("an id"));
    assert_eq!(actions(&platform, &account, &target).await, ["link.deleted", "link.updated", "link.created"]);
    let until = format!("until={}", link["created_at"].as_str().expect("a time"));
    assert_eq!(actions(&platform, &account, &until).await, ["workspace.created"]);

    let mut seen = Vec::new();
    let mut path = "/audit-events?limit=2".to_owned();
    loop {
        let page = platform.read(&account, &path).await;
        seen.extend(
            page["data"].as_array().expect("rows").iter().map(|row| row["sequence"].as_i64().expect("a number")),
        );
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/audit-events?limit=2&cursor={cursor}");
    }
    assert_eq!(seen, [5, 4, 3, 2, 1]);

    let all = platform.read(&account, "/audit-events").await.to_string();
    for secret in ["sesame", "argon2", "token_hash", &by_key.token[12..]] {
        assert!(!all.contains(secret), "{secret} is in the trail");
    }
    let refused = body(platform.of(&account, Method::GET, "/audit-events?actor=me"), StatusCode::BAD_REQUEST).await;
    assert_eq!(refused["errors"][0]["pointer"], "actor");
    let poor = json!({ "name": "poor", "scopes": ["links:write"] });
    let poor = body(platform.of(&account, Method::POST, "/api-keys").json(&poor), StatusCode::CREATED).await;
    let poor =
        Account { token: poor["token"].as_str().expect("a token").to_owned(), workspace: account.workspace.clone() };
    for path in ["/audit-events", "/audit-events/export", "/events"] {
        body(platform.of(&poor, Method::GET, path), StatusCode::FORBIDDEN).await;
    }
    let admin = platform.client.get(platform.api("/v1/admin/audit-events"));
    body(admin.try_clone().expect("a request").bearer_auth(&by_key.token), StatusCode::FORBIDDEN).await;
    let instance = body(admin.bearer_auth(&account.token), StatusCode::OK).await;
    let actions: Vec<&Value> = instance["data"].as_array().expect("rows").iter().map(|row| &row["action"]).collect();
    assert_eq!(actions, ["session.started", "instance.bootstrapped", "domain.created"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_sees_its_own_trail_and_events_alone() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let other = platform.sign_in().await;
    platform.create_link(&other, &json!({ "destination_url": "https://example.com/", "slug": "theirs" })).await;
    for path in ["/audit-events", "/audit-events/export", "/events", "/events?types=link.*"] {
        let own =
            platform.of(&account, Method::GET, path).send().await.expect("a response").text().await.expect("a body");
        assert!(!own.contains("theirs") && !own.contains(&other.workspace), "{path}: {own}");
    }
    let key = json!({ "name": "own", "scopes": ["audit:read", "events:read"] });
    let key = body(platform.of(&account, Method::POST, "/api-keys").json(&key), StatusCode::CREATED).await;
    let intruder =
        Account { token: key["token"].as_str().expect("a token").to_owned(), workspace: other.workspace.clone() };
    for path in ["/audit-events", "/audit-events/export", "/events"] {
        body(platform.of(&intruder, Method::GET, path), StatusCode::NOT_FOUND).await;
    }
}

/// What a test does to the trail behind the back of the platform.
async fn tamper(platform: &Platform, statement: &str) -> String {
    execute(&platform.config, statement).await;
    let account = Account { token: "none".to_owned(), workspace: String::new() };
    let output = elido(platform, &account, &["audit", "verify"]).await;
    assert_eq!(output.status.code(), Some(1), "{statement}: {}", text(&output));
    text(&output)
}

#[tokio::test(flavor = "multi_thread")]
async fn tampering_with_the_database_or_a_file_is_found() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    for number in 0..5 {
        let link = json!({ "destination_url": format!("https://example.com/{number}"), "title": "Müller — \u{1f600}" });
        platform.create_link(&account, &link).await;
    }
    let file = platform.config.data_folder.join("audit.ndjson");
    let name = file.to_str().expect("a path");
    let exported = elido(&platform, &account, &["audit", "export", name]).await;
    assert!(exported.status.success(), "{}", text(&exported));
    for arguments in [&["audit", "verify", name][..], &["audit", "verify"], &["audit", "verify", "--database", name]] {
        let verified = elido(&platform, &account, arguments).await;
        assert!(verified.status.success(), "{arguments:?}: {}", text(&verified));
    }
    let listed = elido(&platform, &account, &["audit", "list", "--limit", "1"]).await;
    assert!(text(&listed).contains("link.created"), "{}", text(&listed));

    let lines: Vec<String> = fs::read_to_string(&file).expect("the file").lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 7, "a header and six rows");
    let forged = |change: &dyn Fn(&mut Vec<String>)| {
        let mut lines = lines.clone();
        change(&mut lines);
        lines.join("\n") + "\n"
    };
    let attacks = [
        forged(&|lines| lines[3] = lines[3].replace("example.com", "example.org")),
        forged(&|lines| drop(lines.remove(3))),
        forged(&|lines| lines.swap(3, 4)),
        forged(&|lines| lines.insert(3, lines[3].clone())),
        forged(&|lines| lines.truncate(5)),
        forged(&|lines| drop(lines.remove(1))),
        forged(&|lines| lines[4].truncate(20)),
    ];
    for attack in attacks {
        let path = platform.config.data_folder.join("forged.ndjson");
        fs::write(&path, attack).expect("a file");
        let verified = elido(&platform, &account, &["audit", "verify", path.to_str().expect("a path")]).await;
        assert_eq!(verified.status.code(), Some(1), "{}", text(&verified));
        assert!(text(&verified).contains("NOT whole"), "{}", text(&verified));
    }

    // The end, both rows and head: only somebody who kept a file can tell.
    platform.create_link(&account, &json!({ "destination_url": "https://example.com/" })).await;
    let later = elido(&platform, &account, &["audit", "export", name]).await;
    assert!(later.status.success());
    let cut = "UPDATE audit_heads SET sequence = 6, hash = (SELECT hash FROM audit_events e WHERE e.chain = audit_heads.chain \
               AND e.sequence = 6) WHERE sequence = 7";
    execute(&platform.config, cut).await;
    execute(&platform.config, "DELETE FROM audit_events WHERE sequence = 7").await;
    let verified = elido(&platform, &account, &["audit", "verify"]).await;
    assert!(verified.status.success(), "{}", text(&verified));
    let verified = elido(&platform, &account, &["audit", "verify", "--database", name]).await;
    assert!(!verified.status.success() && text(&verified).contains("cut off or written anew"), "{}", text(&verified));

    let found = tamper(&platform, "DELETE FROM audit_events WHERE sequence = 6").await;
    assert!(found.contains("the end was cut off"), "{found}");
    let found = tamper(&platform, "UPDATE audit_events SET target = 'lnk_x' WHERE sequence = 4").await;
    assert!(found.contains("row 4 does not fit its hash"), "{found}");
    let found = tamper(&platform, "DELETE FROM audit_events WHERE sequence = 3").await;
    assert!(found.contains("row 4 stands where row 3 should"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_follow_each_other_and_come_as_csv_too() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    platform.create_link(&account, &json!({ "destination_url": "https://example.com/" })).await;
    let folder = platform.config.data_folder.clone();
    let path = |name: &str| folder.join(name).to_str().expect("a path").to_owned();
    let (first, second, table) = (path("1.ndjson"), path("2.ndjson"), path("all.csv"));
    assert!(elido(&platform, &account, &["audit", "export", &first]).await.status.success());
    platform.create_link(&account, &json!({ "destination_url": "https://example.com/" })).await;
    assert!(elido(&platform, &account, &["audit", "export", "--after", "2", &second]).await.status.success());
    let verified = elido(&platform, &account, &["audit", "verify", &first, &second]).await;
    assert!(verified.status.success(), "{}", text(&verified));
    assert!(elido(&platform, &account, &["audit", "export", "--format", "csv", &table]).await.status.success());
    let rows =
        csv::Reader::from_path(Path::new(&table)).expect("a table").into_records().collect::<Result<Vec<_>, _>>();
    assert_eq!(rows.expect("records").len(), 3);
    let beyond = elido(&platform, &account, &["audit", "export", "--after", "9", &second]).await;
    assert!(!beyond.status.success() && text(&beyond).contains("no row of this number"), "{}", text(&beyond));
    let instance = elido(&platform, &account, &["audit", "export", "--instance", &table]).await;
    assert!(instance.status.success(), "{}", text(&instance));
}

/// What the walk works with: things that operations are done to.
struct Walk<'a> {
    platform: &'a Platform,
    dns: &'a NameServer,
    account: &'a Account,
    steps: i64,
}

impl Walk<'_> {
    /// A name that nothing has yet.
    fn fresh(&mut self) -> String {
        self.steps += 1;
        format!("walk-{}", self.steps)
    }

    async fn make(&mut self, path: &str, form: &Value) -> Value {
        body(self.platform.of(self.account, Method::POST, path).json(form), StatusCode::CREATED).await
    }

    async fn link(&mut self) -> String {
        let link = json!({ "destination_url": "https://example.com/", "slug": self.fresh() });
        self.make("/links", &link).await["id"].as_str().expect("an id").to_owned()
    }

    async fn tag(&mut self) -> String {
        let tag = json!({ "name": self.fresh() });
        self.make("/tags", &tag).await["id"].as_str().expect("an id").to_owned()
    }

    /// A job of this kind that was given up.
    async fn dead_job(&self, kind: &str) -> String {
        let jobs = |state: &str| {
            let url = self.platform.api(&format!("/v1/admin/jobs?kind={kind}&state={state}"));
            body(self.platform.client.get(url).bearer_auth(&self.account.token), StatusCode::OK)
        };
        do_again(&self.platform.config, kind, "payload = '7', attempts = max_attempts - 1").await;
        eventually("it is given up", || async { jobs("dead").await["data"][0].is_object() }).await;
        jobs("dead").await["data"][0]["id"].as_str().expect("an id").to_owned()
    }

    async fn session(&mut self) -> String {
        self.platform.sign_in().await.token
    }

    /// The request that does an operation, and its body.
    async fn request(&mut self, operation: &str) -> (Method, String, Value, Option<String>) {
        let workspace = format!("/v1/workspaces/{}", self.account.workspace);
        let link = json!({ "destination_url": "https://example.com/", "slug": self.fresh() });
        let at = |path: String| format!("{workspace}{path}");
        match operation {
            "signIn" => {
                let person =
                    json!({ "email": crate::support::platform::EMAIL, "password": crate::support::platform::PASSWORD });
                (Method::POST, "/v1/auth/sign-in".to_owned(), person, None)
            }
            "signOut" => (Method::POST, "/v1/auth/sign-out".to_owned(), Value::Null, Some(self.session().await)),
            "endSession" => {
                let token = self.session().await;
                let sessions = self.platform.client.get(self.platform.api("/v1/auth/sessions")).bearer_auth(&token);
                let sessions = body(sessions, StatusCode::OK).await;
                let id =
                    sessions["data"].as_array().expect("sessions").iter().find(|session| session["is_current"] == true);
                let id = id.expect("its own")["id"].as_str().expect("an id").to_owned();
                (Method::DELETE, format!("/v1/auth/sessions/{id}"), Value::Null, None)
            }
            "create_workspace" => {
                (Method::POST, "/v1/workspaces".to_owned(), json!({ "name": "W", "slug": self.fresh() }), None)
            }
            "eraseClicks" => {
                (Method::POST, at("/analytics/erasures".to_owned()), json!({ "to": "2020-01-01T00:00:00Z" }), None)
            }
            "update_workspace" => (Method::PATCH, workspace, json!({ "name": self.fresh() }), None),
            "delete_workspace" => {
                let other = self.platform.sign_in().await;
                (Method::DELETE, format!("/v1/workspaces/{}", other.workspace), Value::Null, None)
            }
            "create_api_key" => {
                (Method::POST, at("/api-keys".to_owned()), json!({ "name": "K", "scopes": ["links:read"] }), None)
            }
            "revoke_api_key" => {
                let key = self.make("/api-keys", &json!({ "name": "K", "scopes": ["links:read"] })).await;
                (Method::DELETE, at(format!("/api-keys/{}", key["id"].as_str().expect("an id"))), Value::Null, None)
            }
            "update_domain" => {
                let domain = self.platform.read(self.account, "/domains").await["data"][0]["id"].clone();
                let path = at(format!("/domains/{}", domain.as_str().expect("an id")));
                (Method::PATCH, path, json!({ "root_url": "https://example.com/" }), None)
            }
            "create_tag" => (Method::POST, at("/tags".to_owned()), json!({ "name": self.fresh() }), None),
            "update_tag" => {
                (Method::PATCH, at(format!("/tags/{}", self.tag().await)), json!({ "color": "#010203" }), None)
            }
            "delete_tag" => (Method::DELETE, at(format!("/tags/{}", self.tag().await)), Value::Null, None),
            "create_link" => (Method::POST, at("/links".to_owned()), link, None),
            "update_link" => {
                (Method::PATCH, at(format!("/links/{}", self.link().await)), json!({ "title": "T" }), None)
            }
            "delete_link" => (Method::DELETE, at(format!("/links/{}", self.link().await)), Value::Null, None),
            "create_links" => (Method::POST, at("/links/bulk".to_owned()), json!({ "links": [link] }), None),
            "update_links" => {
                let edit = json!({ "links": [{ "id": self.link().await, "changes": { "title": "T" } }] });
                (Method::PATCH, at("/links/bulk".to_owned()), edit, None)
            }
            "delete_links" => {
                (Method::POST, at("/links/bulk/delete".to_owned()), json!({ "ids": [self.link().await] }), None)
            }
            "updateQueryLimits" => {
                let limits = workspace.replace("/workspaces/", "/admin/workspaces/") + "/query-limits";
                (Method::PATCH, limits, json!({ "seconds_max": 5 }), None)
            }
            "createClickExport" => (Method::POST, at("/click-exports".to_owned()), json!({}), None),
            "create_evidence_export" => (Method::POST, at("/evidence-exports".to_owned()), json!({}), None),
            "retry_job" => {
                let id = self.dead_job("forget_sessions").await;
                (Method::POST, format!("/v1/admin/jobs/{id}/retry"), Value::Null, None)
            }
            "discard_job" => {
                let id = self.dead_job("forget_changes").await;
                (Method::POST, format!("/v1/admin/jobs/{id}/discard"), Value::Null, None)
            }
            "retry_event_failure" | "discard_event_failure" => {
                let store = event_failures::store_of(self.platform).await;
                let sequence = event_failures::set_aside(&store, &self.fresh(), 1).await[0];
                let what = operation.split('_').next().expect("a word");
                let consumer = format!("walk-{}", self.steps);
                let path = format!("/v1/admin/event-consumers/{consumer}/failures/{sequence}/{what}");
                (Method::POST, path, Value::Null, None)
            }
            other => {
                let email = format!("{}@example.com", self.fresh());
                let (platform, account) = (self.platform, self.account);
                if let Some(request) = audit_of_people::request(platform, account, other, &email).await {
                    return request;
                }
                if let Some((method, path, form)) = audit_of_links::request(platform, account, other).await {
                    return (method, at(path), form, None);
                }
                if let Some((method, path, form)) = audit_of_views::request(platform, account, other).await {
                    return (method, at(path), form, None);
                }
                let request = audit_of_accounts::request(platform, &account.token, other, &email).await;
                request.unwrap_or_else(|| panic!("write down how {other} is done, so that its row is looked for"))
            }
        }
    }

    /// The same, ready to be sent, and its path where that is asked for later.
    async fn built(&mut self, operation: &str) -> (RequestBuilder, String) {
        if let Some(request) = audit_of_programs::request(self.platform, self.account, operation).await {
            return (request, String::new());
        }
        if let Some(request) = audit_of_domains::request(self.platform, self.dns, self.account, operation).await {
            return (request, String::new());
        }
        let (method, path, form, token) = self.request(operation).await;
        let request = self.platform.client.request(method, self.platform.api(&path));
        let request = request.bearer_auth(token.as_ref().unwrap_or(&self.account.token));
        (if form.is_null() { request } else { request.json(&form) }, path)
    }

    /// The rows of the trail: of the workspace, of every other one, and of the instance.
    async fn newest(&self) -> Vec<(i64, String)> {
        let mut rows = Vec::new();
        let workspaces = self.platform.client.get(self.platform.api("/v1/workspaces?limit=100"));
        let workspaces = body(workspaces.bearer_auth(&self.account.token), StatusCode::OK).await;
        let ids = workspaces["data"].as_array().expect("workspaces").iter();
        let mut paths: Vec<String> = ids
            .map(|workspace| {
                format!("/v1/workspaces/{}/audit-events?limit=100", workspace["id"].as_str().expect("an id"))
            })
            .collect();
        paths.push("/v1/admin/audit-events?limit=100".to_owned());
        for path in paths {
            let page = self.platform.client.get(self.platform.api(&path)).bearer_auth(&self.account.token);
            let page = body(page, StatusCode::OK).await;
            rows.extend(page["data"].as_array().expect("rows").iter().map(|row| {
                (row["sequence"].as_i64().expect("a number"), row["action"].as_str().expect("an action").to_owned())
            }));
        }
        rows
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_changing_operation_writes_the_row_that_the_document_names() {
    let dns = NameServer::start().await;
    let platform = Platform::start_with(|config| {
        dns.configure(config);
        config.api.rate_limit_per_minute = 0;
        config.identity.open_registration = true;
    })
    .await;
    let account = platform.account().await;
    let document: Value = body(platform.client.get(platform.api("/openapi.json")), StatusCode::OK).await;
    let types = platform.client.get(platform.api("/v1/event-types")).bearer_auth(&account.token);
    let types = body(types, StatusCode::OK).await.to_string();
    let mut walk = Walk { platform: &platform, dns: &dns, account: &account, steps: 0 };
    let mut walked = 0;
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let id = operation["operationId"].as_str().expect("an id");
            if (method == "get" && !AUDITED_READS.contains(&id)) || NOT_AUDITED.contains(&id) {
                assert!(operation["x-audit-action"].is_null(), "{id} changes nothing");
                continue;
            }
            let action = operation["x-audit-action"].as_str();
            let action = action.unwrap_or_else(|| panic!("{id} ({method} {path}) says no x-audit-action"));
            assert!(types.contains(&format!("\"{action}\"")), "{action} is no type of events");
            let (request, path) = walk.built(id).await;
            let before = walk.newest().await.into_iter().filter(|(_, name)| name == action).count();
            let response = request.send().await.expect("a response");
            let (status, answer) = (response.status(), response.text().await.expect("a body"));
            assert!(status.is_success() || status.is_redirection(), "{id}: {status} {answer}");
            if id == "delete_workspace" {
                // Until then, nobody reads its trail.
                let undelete = platform.client.post(platform.api(&format!("{path}/undelete")));
                body(undelete.bearer_auth(&account.token), StatusCode::OK).await;
            }
            let after = walk.newest().await.into_iter().filter(|(_, name)| name == action).count();
            assert_eq!(after, before + 1, "{id} writes one row {action}");
            walked += 1;
        }
    }
    assert!(walked >= 18, "the document was read: {walked}");
}
