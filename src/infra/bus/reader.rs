//! Reads one partition of a topic, from any offset on.

use std::collections::BTreeMap;
use std::time::Duration;

use rskafka::client::partition::{OffsetAt, PartitionClient};

use super::connection::within;
use super::topic::{self, REQUEST_TIMEOUT};
use super::{Bus, BusError};
use crate::domain::time::Timestamp;

/// How many compressed bytes one answer has, at most; a batch that is longer comes whole all the same.
const FETCH_BYTES_MAX: i32 = 512 * 1024;

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

/// Some records of a partition.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fetched {
    /// The records, by offset.
    pub records: Vec<Received>,
    /// The offset behind the last record that there is.
    pub end: i64,
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
        let wait_ms = i32::try_from(patience.as_millis()).unwrap_or(i32::MAX);
        let client = self.client().await?;
        let answer =
            within(REQUEST_TIMEOUT + patience, client.fetch_records(offset, 1..FETCH_BYTES_MAX, wait_ms)).await;
        let (records, end) = self.keep(answer)?;
        let records = records.into_iter().map(|record| Received {
            offset: record.offset,
            sent_at: record.record.timestamp.into(),
            key: record.record.key,
            value: record.record.value,
            headers: record.record.headers,
        });
        Ok(Fetched { records: records.collect(), end })
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
        if answer.is_err() {
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
