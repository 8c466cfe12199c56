//! What only ClickHouse does: inserts that are finished by others, limits, and deleting by itself.

use std::time::Duration;

use secrecy::ExposeSecret;

use super::ClickStore;
use super::question::Question;
use crate::config::sections::ClickStoreConfig;
use crate::domain::query_limits::QueryLimits;
use crate::domain::rule::AgentClass;
use crate::domain::time::Timestamp;
use crate::infra::click_store::test_clicks::{link, visit, workspace};
use crate::infra::click_store::tests::{House, test_server};
use crate::infra::click_store::{
    ClickBatch, ClickStoreError, HeldPartition, Include, JournalledClick, PartitionBatch, PartitionPosition, Period,
    Selection, Stored,
};
use crate::infra::journal::JournalId;

fn held(fence: i64) -> HeldPartition {
    HeldPartition { topic: "clicks".to_owned(), number: 7, fence }
}

fn partition_batch(fence: i64, offsets: std::ops::Range<i64>, positions: std::ops::Range<u64>) -> PartitionBatch {
    let record = |position: u64| JournalledClick { position, click: visit(i64::try_from(position).expect("small")) };
    let batch = ClickBatch {
        journal_id: JournalId::from_u64(5),
        through: positions.end - 1,
        clicks: positions.map(record).collect(),
        undecodable: Vec::new(),
        tally: None,
    };
    PartitionBatch { partition: held(fence), last_record: Some(offsets.end * 7), offsets, batches: vec![batch] }
}

fn behind(next_offset: i64) -> PartitionPosition {
    PartitionPosition { next_offset, last_record: Some(next_offset * 7) }
}

async fn count(store: &ClickStore) -> u64 {
    let period = Period { from: Timestamp::from_micros(0), to: Timestamp::from_micros(4_000_000_000_000_000) };
    let selection = Selection {
        workspace_id: workspace(1),
        period,
        include: Include::default(),
        filters: Vec::new(),
        hidden_links: Vec::new(),
        limits: QueryLimits::default(),
    };
    store.summary(&selection).await.expect("a summary").clicks
}

fn on(house: &House, config: &ClickStoreConfig) -> ClickStore {
    ClickStore::connect(config, house.database.clone().expect("a database")).expect("a store")
}

/// A server that nobody is.
async fn nowhere(house: &House) -> ClickStore {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let config = ClickStoreConfig { url: format!("clickhouse://{address}/clicks").into(), ..house.config.clone() };
    on(house, &config)
}

#[tokio::test]
async fn whoever_takes_a_partition_over_makes_the_insert_that_was_begun() {
    let Some(house) = House::on_server().await else { return };
    let (store, away) = (on(&house, &house.config), nowhere(&house).await);
    store.take_over(&held(1)).await.expect("taken");
    let refused = away.store_partition_batch(&partition_batch(1, 0..10, 0..10)).await;
    assert!(matches!(refused, Err(ClickStoreError::Unreachable(_))), "{refused:?}");
    assert_eq!(count(&store).await, 0);

    assert_eq!(store.take_over(&held(2)).await.expect("taken"), Some(behind(10)));
    assert_eq!(count(&store).await, 10);
    let late = away.store_partition_batch(&partition_batch(1, 10..20, 10..20)).await;
    assert!(matches!(late, Err(ClickStoreError::Fenced)), "{late:?}");
    assert_eq!(store.take_over(&held(3)).await.expect("taken"), Some(behind(10)));
    assert_eq!(count(&store).await, 10);
}

#[tokio::test]
async fn what_could_not_be_inserted_is_inserted_first_and_told_as_stored() {
    let Some(house) = House::on_server().await else { return };
    let (store, away) = (on(&house, &house.config), nowhere(&house).await);
    store.take_over(&held(1)).await.expect("taken");
    for _ in 0..2 {
        assert!(away.store_partition_batch(&partition_batch(1, 0..10, 0..10)).await.is_err());
    }
    // Meanwhile the bus has more.
    let stored = store.store_partition_batch(&partition_batch(1, 0..15, 0..15)).await.expect("stored");
    assert_eq!(stored, Stored { inserted: 15, repeated: 0 });
    assert_eq!(count(&store).await, 15);
    let again = store.store_partition_batch(&partition_batch(1, 0..15, 0..15)).await.expect("stored");
    assert_eq!(again, Stored { inserted: 0, repeated: 15 });
    assert_eq!(count(&store).await, 15);
}

#[tokio::test]
async fn several_may_prepare_the_tables_at_once() {
    let Some(house) = House::on_server().await else { return };
    let stores: Vec<_> = (0..4).map(|_| on(&house, &house.config)).collect();
    let checks = futures_util::future::join_all(stores.iter().map(ClickStore::check)).await;
    assert!(checks.iter().all(Result::is_ok), "{checks:?}");
}

#[tokio::test]
async fn tables_of_a_single_server_get_no_replicas_beside_them() {
    let Some(house) = House::on_server().await else { return };
    on(&house, &house.config).check().await.expect("tables of a single server");
    let replicated = ClickStoreConfig { cluster: "links".to_owned(), ..house.config.clone() };
    let refused = on(&house, &replicated).check().await.expect_err("no replicas");
    assert!(refused.to_string().contains("clicks, link_totals, schema_changes"), "{refused}");
    on(&house, &house.config).check().await.expect("as before");
}

#[tokio::test]
async fn a_question_ends_when_its_time_is_up_or_it_reads_too_much() {
    let Some(house) = House::on_server().await else { return };
    let store = on(&house, &house.config);
    let endless = Question::new("SELECT count() FROM numbers(15000000000) WHERE NOT ignore(sipHash64(number))");
    let answer = endless.ask_within::<u64>(&store, Duration::from_millis(500)).await;
    assert!(matches!(answer, Err(ClickStoreError::TimeLimit)), "{answer:?}");
    let too_many = Question::new("SELECT count() FROM numbers(100000000000) WHERE number % 2 = 3");
    let answer = too_many.ask::<u64>(&store).await;
    assert!(matches!(answer, Err(ClickStoreError::ClickLimit(20_000_000_000))), "{answer:?}");
}

#[tokio::test]
async fn the_server_deletes_old_clicks_by_itself_and_totals_stay() {
    let Some(house) = House::on_server().await else { return };
    let forgetful = ClickStoreConfig { retention_days: 365, orphan_retention_days: 30, ..house.config.clone() };
    let store = on(&house, &forgetful);
    store.check().await.expect("prepared");
    let mut clicks = partition_batch(1, 0..30, 0..30);
    let days = |days: i64| Timestamp::from_micros(crate::runtime::clock::now().as_micros() - days * 86_400_000_000);
    for (number, record) in (0..).zip(&mut clicks.batches[0].clicks) {
        record.click.at = days([1, 100, 1_000][number % 3]);
        record.click.link_id = [Some(link(1)), None][number / 3 % 2];
        record.click.agent = AgentClass::Human;
    }
    store.store_partition_batch(&clicks).await.expect("stored");
    let direct = test_server::client(house.config.url.expose_secret());
    direct.query_raw("OPTIMIZE TABLE clicks FINAL").execute().await.expect("merged");
    // Of ten of each age, half belong to no link.
    assert_eq!(count(&store).await, 10 + 5);
    let totals = store.link_totals(workspace(1), &[link(1)]).await.expect("totals");
    assert_eq!(totals[&link(1)].clicks, 15);

    on(&house, &house.config).check().await.expect("for ever from now on");
    let table: String = direct
        .query_raw(
            "SELECT create_table_query FROM system.tables WHERE database = currentDatabase() AND name = 'clicks'",
        )
        .fetch_one()
        .await
        .expect("a table");
    assert!(!table.contains("TTL"), "{table}");
}

/// Ages of a click, in days: stamped before 1970, in 1970, a year ago, now, and by clocks that are far ahead, two of them past what the
/// server can write as a time of deleting.
const AGES: [i64; 6] = [21_000, 20_400, 365, 0, -10_000, -36_000];

/// How many clicks of each of these ages, half of them orphans, a table has kept that an earlier release had made, after these settings hold.
async fn kept(house: &House, retention_days: u32, orphan_retention_days: u32) -> u64 {
    let store = on(house, &house.config);
    store.check().await.expect("prepared");
    let direct = test_server::client(house.config.url.expose_secret());
    // As a release before this one wrote it, and only where nothing is old enough for it.
    let earlier = "ALTER TABLE clicks MODIFY TTL toDateTime(at) + toIntervalDay(20000) DELETE WHERE kind = 'none'";
    direct.query_raw(earlier).execute().await.expect("as before");
    let settings = ClickStoreConfig { retention_days, orphan_retention_days, ..house.config.clone() };
    let store = on(house, &settings);
    store.check().await.expect("prepared");
    let mut clicks = partition_batch(1, 0..12, 0..12);
    let now = crate::runtime::clock::now().as_micros();
    for (number, record) in clicks.batches[0].clicks.iter_mut().enumerate() {
        record.click.at = Timestamp::from_micros(now - AGES[number % 6] * 86_400_000_000);
        record.click.link_id = [Some(link(1)), None][number / 6];
    }
    store.store_partition_batch(&clicks).await.expect("stored");
    direct.query_raw("OPTIMIZE TABLE clicks FINAL").execute().await.expect("merged");
    direct.query_raw("SELECT count() FROM clicks").fetch_one::<u64>().await.expect("a number")
}

#[tokio::test]
async fn the_longest_retentions_delete_nothing() {
    for (retention_days, orphan_retention_days) in [(36_500, 0), (0, 36_500), (28_930, 36_500)] {
        let Some(house) = House::on_server().await else { return };
        assert_eq!(kept(&house, retention_days, orphan_retention_days).await, 12);
    }
}

#[tokio::test]
async fn a_retention_deletes_what_is_older_and_no_click_of_a_clock_that_is_ahead() {
    let Some(house) = House::on_server().await else { return };
    assert_eq!(kept(&house, 366, 100).await, 4 + 3);
}
