//! Clicks over the bus: from journals to partitions, shared by ingesters, stored once. Against the real server that `ELIDO_TEST_KAFKA_URL`
//! names.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use elido::config::{Config, Loaded};
use elido::domain::id::IngesterId;
use elido::domain::time::Timestamp;
use elido::infra::bus::{Bus, Producer, Received, Record, Topic};
use elido::infra::click_topic::{self, Content, Entry};
use elido::infra::journal::{self, DiskFileSystem, JournalId, JournalLimits, ShippingLock, Writer};
use elido::infra::store::{Store, click_partitions};
use elido::roles::{self, Roles, Running};
use elido::runtime::clock;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::bus::{count, read, server, unique};
use crate::support::platform::{Account, Platform, body, eventually};
use crate::support::ports::NOBODY;

const PATIENCE: Duration = Duration::from_secs(30);
const EVERYTHING: &str = "from=2020-01-01T00:00:00Z&to=2999-01-01T00:00:00Z&include=bots,previews,prefetches,heads";

/// A platform with this bus and topics of its own, a signed-in person, and a link with the slug `known`.
pub struct World {
    pub platform: Platform,
    pub account: Account,
    url: String,
}

impl World {
    async fn start(url: &str, partitions: u64) -> Self {
        Self::start_with(url, partitions, |_| ()).await
    }

    pub async fn start_with(url: &str, partitions: u64, change: impl FnOnce(&mut Config)) -> Self {
        let platform = Platform::start_with(|config| {
            config.bus.url = url.to_owned();
            config.bus.clicks_topic = unique("clicks");
            config.bus.events_topic = unique("events");
            config.bus.partitions = partitions;
            // Where there is no bus, all of it is waited for.
            config.shutdown.drain_seconds = if url.contains(&NOBODY.to_string()) { 2 } else { 20 };
            // Other processes of the test share both databases.
            let file = config.data_folder.join("clicks.db");
            config.click_store.url = format!("sqlite:{}", file.display()).into();
            if crate::support::database::is_embedded() {
                config.database.url = format!("sqlite:{}", config.data_folder.join("elido.db").display()).into();
            }
            change(config);
        })
        .await;
        let account = platform.account().await;
        let link = json!({ "destination_url": "https://example.com/", "slug": "known" });
        platform.create_link(&account, &link).await;
        Self { platform, account, url: url.to_owned() }
    }

    pub fn config(&self) -> &Config {
        &self.platform.config
    }

    pub fn topic(&self) -> &str {
        &self.config().bus.clicks_topic
    }

    pub fn dead_topic(&self) -> String {
        format!("{}.dead", self.topic())
    }

    pub async fn visit(&self, times: u64) {
        for _ in 0..times {
            assert_eq!(self.platform.visit("/known").await.status(), StatusCode::FOUND);
        }
    }

    pub async fn stored(&self) -> u64 {
        let summary = self.platform.read(&self.account, &format!("/analytics/summary?{EVERYTHING}")).await;
        summary["clicks"].as_u64().expect("a number")
    }

    pub async fn until_stored(&self, clicks: u64) {
        eventually(&format!("{clicks} clicks are stored"), || async { self.stored().await >= clicks }).await;
        assert_eq!(self.stored().await, clicks);
    }

    pub async fn condition(&self, part: &str) -> String {
        let ready: Value = self
            .platform
            .client
            .get(self.platform.internal("/readyz"))
            .send()
            .await
            .expect("a response")
            .json()
            .await
            .expect("JSON");
        ready["checks"][part].as_str().expect("a condition").to_owned()
    }

    fn bus(&self) -> Bus {
        let config = elido::config::bus_section::BusConfig { url: self.url.clone(), ..self.config().bus.clone() };
        Bus::new(&config).expect("settings").expect("a bus")
    }

    fn producer(&self, topic: &str) -> Producer {
        Producer::new(self.bus(), Topic { name: topic.to_owned(), partitions: 1, replication: 1 })
    }

    /// What an edge wrote of some click that is stored.
    async fn payload(&self) -> Vec<u8> {
        let records = read(&self.url, self.topic()).await;
        let mut payloads =
            records.values().flatten().filter_map(|record| payload_of(record).map(|(_, _, payload)| payload));
        payloads.next().expect("a click")
    }

    /// Another process that shares the databases, with a folder of its own.
    pub async fn beside(&self, folder: &Path, roles: &str) -> Running {
        let mut config = self.config().clone();
        config.data_folder = folder.to_path_buf();
        let loaded = Loaded { config, entries: Vec::new() };
        let roles: Roles = roles.parse().expect("roles");
        Box::pin(roles::start(&loaded, roles)).await.expect("it starts")
    }

    /// How many partitions each ingester holds.
    async fn holders(&self) -> BTreeMap<IngesterId, usize> {
        let store = Store::connect(&self.config().database, &self.config().data_folder).await.expect("a store");
        let transaction = store.write().await.expect("a transaction");
        let partitions = click_partitions::lock(&transaction, self.topic(), &[]).await.expect("partitions");
        drop(transaction);
        store.close().await;
        let mut holders = BTreeMap::new();
        for owner in partitions.into_iter().filter_map(|partition| partition.owner) {
            *holders.entry(owner).or_default() += 1;
        }
        holders
    }

    pub async fn until_shared(&self, shares: &[usize]) {
        let what = format!("the partitions are shared as {shares:?}");
        eventually(&what, || async {
            let mut found: Vec<_> = self.holders().await.into_values().collect();
            found.sort_unstable();
            found == shares
        })
        .await;
    }
}

/// Journal, position and payload of a record that an edge wrote.
pub fn payload_of(record: &rskafka::record::Record) -> Option<(JournalId, u64, Vec<u8>)> {
    let received = Received {
        sent_at: Timestamp::from_micros(0),
        offset: 0,
        key: record.key.clone(),
        value: record.value.clone(),
        headers: record.headers.clone(),
    };
    let Entry { journal, position, content } = Entry::read(&received, "dead").ok()?;
    match content {
        Content::Record(payload) => Some((journal, position, payload.to_vec())),
        _ => None,
    }
}

/// Has a topic take no longer batches of records.
fn limit(url: &str, topic: &str, bytes: u32) {
    let command = concat!(env!("CARGO_MANIFEST_DIR"), "/dev/services/kafka");
    let limited = Command::new(command).args(["limit", url, topic, &bytes.to_string()]).status().expect("a command");
    assert!(limited.success());
}

fn received(record: Record) -> Received {
    let Record { key, value, headers, at } = record;
    Received { offset: 0, sent_at: at, key: Some(key), value: Some(value), headers }
}

fn sent_again(record: rskafka::record::Record) -> Record {
    Record {
        key: record.key.expect("a key"),
        value: record.value.expect("a value"),
        headers: record.headers,
        at: clock::now(),
    }
}

/// A journal as a process leaves it that is gone.
fn leave_journal(folder: &Path, payloads: &[Vec<u8>]) {
    let limits = JournalLimits { segment_bytes: 0, bytes_max: u64::MAX };
    let mut writer = Writer::new(DiskFileSystem, folder, limits);
    for payload in payloads {
        writer.append(|buffer| buffer.extend_from_slice(payload));
    }
    assert_eq!(writer.flush().records, payloads.len() as u64);
}

#[tokio::test(flavor = "multi_thread")]
async fn clicks_go_over_the_bus_in_order_and_are_stored_once_however_often_they_are_sent() {
    let Some(url) = server() else { return };
    let mut world = World::start(&url, 3).await;
    world.visit(40).await;
    world.until_stored(40).await;
    world.platform.stop().await;
    world.platform.start_again().await;
    world.visit(10).await;
    world.until_stored(50).await;

    let records = read(&url, world.topic()).await;
    assert_eq!(records.len(), 3);
    let mut homes: BTreeMap<JournalId, i32> = BTreeMap::new();
    let mut last: BTreeMap<JournalId, u64> = BTreeMap::new();
    let of_edges = || {
        records
            .iter()
            .flat_map(|(number, records)| records.iter().filter_map(|record| Some((*number, payload_of(record)?))))
    };
    for (number, (journal, position, _)) in of_edges() {
        assert_eq!(*homes.entry(journal).or_insert(number), number, "a journal has one partition");
        assert!(last.insert(journal, position).is_none_or(|before| before < position), "its records are in order");
    }
    assert_eq!(of_edges().count(), 50);

    // As a producer does whose answer was lost.
    let producer = world.producer(world.topic());
    for (number, records) in records {
        let again: Vec<Record> = records.into_iter().map(sent_again).collect();
        producer.send_to(number, again.clone()).await.expect("sent");
        producer.send_to(number, again).await.expect("sent");
    }
    world.visit(5).await;
    world.until_stored(55).await;
    assert_eq!(world.condition("click_account").await, "up");
    let kept = producer.partition_for(b"some journal", Some(2)).await.expect("a partition");
    assert_eq!(kept, 2, "what went somewhere goes on there");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_bus_is_away_redirects_go_on_and_their_clicks_follow() {
    let Some(url) = server() else { return };
    let mut world = World::start(&format!("kafka://{NOBODY}"), 2).await;
    world.visit(20).await;
    eventually("readiness tells", || async { world.condition("click_shipping").await == "degraded" }).await;
    assert_eq!(world.stored().await, 0);
    world.platform.stop().await;
    world.platform.config.bus.url.clone_from(&url);
    world.platform.start_again().await;
    world.visit(5).await;
    world.until_stored(25).await;
    eventually("readiness tells", || async { world.condition("click_shipping").await == "up" }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_whose_disk_ends_with_it_hands_over_what_the_bus_did_not_take() {
    let Some(url) = server() else { return };
    let mut world = World::start_with(&format!("kafka://{NOBODY}"), 2, |config| {
        config.edge.journal.hand_over = true;
        config.objects.url = "folder:objects".to_owned();
        config.shutdown.drain_seconds = 10;
    })
    .await;
    world.visit(20).await;
    world.platform.stop().await;
    let data = world.config().data_folder.clone();
    let journals = |root: &str| -> Vec<JournalId> {
        let entries = std::fs::read_dir(data.join(root)).expect("a folder");
        let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"));
        names.filter_map(|name| JournalId::from_name(&name)).collect()
    };
    assert_eq!(journals("journal"), []);
    let handed_over = journals("objects/journals");
    assert!(!handed_over.is_empty());
    std::fs::remove_dir_all(data.join("journal")).expect("the disk is gone");

    world.platform.config.bus.url.clone_from(&url);
    world.platform.start_again().await;
    world.until_stored(20).await;
    eventually("nothing is left among the objects", || async {
        let left = |id: &JournalId| data.join(format!("objects/journals/{id}/complete")).exists();
        !handed_over.iter().any(left)
    })
    .await;
    world.visit(5).await;
    world.until_stored(25).await;
    assert_eq!(world.condition("click_account").await, "up");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_click_dies_with_its_reason_stops_nothing_and_is_replayed_once() {
    let Some(url) = server() else { return };
    let world = World::start(&url, 1).await;
    world.visit(3).await;
    world.until_stored(3).await;
    let payload = world.payload().await;
    let journal = JournalId::random();
    let junk = Record { key: b"junk".to_vec(), value: b"junk".to_vec(), headers: BTreeMap::new(), at: clock::now() };
    let poison = click_topic::record_of(journal, 1, b"no click");
    let good = click_topic::record_of(journal, 2, &payload);
    let producer = world.producer(world.topic());
    producer.send(vec![junk, poison.clone(), good, poison]).await.expect("sent");
    world.until_stored(4).await;

    let dead_topic = world.dead_topic();
    let reasons = || async {
        let records = read(&url, &dead_topic).await.into_values().flatten();
        records
            .map(|record| String::from_utf8(record.headers["elido-reason"].clone()).expect("a text"))
            .collect::<Vec<_>>()
    };
    let dead = reasons().await;
    assert_eq!(dead.len(), 2, "{dead:?}");
    assert!(dead[0].contains("key is not the name of a journal"), "{dead:?}");

    // A click that an older version could not read, and that a killed ingester left there twice.
    let late = click_topic::record_of(JournalId::random(), 9, &payload);
    world.producer(&dead_topic).send(vec![late.clone(), late]).await.expect("sent");
    assert_eq!(click_topic::replay_dead_clicks(world.config()).await.expect("replayed"), 4);
    world.until_stored(5).await;
    eventually("two of them died again", || async { count(&url, &dead_topic).await == 6 }).await;
    assert_eq!(click_topic::replay_dead_clicks(world.config()).await.expect("replayed"), 2);
    eventually("and again", || async { count(&url, &dead_topic).await == 8 }).await;
    assert_eq!(world.stored().await, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn ingesters_share_the_partitions_and_take_over_from_one_another() {
    let Some(url) = server() else { return };
    let world = World::start(&url, 4).await;
    world.until_shared(&[4]).await;
    world.visit(10).await;
    let folder = tempfile::tempdir().expect("a folder");
    let second = world.beside(folder.path(), "ingester").await;
    world.until_shared(&[2, 2]).await;
    world.visit(10).await;
    let third_folder = tempfile::tempdir().expect("a folder");
    let third = world.beside(third_folder.path(), "ingester").await;
    world.until_shared(&[1, 1, 2]).await;
    world.visit(10).await;
    let begun = std::time::Instant::now();
    assert!(second.stop().await);
    assert!(third.stop().await);
    world.until_shared(&[4]).await;
    assert!(begun.elapsed() < PATIENCE / 2, "they are handed over");
    world.visit(10).await;
    world.until_stored(40).await;
    assert_eq!(world.condition("click_ingester").await, "up");
}

#[tokio::test(flavor = "multi_thread")]
async fn journals_of_processes_that_are_gone_are_shipped_once_by_others() {
    let Some(url) = server() else { return };
    let world = World::start(&url, 2).await;
    world.visit(1).await;
    world.until_stored(1).await;
    let payload = world.payload().await;
    let own = world.config().journal_folder();
    leave_journal(&own, &vec![payload.clone(); 7]);
    world.until_stored(8).await;
    let left = |folder: &Path| {
        journal::inspect(folder)
            .map_or(usize::MAX, |journals| journals.iter().filter(|journal| !journal.is_written).count())
    };
    eventually("nothing is left of it", || async { left(&own) == 0 }).await;
    assert!(ShippingLock::try_take(&own).expect("a lock").is_none(), "the process ships its own folder");
    let refused = roles::ship_journals(world.config(), &own, PATIENCE).await.expect_err("somebody else's");
    assert!(refused.to_string().contains("another process"), "{refused}");

    let elsewhere = tempfile::tempdir().expect("a folder");
    leave_journal(elsewhere.path(), &vec![payload.clone(); 5]);
    leave_journal(elsewhere.path(), &vec![payload; 6]);
    let waiting: u64 =
        journal::inspect(elsewhere.path()).expect("readable").iter().map(|journal| journal.waiting).sum();
    assert_eq!(waiting, 11);
    assert_eq!(roles::ship_journals(world.config(), elsewhere.path(), PATIENCE).await.expect("shipped"), 11);
    assert_eq!(roles::ship_journals(world.config(), elsewhere.path(), PATIENCE).await.expect("shipped"), 0);
    assert_eq!(left(elsewhere.path()), 0);
    world.until_stored(19).await;
}

/// A visit whose click is longer than 2,000 bytes, whatever compresses it.
async fn visit_at_length(world: &World) {
    let noise = || (0..450).map(|_| format!("{:02x}", rand::random::<u8>())).collect::<String>();
    let mut request = world.platform.client.get(world.platform.edge("/known")).header("host", "localhost");
    for name in ["user-agent", "referer", "accept-language"] {
        request = request.header(name, noise());
    }
    request = request.query(&[("noise", noise())]);
    assert_eq!(request.send().await.expect("a response").status(), StatusCode::FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_brokers_do_not_take_is_kept_aside_and_those_behind_it_arrive() {
    let Some(url) = server() else { return };
    let world = World::start(&url, 1).await;
    world.visit(1).await;
    world.until_stored(1).await;
    limit(&url, world.topic(), 2_000);
    world.visit(10).await;
    visit_at_length(&world).await;
    world.visit(10).await;
    world.until_stored(21).await;
    let aside = std::fs::read_dir(world.config().journal_folder().join("undelivered")).expect("a folder").count();
    assert_eq!(aside, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_cannot_be_kept_aside_waits_in_its_journal_and_is_not_lost() {
    let Some(url) = server() else { return };
    let world = World::start(&url, 1).await;
    world.visit(1).await;
    world.until_stored(1).await;
    limit(&url, world.topic(), 2_000);
    let aside = world.config().journal_folder().join("undelivered");
    std::fs::create_dir_all(&aside).expect("a folder");
    for number in 0..10_000 {
        std::fs::write(aside.join(number.to_string()), "").expect("a file");
    }
    visit_at_length(&world).await;
    world.visit(10).await;
    eventually("readiness tells", || async { world.condition("click_shipping").await == "degraded" }).await;
    std::fs::remove_file(aside.join("0")).expect("a file");
    world.until_stored(11).await;
    assert_eq!(std::fs::read_dir(&aside).expect("a folder").count(), 10_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_click_and_too_long_for_its_topic_dies_in_parts_and_is_replayed_whole() {
    let Some(url) = server() else { return };
    let world = World::start(&url, 1).await;
    world.visit(1).await;
    world.until_stored(1).await;
    let payload = world.payload().await;
    let dead_topic = world.dead_topic();
    let junk = |value: Vec<u8>| Record { key: b"junk".to_vec(), value, headers: BTreeMap::new(), at: clock::now() };
    world.producer(world.topic()).send(vec![junk(b"junk".to_vec())]).await.expect("sent");
    eventually("it is dead, and there is a topic", || async { count(&url, &dead_topic).await == 1 }).await;
    limit(&url, &dead_topic, 1_000);

    // A click that an older version could not read, by an ingester that was killed after the first part of it.
    let noise: Vec<u8> = (0..5_000).map(|_| rand::random()).collect();
    let late = received(click_topic::record_of(JournalId::random(), 9, &payload));
    let parts = click_topic::split(&late, "0 99 1", &BTreeMap::new(), payload.len());
    let dead = world.producer(&dead_topic);
    dead.send(vec![parts[0].clone()]).await.expect("sent");
    let good = click_topic::record_of(JournalId::random(), 2, &payload);
    world.producer(world.topic()).send(vec![junk(noise.clone()), good]).await.expect("sent");
    world.until_stored(2).await;
    let records = read(&url, &dead_topic).await.remove(&0).expect("a partition");
    let part_of = |record: &&rskafka::record::Record| record.headers.contains_key(click_topic::PART_HEADER);
    let of_noise: Vec<_> = records.iter().filter(part_of).skip(1).collect();
    assert!(of_noise.len() > 5, "{} parts", of_noise.len());
    for part in &of_noise {
        let reason = String::from_utf8(part.headers["elido-reason"].clone()).expect("a text");
        assert!(reason.contains("key is not the name of a journal"), "{reason}");
    }
    assert!(!world.config().data_folder.join("undecodable-clicks.ndjson").exists());

    // Both pieces of junk come back whole, and die again; the click waits for its other parts.
    assert_eq!(click_topic::replay_dead_clicks(world.config()).await.expect("replayed"), 2);
    let whole = |records: &BTreeMap<i32, Vec<rskafka::record::Record>>| {
        records.values().flatten().filter(|record| record.value.as_deref() == Some(noise.as_slice())).count()
    };
    assert_eq!(whole(&read(&url, world.topic()).await), 2, "the first, and the replayed one");
    for part in parts {
        dead.send(vec![part]).await.expect("sent");
    }
    click_topic::replay_dead_clicks(world.config()).await.expect("replayed");
    world.until_stored(3).await;
    click_topic::replay_dead_clicks(world.config()).await.expect("replayed");
    assert_eq!(world.stored().await, 3);
}

/// Without a bus nothing of this is asked of anybody.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_bus_commands_that_need_one_say_so() {
    let platform = Platform::start().await;
    let folder = platform.config.journal_folder();
    let refused = roles::ship_journals(&platform.config, &folder, PATIENCE).await.expect_err("no bus");
    assert!(refused.to_string().contains("bus.url is not set"), "{refused}");
    let refused = click_topic::replay_dead_clicks(&platform.config).await.expect_err("no bus");
    assert!(refused.to_string().contains("bus.url is not set"), "{refused}");
    let ready = body(platform.client.get(platform.internal("/readyz")), StatusCode::OK).await;
    assert!(ready["checks"]["click_shipping"].is_null(), "{ready}");
}
