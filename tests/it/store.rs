//! The source of truth itself: its schemas, its exactness, and what becomes of requests when it is unavailable.

use std::collections::BTreeSet;

use elido::config::defaults;
use elido::config::sections::DatabaseConfig;
use elido::domain::id::LinkId;
use elido::infra::store::{self, Store, link_clicks};
use elido::runtime::clock;
use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::json;
use sqlx::{Connection, Executor, PgConnection, Row, SqliteConnection};

use crate::support::platform::{Platform, body, eventually};
use crate::support::{cuttable_proxy::CuttableProxy, database};

#[tokio::test(flavor = "multi_thread")]
async fn migrations_are_applied_once_and_tell_where_they_stand() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = DatabaseConfig { url: database::of_its_own().await, ..defaults().expect("defaults").database };
    let before = store::migrations_status(&config, folder.path()).await.expect("a status");
    assert!(before.iter().all(|migration| !migration.applied));
    assert_eq!(store::migrate(&config, folder.path()).await.expect("a schema"), before.len());
    assert_eq!(store::migrate(&config, folder.path()).await.expect("nothing to do"), 0);
    let after = store::migrations_status(&config, folder.path()).await.expect("a status");
    assert!(after.iter().all(|migration| migration.applied));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_visitors_never_use_up_more_clicks_than_there_are() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let link = json!({ "destination_url": "https://example.com/", "max_clicks": 40,
        "click_budget": { "clicks": 25, "period": "month", "time_zone": "UTC" } });
    let link = platform.create_link(&account, &link).await;
    let id: LinkId = link["id"].as_str().expect("an id").parse().expect("a link's id");
    let store = Store::connect(&platform.config.database, &platform.config.data_folder).await.expect("a store");
    let claims = join_all((0..200).map(|_| async {
        let transaction = store.write().await.expect("a transaction");
        let claimed = link_clicks::claim_click(&transaction, id, clock::now()).await.expect("a response");
        transaction.commit().await.expect("a commit");
        claimed
    }));
    assert_eq!(claims.await.into_iter().flatten().count(), 25);
}

/// Columns as `table.column kind nullable`, and constraints as `table unique|references …`.
type Schema = BTreeSet<String>;

#[tokio::test(flavor = "multi_thread")]
async fn both_databases_have_the_same_schema() {
    let named = std::env::var("ELIDO_TEST_POSTGRES_URL").ok();
    let Some(server) = named.filter(|server| !server.is_empty()) else {
        println!("SKIPPED: ELIDO_TEST_POSTGRES_URL does not name a server");
        assert!(std::env::var("CI").is_err(), "ELIDO_TEST_POSTGRES_URL must name a server in CI");
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let defaults = defaults().expect("defaults").database;
    store::migrate(&defaults, folder.path()).await.expect("an SQLite schema");
    let file = format!("sqlite:{}", folder.path().join("elido.db").display());
    let sqlite = sqlite_schema(&mut SqliteConnection::connect(&file).await.expect("an SQLite database")).await;

    let url = database::new_postgres_database(&server).await;
    let config = DatabaseConfig { url: url.clone().into(), ..defaults };
    store::migrate(&config, folder.path()).await.expect("a PostgreSQL schema");
    let postgres = postgres_schema(&mut PgConnection::connect(&url).await.expect("a PostgreSQL database")).await;

    let only_sqlite: Vec<_> = sqlite.difference(&postgres).collect();
    let only_postgres: Vec<_> = postgres.difference(&sqlite).collect();
    assert!(
        only_sqlite.is_empty() && only_postgres.is_empty(),
        "SQLite: {only_sqlite:#?}\nPostgreSQL: {only_postgres:#?}"
    );
    assert!(sqlite.len() > 100, "the schemas were read");
}

async fn sqlite_schema(connection: &mut SqliteConnection) -> Schema {
    let mut schema = Schema::new();
    let columns = "SELECT t.name, c.name, c.type, c.\"notnull\" FROM sqlite_schema t JOIN pragma_table_info(t.name) c \
                   WHERE t.type = 'table' AND t.name NOT LIKE '\\_sqlx%' ESCAPE '\\' AND t.name NOT LIKE 'sqlite%'";
    for row in connection.fetch_all(columns).await.expect("columns") {
        let kind = match row.get::<&str, _>(2) {
            "INTEGER" => "number",
            "TEXT" => "text",
            _ => "bytes",
        };
        schema.insert(format!(
            "{}.{} {kind} {}",
            row.get::<&str, _>(0),
            row.get::<&str, _>(1),
            row.get::<i64, _>(3) == 0
        ));
    }
    let unique = "SELECT t.name, (SELECT group_concat(name, ',') FROM (SELECT i.name FROM pragma_index_info(l.name) i ORDER BY i.seqno)), l.\"unique\" \
                  FROM sqlite_schema t JOIN pragma_index_list(t.name) l WHERE t.type = 'table' AND t.name NOT LIKE '\\_sqlx%' ESCAPE '\\'";
    for row in connection.fetch_all(unique).await.expect("indexes") {
        let kind = if row.get::<i64, _>(2) == 1 { "unique" } else { "index" };
        schema.insert(format!("{} {kind} ({})", row.get::<&str, _>(0), row.get::<&str, _>(1)));
    }
    let keys = "SELECT t.name, k.\"from\", k.\"table\", k.\"to\", k.on_delete FROM sqlite_schema t \
                JOIN pragma_foreign_key_list(t.name) k WHERE t.type = 'table'";
    for row in connection.fetch_all(keys).await.expect("foreign keys") {
        let [table, from, to_table, to, on_delete] = [0, 1, 2, 3, 4].map(|index| row.get::<String, _>(index));
        schema.insert(format!("{table}.{from} references {to_table}.{to} {on_delete}"));
    }
    // A primary key of a single INTEGER column is the table itself and no index.
    for key in [
        "bootstrap unique (id)",
        "change_sequence unique (id)",
        "changes unique (sequence)",
        "event_archive unique (id)",
        "events unique (sequence)",
        "health unique (id)",
    ] {
        schema.insert(key.to_owned());
    }
    schema
}

async fn postgres_schema(connection: &mut PgConnection) -> Schema {
    let mut schema = Schema::new();
    let columns = "SELECT table_name::text, column_name::text, data_type::text, is_nullable::text FROM information_schema.columns \
                   WHERE table_schema = current_schema() AND table_name NOT LIKE '\\_sqlx%'";
    for row in connection.fetch_all(columns).await.expect("columns") {
        let kind = match row.get::<&str, _>(2) {
            "bigint" | "boolean" => "number",
            "text" => "text",
            "uuid" | "bytea" => "bytes",
            other => other,
        };
        schema.insert(format!(
            "{}.{} {kind} {}",
            row.get::<&str, _>(0),
            row.get::<&str, _>(1),
            row.get::<&str, _>(3) == "YES"
        ));
    }
    let indexes = "SELECT t.relname::text, x.indisunique, (SELECT string_agg(a.attname::text, ',' ORDER BY n.position) \
                   FROM unnest(x.indkey::int2[]) WITH ORDINALITY n(attnum, position) \
                   JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = n.attnum) \
                   FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid JOIN pg_namespace s ON s.oid = t.relnamespace \
                   WHERE s.nspname = current_schema() AND t.relname NOT LIKE '\\_sqlx%'";
    for row in connection.fetch_all(indexes).await.expect("indexes") {
        let kind = if row.get::<bool, _>(1) { "unique" } else { "index" };
        schema.insert(format!("{} {kind} ({})", row.get::<&str, _>(0), row.get::<&str, _>(2)));
    }
    let keys = "SELECT t.relname::text, a.attname::text, r.relname::text, b.attname::text, \
                CASE k.confdeltype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' ELSE 'NO ACTION' END \
                FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid JOIN pg_class r ON r.oid = k.confrelid \
                JOIN pg_namespace s ON s.oid = t.relnamespace \
                CROSS JOIN LATERAL unnest(k.conkey, k.confkey) AS pair(own, other) \
                JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = pair.own \
                JOIN pg_attribute b ON b.attrelid = r.oid AND b.attnum = pair.other \
                WHERE k.contype = 'f' AND s.nspname = current_schema()";
    for row in connection.fetch_all(keys).await.expect("foreign keys") {
        let [table, from, to_table, to, on_delete] = [0, 1, 2, 3, 4].map(|index| row.get::<String, _>(index));
        schema.insert(format!("{table}.{from} references {to_table}.{to} {on_delete}"));
    }
    schema
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_cannot_be_written_answers_503_and_nothing_is_half_done() {
    let platform = Platform::start_with(|config| config.database.connect_timeout_ms = 2_000).await;
    let account = platform.account().await;
    if !database::is_embedded() {
        println!("SKIPPED: this is about SQLite");
        return;
    }
    let file = platform.config.data_folder.join("elido.db");
    let mut other = SqliteConnection::connect(&format!("sqlite:{}", file.display())).await.expect("a connection");
    other.execute("BEGIN IMMEDIATE").await.expect("the write lock");
    let create =
        || platform.of(&account, Method::POST, "/links").json(&json!({ "destination_url": "https://example.com/" }));
    let problem = body(create(), StatusCode::SERVICE_UNAVAILABLE).await;
    assert_eq!((&problem["code"], problem.to_string().contains("lock")), (&json!("unavailable"), false));
    assert_eq!(platform.read(&account, "/links").await["data"], json!([]));
    other.execute("ROLLBACK").await.expect("the lock given back");
    body(create(), StatusCode::CREATED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_cut_off_answers_503_until_it_is_back() {
    if database::is_embedded() {
        println!("SKIPPED: this is about a database over the network");
        return;
    }
    let proxy = CuttableProxy::start(&database::of_its_own().await).await;
    let url = proxy.url();
    let platform = Platform::start_with(|config| {
        config.database.url = url.into();
        config.database.connect_timeout_ms = 3_000;
    })
    .await;
    let account = platform.account().await;
    proxy.cut();
    let ask = || platform.of(&account, Method::GET, "/links");
    let response = ask().send().await.expect("a response");
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(response.headers().contains_key("retry-after"));
    proxy.mend();
    eventually("the database is back", || async { ask().send().await.expect("a response").status() == StatusCode::OK })
        .await;
}

/// What readiness says of a part.
async fn condition(platform: &Platform, part: &str) -> String {
    let response = platform.client.get(platform.internal("/readyz")).send().await.expect("a response");
    let report: serde_json::Value = response.json().await.expect("a report");
    report["checks"][part].as_str().expect("a condition").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn readiness_sees_a_store_that_can_be_read_and_not_written() {
    let platform = Platform::start_with(|config| config.database.connect_timeout_ms = 2_000).await;
    if !database::is_embedded() {
        println!("SKIPPED: this is about SQLite");
        return;
    }
    for (part, file) in [("database", "elido.db"), ("click_store", "clicks.db")] {
        eventually("the store is up", || async { condition(&platform, part).await == "up" }).await;
        let file = platform.config.data_folder.join(file);
        let mut other = SqliteConnection::connect(&format!("sqlite:{}", file.display())).await.expect("a connection");
        other.execute("BEGIN IMMEDIATE").await.expect("the write lock");
        eventually("the store counts as degraded", || async { condition(&platform, part).await == "degraded" }).await;
        other.execute("ROLLBACK").await.expect("the lock given back");
        eventually("the store is up again", || async { condition(&platform, part).await == "up" }).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_into_a_file_that_was_removed_under_the_process() {
    if !database::is_embedded() {
        println!("SKIPPED: this is about SQLite");
        return;
    }
    let platform = Platform::start().await;
    let account = platform.account().await;
    platform.create_link(&account, &json!({ "destination_url": "https://example.com/", "slug": "kept" })).await;
    let data = &platform.config.data_folder;
    std::fs::rename(data.join("clicks.db"), data.join("clicks.elsewhere")).expect("moved");
    eventually("it is noticed", || async { condition(&platform, "click_store").await != "up" }).await;
    assert_eq!(platform.visit("/kept").await.status(), StatusCode::FOUND);
    std::fs::rename(data.join("clicks.elsewhere"), data.join("clicks.db")).expect("moved back");
    eventually("it is noticed", || async { condition(&platform, "click_store").await == "up" }).await;
    eventually("the click has waited", || async {
        let summary = platform.read(&account, "/analytics/summary?include=bots").await;
        summary["clicks"] == 1
    })
    .await;

    std::fs::rename(data.join("elido.db"), data.join("elido.elsewhere")).expect("moved");
    let link = json!({ "destination_url": "https://example.com/" });
    let refused = platform.of(&account, Method::POST, "/links").json(&link).send().await.expect("a response");
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    eventually("it is noticed", || async { condition(&platform, "database").await != "up" }).await;
    assert_eq!(platform.visit("/kept").await.status(), StatusCode::FOUND);
    std::fs::rename(data.join("elido.elsewhere"), data.join("elido.db")).expect("moved back");
    eventually("it is noticed", || async { condition(&platform, "database").await == "up" }).await;
    platform.create_link(&account, &link).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_of_the_store_is_written_down() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = DatabaseConfig { url: database::of_its_own().await, ..defaults().expect("defaults").database };
    store::migrate(&config, folder.path()).await.expect("a schema");
    let store = Store::connect(&config, folder.path()).await.expect("a store");
    let checks = join_all((0..20).map(|_| store.check())).await;
    assert!(checks.iter().all(Result::is_ok), "{checks:?}");
}
