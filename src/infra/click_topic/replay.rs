//! Puts dead records back among the clicks, such as after an update that can read them.
//!
//! Invariant: each keeps what it is known by, goes with all of its dead partition into one partition for good, and is sent when all before it
//! were taken. So it is stored once, also where this is cut short and done again.

use std::collections::BTreeMap;
use std::time::Duration;

use super::parts::Joiner;
use super::record::{REPLAY_HEADER, Replay};
use super::{clicks, dead_clicks};
use crate::config::Config;
use crate::config::bus_section::BusConfig;
use crate::domain::error::Error;
use crate::infra::bus::{Bus, BusError, Fetched, PartitionReader, Producer, Received, Record, Unreadable};
use crate::infra::store::Store;
use crate::infra::store::click_replays::{self, ClickReplay};
use crate::runtime::clock;

/// How long to wait for records that should be there.
const PATIENCE: Duration = Duration::from_secs(1);

/// Why dead records were not replayed. Those before it were.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The settings name no bus.
    #[error(
        "bus.url is not set: without a bus, records that are no click are in undecodable-clicks.ndjson in the data folder"
    )]
    NoBus,
    /// The settings of the bus cannot be used, or it does not give or take the records.
    #[error(transparent)]
    Bus(#[from] BusError),
    /// The database cannot be had, or how far it got cannot be read or written.
    #[error("the database cannot be used: {0}")]
    Database(#[from] Error),
}

/// Puts the records that were no click back among the clicks, those that were not put back before, on the bus and the database that the
/// settings name. Returns how many.
///
/// # Errors
/// There is no bus, or it or the database does not answer.
pub async fn replay_dead_clicks(config: &Config) -> Result<u64, ReplayError> {
    let bus = Bus::new(&config.bus)?.ok_or(ReplayError::NoBus)?;
    let store = Store::connect(&config.database, &config.data_folder).await?;
    let replayed = replay_dead(&bus, &config.bus, &store).await;
    store.close().await;
    replayed
}

/// Sends every dead record that was not replayed yet to the topic of clicks. Returns how many.
async fn replay_dead(bus: &Bus, config: &BusConfig, store: &Store) -> Result<u64, ReplayError> {
    let dead = dead_clicks(config);
    let producer = Producer::new(bus.clone(), clicks(config));
    let mut replayed = 0;
    for number in bus.partitions(&dead).await? {
        let reader = PartitionReader::new(bus.clone(), &dead.name, number);
        replayed += replay_partition(reader, &dead.name, number, &producer, store).await?;
    }
    Ok(replayed)
}

async fn replay_partition(
    mut reader: PartitionReader,
    topic: &str,
    number: i32,
    producer: &Producer,
    store: &Store,
) -> Result<u64, ReplayError> {
    let known = click_replays::find(store.reader(), topic, number).await?;
    let first = reader.first_offset().await?;
    let kept = known.and_then(|known| i32::try_from(known.into_number).ok());
    let into = producer.partition_for(format!("{topic} {number}").as_bytes(), kept).await?;
    let mut next = known.map_or(first, |known| known.next_offset.max(first));
    let (mut replayed, mut joiner) = (0, Joiner::default());
    // What dies while this goes on, such as what was just replayed, waits for the next time.
    let end = reader.read(next, Duration::ZERO).await?.end;
    while next < end {
        let Fetched { records, unreadable, .. } = reader.read(next, PATIENCE).await?;
        if let Some(Unreadable { offsets, reason }) = unreadable {
            tracing::error!(
                topic,
                partition = number,
                ?offsets,
                reason,
                "dead records cannot be read, and are not replayed"
            );
            next = offsets.end;
            continue;
        }
        let Some(last) = records.last().map(|record| record.offset) else { break };
        // Where they go is known before the first of them leaves.
        let at = |next_offset| ClickReplay { into_number: into.into(), next_offset };
        advance(store, topic, number, at(joiner.first_open().unwrap_or(next))).await?;
        let whole: Vec<Record> =
            joined(&mut joiner, records, topic).into_iter().map(|record| marked(record, number)).collect();
        replayed += whole.len() as u64;
        send(producer, into, whole).await?;
        next = last + 1;
        // Of a record that is in parts, all of them are needed the next time too.
        advance(store, topic, number, at(joiner.first_open().unwrap_or(next))).await?;
    }
    if let Some(offset) = joiner.first_open() {
        tracing::warn!(topic, partition = number, offset, "parts of dead records wait for the rest of them");
    }
    Ok(replayed)
}

/// What is no part, and what is whole by now.
fn joined(joiner: &mut Joiner, records: Vec<Received>, topic: &str) -> Vec<Received> {
    let mut whole = Vec::new();
    for record in records {
        let offset = record.offset;
        match joiner.take(record) {
            Ok(record) => whole.extend(record),
            Err(error) => tracing::error!(topic, offset, %error, "a part of a dead record is not replayed"),
        }
    }
    whole
}

/// Sends together what the brokers take together.
async fn send(producer: &Producer, into: i32, records: Vec<Record>) -> Result<(), BusError> {
    match producer.send_to(into, records.clone()).await {
        Err(BusError::TooLong(_)) => {
            for record in records {
                producer.send_to(into, vec![record]).await?;
            }
            Ok(())
        }
        sent => sent,
    }
}

async fn advance(store: &Store, topic: &str, number: i32, replay: ClickReplay) -> Result<(), Error> {
    let transaction = store.write().await?;
    click_replays::advance(&transaction, topic, number, replay).await?;
    transaction.commit().await
}

/// The record as it was, with its place among the dead.
fn marked(record: Received, partition: i32) -> Record {
    let before = record.headers.get(REPLAY_HEADER).and_then(|header| Replay::from_header(header));
    let generation = before.map_or(0, |before| before.generation).saturating_add(1);
    let replay = Replay { generation, partition, offset: record.offset };
    Record {
        key: record.key.unwrap_or_default(),
        value: record.value.unwrap_or_default(),
        headers: BTreeMap::from([(REPLAY_HEADER.to_owned(), replay.to_header())]),
        at: clock::now(),
    }
}
