//! Clicks over a bus that is not as it was, or holds what nobody expects: batches of other producers, brokers that were replaced, clocks that were
//! ahead. Against the real server that `ELIDO_TEST_KAFKA_URL` names.

use std::process::Command;
use std::time::Duration;

use elido::domain::id::IngesterId;
use elido::infra::click_topic::Leases;
use elido::infra::store::{Store, click_partitions};
use elido::runtime::clock;

use crate::bus::{count, read, server, unique};
use crate::click_bus::{World, payload_of};
use crate::support::platform::{Platform, eventually};

/// Sends lines to a topic as Kafka's own producer does.
fn send_lines(url: &str, topic: &str, arguments: &[&str], lines: &str) {
    let command = concat!(env!("CARGO_MANIFEST_DIR"), "/dev/services/kafka");
    let mut process = Command::new(command)
        .args(["send", url, topic])
        .args(arguments)
        .stdin(std::process::Stdio::piped())
        .spawn()
        .expect("a command");
    let mut input = process.stdin.take().expect("an input");
    std::io::Write::write_all(&mut input, lines.as_bytes()).expect("written");
    drop(input);
    assert!(process.wait().expect("an end").success());
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_of_any_compression_and_batches_that_cannot_be_read_stop_no_click() {
    let Some(url) = server() else { return };
    let world = World::start_with(&url, 1, |_| ()).await;
    world.visit(3).await;
    world.until_stored(3).await;
    for (number, codec) in ["gzip", "snappy", "lz4", "zstd"].iter().enumerate() {
        send_lines(&url, world.topic(), &["--compression-codec", codec], "junk\n");
        world.visit(1).await;
        world.until_stored(4 + number as u64).await;
    }
    assert_eq!(count(&url, &world.dead_topic()).await, 4);

    // Headers without a value are legal, and nothing here can read them; the click behind them waits in a batch of its own.
    let arguments = ["--property", "parse.headers=true", "--property", "null.marker=NULL"];
    send_lines(&url, world.topic(), &arguments, "h:NULL\tone\nh:NULL\ttwo\nh:NULL\tthree\n");
    world.visit(2).await;
    world.until_stored(9).await;
    let dead = read(&url, &world.dead_topic()).await.into_values().flatten();
    let header = |record: &rskafka::record::Record, name: &str| {
        String::from_utf8(record.headers.get(name).cloned().unwrap_or_default()).expect("a text")
    };
    let mut passed = 0;
    for record in dead.filter(|record| record.headers.contains_key("elido-last-offset")) {
        let offset = |name: &str| header(&record, name).parse::<i64>().expect("an offset");
        passed += offset("elido-last-offset") + 1 - offset("elido-offset");
        assert!(header(&record, "elido-reason").contains("cannot be read"), "{record:?}");
    }
    assert_eq!(passed, 3, "the records that cannot be read, and no other");
    eventually("all is well", || async { world.condition("click_ingester").await == "up" }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_bus_beside_old_offsets_is_read_from_its_beginning() {
    let Some(url) = server() else { return };
    for clicks_on_the_new_bus in [10, 30, 80] {
        let mut world = World::start_with(&url, 1, |_| ()).await;
        world.visit(30).await;
        world.until_stored(30).await;
        let old = world.topic().to_owned();
        world.platform.stop().await;
        // Another topic, which the databases take for the old one, as they do when brokers lose what they had.
        let new = unique("clicks");
        rename_topic(&world, &old, &new).await;
        world.platform.config.bus.clicks_topic = new;
        world.platform.start_again_as("edge,api".parse().expect("roles")).await;
        world.visit(clicks_on_the_new_bus).await;
        eventually("they are on the bus", || async {
            let records = read(&url, world.topic()).await;
            records.values().flatten().filter_map(payload_of).count() as u64 == clicks_on_the_new_bus
        })
        .await;
        let folder = tempfile::tempdir().expect("a folder");
        let ingester = world.beside(folder.path(), "ingester").await;
        world.until_stored(30 + clicks_on_the_new_bus).await;
        assert!(ingester.stop().await);
        let folder = tempfile::tempdir().expect("a folder");
        let ingester = world.beside(folder.path(), "ingester").await;
        world.visit(5).await;
        world.until_stored(35 + clicks_on_the_new_bus).await;
        assert!(ingester.stop().await);
    }
}

/// How far a topic is stored is kept under another name.
async fn rename_topic(world: &World, old: &str, new: &str) {
    let file = world.config().data_folder.join("clicks.db");
    let pool = sqlx::SqlitePool::connect(&format!("sqlite:{}", file.display())).await.expect("the click store");
    let renamed =
        sqlx::query("UPDATE bus_partitions SET topic = ? WHERE topic = ?").bind(new).bind(old).execute(&pool).await;
    assert_eq!(renamed.expect("renamed").rows_affected(), 1);
    pool.close().await;
    let sql = format!("UPDATE click_partitions SET topic = '{new}' WHERE topic = '{old}'");
    crate::support::statements::execute(world.config(), &sql).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_clock_wrote_that_was_ahead_holds_no_partition() {
    let platform = Platform::start_with(|config| {
        if crate::support::database::is_embedded() {
            config.database.url = format!("sqlite:{}", config.data_folder.join("elido.db").display()).into();
        }
    })
    .await;
    let store = Store::connect(&platform.config.database, &platform.config.data_folder).await.expect("a store");
    let (gone, topic, numbers) = (IngesterId::new(), unique("clicks"), [0, 1, 2, 3]);
    let ahead = clock::now().plus(Duration::from_secs(3_600));
    let transaction = store.write().await.expect("a transaction");
    for partition in click_partitions::lock(&transaction, &topic, &numbers).await.expect("partitions") {
        let held = click_partitions::ClickPartition { owner: Some(gone), lease_until: ahead, ..partition };
        click_partitions::hold(&transaction, &topic, held).await.expect("held");
    }
    click_partitions::note_life(&transaction, gone, ahead).await.expect("it lives");
    transaction.commit().await.expect("committed");
    let (first, second) = (Leases::new(store.clone(), &topic), Leases::new(store.clone(), &topic));
    assert_eq!(first.renew(&numbers).await.expect("leases").keep.len(), 4);
    assert!(second.renew(&numbers).await.expect("leases").keep.is_empty(), "they are held now");
    store.close().await;
}
