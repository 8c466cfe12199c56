//! A process that starts before the server of its database does.

use elido::config::Loaded;
use elido::roles::{self, Roles};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use crate::support::cuttable_proxy::CuttableProxy;
use crate::support::database;
use crate::support::platform::{Platform, eventually};
use crate::support::ports::free_address;
use crate::support::statements;

#[tokio::test(flavor = "multi_thread")]
async fn a_process_waits_for_the_server_of_its_database_alive_and_not_ready() {
    if database::is_embedded() {
        eprintln!("SKIPPED: an embedded database has no server");
        return;
    }
    let proxy = CuttableProxy::start(&database::of_its_own().await).await;
    let internal = free_address();
    let mut platform = Platform::start_with(|config| {
        config.database.url = proxy.url().into();
        config.database.connect_timeout_ms = 5_000;
        config.internal.listen = internal;
    })
    .await;
    let account = platform.account().await;
    platform.stop().await;
    proxy.cut();
    let client = Client::new();
    let ask = |path: &str| client.get(format!("http://{internal}{path}")).send();
    let roles: Roles = "api,ingester,workers".parse().expect("roles");
    let watching = async {
        eventually("it says what it waits for", || async {
            let Ok(answer) = ask("/readyz").await else { return false };
            assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
            let report: Value = answer.json().await.expect("a report");
            report == json!({ "status": "not_ready", "checks": { "database": "down" } })
        })
        .await;
        assert_eq!(ask("/livez").await.expect("a response").status(), StatusCode::OK);
        assert_eq!(ask("/metrics").await.expect("a response").status(), StatusCode::OK);
        let early = client.post(format!("http://{internal}/internal/admin/bootstrap")).send().await;
        assert_eq!(early.expect("a response").status(), StatusCode::SERVICE_UNAVAILABLE);
        proxy.mend();
    };
    tokio::join!(platform.start_again_as(roles), watching);
    eventually("it is ready", || async { ask("/readyz").await.is_ok_and(|answer| answer.status() == StatusCode::OK) })
        .await;
    platform.read(&account, "/links").await;
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_is_two_behind_does_not_start() {
    let mut platform = Platform::start().await;
    let account = platform.account().await;
    platform.stop().await;
    let config = platform.config.clone();
    let served = async |version: &str| {
        let row = format!("INSERT INTO releases (version, first_served_at) VALUES ('{version}', 1)");
        statements::execute(&config, &row).await;
    };
    served("90.1.0").await;
    served("90.1.7").await;
    platform.start_again().await;
    platform.read(&account, "/links").await;
    platform.stop().await;

    served("91.0.0").await;
    let loaded = Loaded { config: config.clone(), entries: Vec::new() };
    let roles: Roles = "api,workers".parse().expect("roles");
    let Err(refusal) = Box::pin(roles::start(&loaded, roles)).await else { panic!("it started") };
    let refusal = refusal.to_string();
    assert!(refusal.contains("91.0 has served this database, beside which only 90.1 may stand"), "{refusal}");
}
