//! Reads one partition of a topic, from any offset on, also over batches that cannot be read.
//!
//! Invariant: a stretch counts as unreadable only where the brokers give it whole and the end of the partition can be read; whatever else is wrong is
//! an error, and is tried again.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use ring::digest;
use rskafka::client::partition::{OffsetAt, PartitionClient};
use tracing::instrument::WithSubscriber;
use tracing::subscriber::NoSubscriber;

use super::connection::within;
use super::topic::{self, REQUEST_TIMEOUT};
use super::{Bus, BusError};
use crate::domain::time::Timestamp;

/// How many compressed bytes one answer has, at most; a batch that is longer comes whole all the same.
const FETCH_BYTES_MAX: i32 = 512 * 1024;
/// So few that an answer has one batch.
const ONE_BATCH: i32 = 2;
/// At how many offsets the end of an unreadable stretch is looked for at a time.
const PROBES_MAX: i64 = 1_000;

/// Reads one partition. What was learnt of it is kept for as long as all goes well.
pub struct PartitionReader {
    bus: Bus,
    topic: String,
    number: i32,
    client: Option<PartitionClient>,
}

/// A record as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Where it stands in its partition.
    pub offset: i64,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// What it is known by, if it is.
    pub key: Option<Vec<u8>>,
    /// What it says.
    pub value: Option<Vec<u8>>,
    /// What there is to say besides, by name.
    pub headers: BTreeMap<String, Vec<u8>>,
}

impl Received {
    /// By which a record is told from others that may stand at the same offset of another partition.
    #[must_use]
    pub fn fingerprint(&self) -> i64 {
        let mut context = digest::Context::new(&digest::SHA256);
        for part in [&self.key, &self.value] {
            let length = part.as_ref().map_or(u64::MAX, |part| part.len() as u64);
            context.update(&length.to_le_bytes());
            context.update(part.as_deref().unwrap_or_default());
        }
        context.finish().as_ref().first_chunk().copied().map_or(0, i64::from_le_bytes)
    }
}

/// Records that are there and cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Where they stand.
    pub offsets: Range<i64>,
    /// What is wrong with the first of them.
    pub reason: String,
}

/// Some records of a partition.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fetched {
    /// The records, by offset.
    pub records: Vec<Received>,
    /// The offset behind the last record that there is.
    pub end: i64,
    /// What stands at the offset that was asked for, where that cannot be read. Then there are no records.
    pub unreadable: Option<Unreadable>,
}

impl PartitionReader {
    /// Reads this partition of a topic that is there.
    #[must_use]
    pub fn new(bus: Bus, topic: &str, number: i32) -> Self {
        Self { bus, topic: topic.to_owned(), number, client: None }
    }

    /// The records from `offset` on, as many as one answer holds. Where there are none, waits for some, but not longer than `patience`.
    ///
    /// # Errors
    /// `OutOfRange` if there is no such offset (any more); no broker answers in time.
    pub async fn read(&mut self, offset: i64, patience: Duration) -> Result<Fetched, BusError> {
        match self.fetch(offset, FETCH_BYTES_MAX, patience).await {
            // Any of the batches that came together may be the reason.
            Err(BusError::Unreadable(_)) => self.read_one_batch(offset).await,
            fetched => fetched,
        }
    }

    async fn read_one_batch(&mut self, offset: i64) -> Result<Fetched, BusError> {
        let reason = match self.probe(offset).await {
            Err(BusError::Unreadable(reason)) => reason,
            fetched => return fetched,
        };
        let client = self.client().await?;
        let end = within(REQUEST_TIMEOUT, client.get_offset(OffsetAt::Latest)).await;
        let end = self.keep(end)?;
        // Brokers that are not understood here either speak another language, and no batch is to blame.
        self.probe(end).await?;
        let mut next = offset + 1;
        while next < end.min(offset + PROBES_MAX) {
            match self.probe(next).await {
                Err(BusError::Unreadable(_)) => next += 1,
                Err(error) => return Err(error),
                Ok(_) => break,
            }
        }
        let unreadable = Some(Unreadable { offsets: offset..next, reason });
        Ok(Fetched { records: Vec::new(), end, unreadable })
    }

    /// The one batch at an offset. The library tells the log of each that it cannot read, which whoever asks here does once for all.
    async fn probe(&mut self, offset: i64) -> Result<Fetched, BusError> {
        self.fetch(offset, ONE_BATCH, Duration::ZERO).with_subscriber(NoSubscriber::default()).await
    }

    async fn fetch(&mut self, offset: i64, bytes_max: i32, patience: Duration) -> Result<Fetched, BusError> {
        let wait_ms = i32::try_from(patience.as_millis()).unwrap_or(i32::MAX);
        let client = self.client().await?;
        let answer = within(REQUEST_TIMEOUT + patience, client.fetch_records(offset, 1..bytes_max, wait_ms)).await;
        let (records, end) = self.keep(answer)?;
        let records = records.into_iter().map(|record| Received {
            offset: record.offset,
            sent_at: record.record.timestamp.into(),
            key: record.record.key,
            value: record.record.value,
            headers: record.record.headers,
        });
        Ok(Fetched { records: records.collect(), end, unreadable: None })
    }

    /// The offset of the first record that is kept.
    ///
    /// # Errors
    /// No broker answers in time.
    pub async fn first_offset(&mut self) -> Result<i64, BusError> {
        let client = self.client().await?;
        let answer = within(REQUEST_TIMEOUT, client.get_offset(OffsetAt::Earliest)).await;
        self.keep(answer)
    }

    /// The next attempt after a failure looks where the partition is by then.
    fn keep<T>(&mut self, answer: Result<T, BusError>) -> Result<T, BusError> {
        if answer.as_ref().is_err_and(|error| !matches!(error, BusError::Unreadable(_))) {
            self.client = None;
        }
        answer
    }

    async fn client(&mut self) -> Result<&PartitionClient, BusError> {
        let client = match self.client.take() {
            Some(client) => client,
            None => topic::partition_client(&self.bus.connect().await?, &self.topic, self.number).await?,
        };
        Ok(self.client.insert(client))
    }
}
