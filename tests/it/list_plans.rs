//! How the database reads what lists show: never a whole table.
//!
//! One thing is left out: `search` looks into every link of its workspace, and a workspace may be the whole table.

use std::collections::BTreeMap;

use reqwest::{Method, StatusCode};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::audit_of_accounts::linked;
use crate::domains::claim;
use crate::event_failures;
use crate::permissions::document::Document;
use crate::permissions::requests::{nobody, path};
use crate::support::database;
use crate::support::members::{invite, key, user_id};
use crate::support::oauth::{Browser, acting, public_client};
use crate::support::platform::{Account, Platform, body};
use elido::domain::role::Role;
use elido::roles::{self, Roles};

/// So many rows that reading them all costs more than any index does.
const ROWS: i64 = 20_000;

/// What is filled, and what tells its rows apart: in each table that many copies of one of its rows.
const FILLED: [(&str, &str); 28] = [
    ("users", "'id', gen_random_uuid(), 'email', n || '@example.com', 'email_key', n || '@example.com'"),
    ("sessions", "'id', gen_random_uuid(), 'token_hash', '\\x' || md5(n::text)"),
    ("workspaces", "'id', gen_random_uuid(), 'slug', 'copy-' || n"),
    ("api_keys", "'id', gen_random_uuid(), 'token_hash', '\\x' || md5(n::text)"),
    ("tags", "'id', gen_random_uuid(), 'name_key', 'copy ' || n"),
    ("domains", "'id', gen_random_uuid(), 'hostname', n || '.example'"),
    ("links", "'id', gen_random_uuid(), 'slug', 'copy-' || n, 'slug_key', 'copy-' || n"),
    ("folders", "'id', gen_random_uuid(), 'name_key', 'copy ' || n"),
    ("utm_templates", "'id', gen_random_uuid(), 'name_key', 'copy ' || n"),
    ("views", "'id', gen_random_uuid()"),
    ("shares", "'id', gen_random_uuid(), 'token_hash', '\\x' || md5(n::text)"),
    ("link_comments", "'id', gen_random_uuid()"),
    ("link_versions", "'version', 1000 + n"),
    ("deleted_links", "'id', gen_random_uuid(), 'slug_key', 'copy-' || n"),
    ("freeze_windows", "'id', gen_random_uuid()"),
    ("link_change_requests", "'id', gen_random_uuid()"),
    ("invitations", "'id', gen_random_uuid(), 'email_key', n || '@example.com', 'token_hash', '\\x' || md5(n::text)"),
    ("jobs", "'id', gen_random_uuid(), 'unique_key', NULL, 'state', 'done', 'finished_at', t.created_at"),
    ("audit_events", "'sequence', 1000 + n, 'id', gen_random_uuid()"),
    ("evidence_exports", "'id', gen_random_uuid()"),
    ("click_exports", "'id', gen_random_uuid()"),
    ("report_schedules", "'id', gen_random_uuid()"),
    ("event_failures", "'sequence', 1000 + n"),
    ("events", "'sequence', 1000 + n, 'id', gen_random_uuid()"),
    ("external_identities", "'id', gen_random_uuid(), 'subject', 'copy-' || n"),
    ("memberships", "'user_id', (SELECT id FROM users WHERE email_key = n || '@example.com')"),
    ("oauth_clients", "'id', gen_random_uuid()"),
    (
        "oauth_consents",
        "'id', gen_random_uuid(), 'user_id', (SELECT id FROM users WHERE email_key = n || '@example.com')",
    ),
];

/// PostgreSQL counts the rows that it reads by going through a table from end to end.
#[tokio::test]
async fn no_list_reads_a_whole_table_whatever_it_is_filtered_by() {
    if database::is_embedded() {
        println!(
            "SKIPPED: only PostgreSQL counts what it reads from end to end; the indexes of both databases are the same"
        );
        return;
    }
    let mut platform = Platform::start().await;
    let account = platform.account().await;
    one_of_each(&platform, &account).await;
    platform.stop().await;
    let url = platform.config.database.url.expose_secret();
    let mut connection = PgConnection::connect(url).await.expect("the server");
    for (table, differences) in FILLED {
        fill(&mut connection, table, differences).await;
    }
    connection.execute("VACUUM (ANALYZE)").await.expect("statistics");
    sequential_reads(&mut connection).await;
    // Edges read the names of all links when they start, and workers look after all rows.
    platform.start_again_as(Roles::only(roles::Role::Api)).await;
    let account = platform.sign_in().await;
    let asked = ask_for_every_list(&platform, &account).await;
    assert!(asked > 50, "only {asked} requests");
    platform.stop().await;

    let scanned = sequential_reads(&mut connection).await;
    assert!(scanned.is_empty(), "{asked} requests read these tables from end to end: {scanned:?}");
}

/// How often each table of many rows was read from end to end since the last time that somebody asked.
async fn sequential_reads(connection: &mut PgConnection) -> BTreeMap<String, i64> {
    // Whoever has read counts it when its connection ends.
    let others =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'";
    while sqlx::query_scalar::<_, i64>(others).fetch_one(&mut *connection).await.expect("a count") > 1 {
        tokio::task::yield_now().await;
    }
    let counts = "SELECT relname::text, seq_scan FROM pg_stat_user_tables WHERE seq_tup_read >= $1";
    let counts: Vec<(String, i64)> =
        sqlx::query_as(counts).bind(ROWS).fetch_all(&mut *connection).await.expect("counts");
    connection.execute("SELECT pg_stat_reset()").await.expect("no counts");
    counts.into_iter().collect()
}

async fn one_of_each(platform: &Platform, account: &Account) {
    claim(platform, account, "go.example").await;
    platform.create_link(account, &json!({"destination_url": "https://example.com/", "tags": ["spring"]})).await;
    let folder = platform.of(account, Method::POST, "/folders").json(&json!({"name": "Spring"}));
    body(folder, StatusCode::CREATED).await;
    let template = platform.of(account, Method::POST, "/utm-templates").json(&json!({"name": "Spring", "utm": {}}));
    body(template, StatusCode::CREATED).await;
    let view = platform.of(account, Method::POST, "/views").json(&json!({"name": "Spring", "page": "links"}));
    body(view, StatusCode::CREATED).await;
    let share = platform.of(account, Method::POST, "/shares").json(&json!({"name": "Spring"}));
    body(share, StatusCode::CREATED).await;
    let link = platform.create_link(account, &json!({"destination_url": "https://example.com/"})).await;
    let comments = format!("/links/{}/comments", link["id"].as_str().expect("an id"));
    body(platform.of(account, Method::POST, &comments).json(&json!({"text": "T"})), StatusCode::CREATED).await;
    let window = json!({"reason": "T", "starts_at": "2999-01-01T00:00:00Z", "ends_at": "2999-01-02T00:00:00Z"});
    body(platform.of(account, Method::POST, "/freeze-windows").json(&window), StatusCode::CREATED).await;
    let guarded = json!({"destination_url": "https://example.com/", "needs_approval": true});
    let guarded = platform.create_link(account, &guarded).await;
    let requests = format!("/links/{}/change-requests", guarded["id"].as_str().expect("an id"));
    body(platform.of(account, Method::POST, &requests).json(&json!({"delete": true})), StatusCode::CREATED).await;
    for change in [json!({"title": "T"}), Value::Null] {
        let link = json!({"destination_url": "https://example.com/"});
        let link = platform.create_link(account, &link).await;
        let path = format!("/links/{}", link["id"].as_str().expect("an id"));
        let request = if change.is_null() {
            platform.of(account, Method::DELETE, &path)
        } else {
            platform.of(account, Method::PATCH, &path).json(&change)
        };
        assert!(request.send().await.expect("a response").status().is_success());
    }
    invite(platform, account, "guest@example.com", Role::Viewer).await;
    key(platform, account, &json!({"name": "Key", "scopes": ["links:read"]})).await;
    let export = platform.of(account, Method::POST, "/evidence-exports").json(&json!({}));
    body(export, StatusCode::ACCEPTED).await;
    let report = json!({"name": "T", "every": "week", "recipients": [user_id(platform, account).await]});
    body(platform.of(account, Method::POST, "/report-schedules").json(&report), StatusCode::CREATED).await;
    let clicks = platform.of(account, Method::POST, "/click-exports").json(&json!({}));
    body(clicks, StatusCode::ACCEPTED).await;
    let store = event_failures::store_of(platform).await;
    event_failures::set_aside(&store, &nobody("consumer"), 1).await;
    store.close().await;
    let client = public_client(platform, account).await;
    acting(&Browser::of_the_owner(platform).await, &client, "links:read", &account.workspace).await;
    linked(platform, &account.token).await;
}

async fn fill(connection: &mut PgConnection, table: &str, differences: &str) {
    let copy =
        format!("(jsonb_populate_record(t, jsonb_build_object('created_at', t.created_at + n, {differences}))).*");
    let last = format!("t.ctid = (SELECT ctid FROM {table} ORDER BY ctid DESC LIMIT 1)");
    let sql = format!("INSERT INTO {table} SELECT {copy} FROM {table} t, generate_series(1, {ROWS}) AS n WHERE {last}");
    let filled = connection.execute(AssertSqlSafe(sql)).await.unwrap_or_else(|error| panic!("{table}: {error}"));
    assert_eq!(filled.rows_affected(), ROWS as u64, "{table}");
}

async fn ask_for_every_list(platform: &Platform, account: &Account) -> usize {
    let mut asked = 0;
    let link = platform.create_link(account, &json!({"destination_url": "https://example.com/"})).await;
    let link = link["id"].as_str().expect("an id");
    let known = |name: &str| if name == "link_id" { link.to_owned() } else { nobody(name) };
    for operation in Document::of(platform).await.operations() {
        let filters = operation.filters();
        let is_list = operation.method == Method::GET
            && (filters.iter().any(|(name, _)| name == "limit") || operation.path.ends_with("/export"));
        // Clicks are in another store.
        if !is_list || operation.path.contains("/analytics/") {
            continue;
        }
        let url = platform.api(&path(&operation, &account.workspace, known));
        let filters = filters.iter().filter(|(name, _)| name != "search");
        for filter in std::iter::once(None).chain(filters.map(Some)) {
            let request = platform.client.get(&url).bearer_auth(&account.token).query(filter.as_slice());
            let status = request.send().await.expect("a response").status();
            assert_eq!(status, StatusCode::OK, "{url} with {filter:?}");
            asked += 1;
        }
    }
    asked
}
