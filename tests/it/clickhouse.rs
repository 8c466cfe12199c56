//! Clicks over the bus into ClickHouse: each once, whoever is killed when. Against the servers that `ELIDO_TEST_KAFKA_URL` and
//! `ELIDO_TEST_CLICKHOUSE_URL` name.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bytes::Bytes;
use elido::config::sections::ClickStoreConfig;
use elido::infra::store::Store;
use elido::infra::store::click_inserts::{self, Holding};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::bus;
use crate::click_bus::World;
use crate::support::cuttable_proxy::CuttableProxy;
use crate::support::database::is_embedded;
use crate::support::platform::{PATIENCE, eventually};

/// The brokers, and the URL of a new database of ClickHouse; on the embedded stores there need not be either.
async fn servers() -> Option<(String, SecretString)> {
    let url = std::env::var("ELIDO_TEST_CLICKHOUSE_URL").ok().filter(|url| !url.is_empty());
    let Some(url) = url else {
        assert!(is_embedded(), "ELIDO_TEST_CLICKHOUSE_URL names a server");
        println!("SKIPPED: ELIDO_TEST_CLICKHOUSE_URL does not name a server");
        return None;
    };
    Some((bus::server()?, new_database(&url).await))
}

/// The URL of a new database of ClickHouse, if there is a server.
pub async fn database() -> Option<SecretString> {
    let url = std::env::var("ELIDO_TEST_CLICKHOUSE_URL").ok().filter(|url| !url.is_empty())?;
    Some(new_database(&url).await)
}

async fn new_database(url: &str) -> SecretString {
    let name = format!("test_{}", uuid::Uuid::new_v4().simple());
    ask(&url.into(), &format!("CREATE DATABASE {name}"), Bytes::new()).await;
    let (server, _) = url.rsplit_once('/').expect("a database");
    format!("{server}/{name}").into()
}

/// What ClickHouse answers to a statement, after which `data` comes.
pub async fn ask(url: &SecretString, statement: &str, data: Bytes) -> String {
    let config = ClickStoreConfig { url: url.clone(), ..ClickStoreConfig::embedded("") };
    let address = config.clickhouse().expect("an address");
    drop(rustls::crypto::ring::default_provider().install_default());
    let response = reqwest::Client::new()
        .post(address.endpoint)
        .query(&[("database", address.database.as_str()), ("query", statement)])
        .basic_auth(address.user, Some(address.password.expose_secret()))
        .body(data)
        .send()
        .await
        .expect("an answer");
    let status = response.status();
    let answer = response.text().await.expect("a text");
    assert!(status.is_success(), "{answer}");
    answer
}

async fn world(brokers: &str, partitions: u64, clicks: &SecretString) -> World {
    World::start_with(brokers, partitions, |config| config.click_store.url = clicks.clone()).await
}

/// An ingester in a process of its own, so that it can be killed.
struct Ingester(Child);

impl Ingester {
    fn start(world: &World, folder: &Path, clicks: &str) -> Self {
        let config = world.config();
        let mut command = Command::new(env!("CARGO_BIN_EXE_elido"));
        command
            .args(["run", "--role", "ingester"])
            .env("ELIDO_DATA_FOLDER", folder)
            .env("ELIDO_DATABASE__URL", config.database.url.expose_secret())
            .env("ELIDO_CLICK_STORE__URL", clicks)
            .env("ELIDO_BUS__URL", &config.bus.url)
            .env("ELIDO_BUS__CLICKS_TOPIC", &config.bus.clicks_topic)
            .env("ELIDO_BUS__EVENTS_TOPIC", &config.bus.events_topic)
            .env("ELIDO_INTERNAL__LISTEN", "127.0.0.1:0")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Self(command.spawn().expect("the executable runs"))
    }
}

impl Drop for Ingester {
    fn drop(&mut self) {
        self.0.kill().expect("killed");
        self.0.wait().expect("over");
    }
}

/// Whether an insert of the only partition is under way.
async fn is_planned(store: &Store, world: &World) -> bool {
    let held = Holding { topic: world.topic(), number: 0, fence: 0 };
    click_inserts::planned(store.reader(), held).await.expect("an answer").is_some()
}

/// Has a killed ingester leave an insert behind, after which `fault` has come over its way to ClickHouse, and says how many clicks ClickHouse
/// then has, of the eleven that were answered. The next ingester stores the others.
async fn killed_in_the_middle(fault: impl FnOnce(&CuttableProxy), arrives_within: Duration) -> Option<u64> {
    let (brokers, clicks) = servers().await?;
    let mut world = world(&brokers, 1, &clicks).await;
    world.until_shared(&[1]).await;
    world.platform.stop().await;
    world.platform.start_again_as("edge,api".parse().expect("roles")).await;
    let proxy = CuttableProxy::start(&clicks).await;
    let folder = tempfile::tempdir().expect("a folder");
    let ingester = Ingester::start(&world, folder.path(), &proxy.url());
    world.visit(1).await;
    world.until_stored(1).await;
    let store = Store::connect(&world.config().database, &world.config().data_folder).await.expect("a store");
    eventually("the first insert is over", || async { !is_planned(&store, &world).await }).await;
    fault(&proxy);
    world.visit(10).await;
    eventually("an insert is under way", || async { is_planned(&store, &world).await }).await;
    // The first insert that arrives is the only one: no answer to it comes back.
    let waiting = eventually("clicks arrive", || async { world.stored().await > 1 });
    drop(tokio::time::timeout(arrives_within, waiting).await);
    let arrived = world.stored().await;
    assert!(is_planned(&store, &world).await);
    drop(ingester);
    let second = tempfile::tempdir().expect("a folder");
    let next = world.beside(second.path(), "ingester").await;
    world.until_stored(11).await;
    eventually("the insert is over", || async { !is_planned(&store, &world).await }).await;
    world.visit(4).await;
    world.until_stored(15).await;
    assert!(next.stop().await);
    store.close().await;
    Some(arrived)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_click_is_stored_once_and_every_report_knows_it() {
    let Some((brokers, clicks)) = servers().await else { return };
    let mut world = world(&brokers, 2, &clicks).await;
    world.visit(40).await;
    world.until_stored(40).await;
    world.platform.stop().await;
    world.platform.start_again().await;
    world.visit(5).await;
    world.until_stored(45).await;
    let breakdown = world.platform.read(&world.account, "/analytics/breakdown?dimension=slug&include=bots").await;
    assert_eq!(
        (&breakdown["data"][0]["value"], breakdown["data"][0]["clicks"].as_u64()),
        (&Value::from("known"), Some(45))
    );
    let events = world.platform.read(&world.account, "/analytics/events?include=bots&limit=100").await;
    assert_eq!(events["data"].as_array().map(Vec::len), Some(45));
    for part in ["click_store", "click_ingester", "click_account"] {
        assert_eq!(world.condition(part).await, "up", "{part}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ingester_that_is_killed_before_its_insert_has_it_made_by_the_next() {
    let arrived = killed_in_the_middle(CuttableProxy::cut, Duration::from_secs(2)).await;
    assert!(arrived.is_none_or(|arrived| arrived == 1), "nothing arrived: {arrived:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ingester_that_is_killed_after_its_insert_has_not_stored_it_twice() {
    let arrived = killed_in_the_middle(CuttableProxy::keep_answers_back, PATIENCE).await;
    assert!(arrived.is_none_or(|arrived| arrived > 1), "something arrived: {arrived:?}");
}

/// A ClickHouse of a test's own, that it may stop and kill.
struct OwnServer(tempfile::TempDir);

impl OwnServer {
    fn call(&self, what: &str) -> String {
        let command = concat!(env!("CARGO_MANIFEST_DIR"), "/dev/services/clickhouse");
        let folder = self.0.path().join("server");
        let output = Command::new(command)
            .arg(what)
            .env("ELIDO_CLICKHOUSE_FOLDER", folder)
            .env_remove("CLICKHOUSE_URL")
            .output()
            .expect("a command");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("a text").trim().to_owned()
    }

    fn signal(&self, name: &str) {
        let process = std::fs::read_to_string(self.0.path().join("server/pid")).expect("a process");
        assert!(Command::new("kill").args([name, process.trim()]).status().expect("a command").success());
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        self.call("stop");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_clickhouse_stands_still_or_is_away_redirects_go_on_and_their_clicks_follow() {
    let Some((brokers, _)) = servers().await else { return };
    let server = OwnServer(tempfile::tempdir().expect("a folder"));
    let world = world(&brokers, 1, &server.call("start").into()).await;
    world.visit(10).await;
    world.until_stored(10).await;
    server.signal("-STOP");
    world.visit(10).await;
    server.signal("-CONT");
    world.until_stored(20).await;

    server.signal("-STOP");
    world.visit(10).await;
    server.signal("-KILL");
    eventually("readiness tells", || async { world.condition("click_ingester").await == "degraded" }).await;
    world.visit(10).await;
    server.call("again");
    world.until_stored(40).await;
    eventually("readiness tells", || async { world.condition("click_ingester").await == "up" }).await;
    assert_eq!(world.condition("click_account").await, "up");
}
