//! Records of the bus that are no click, sent to the topic of dead ones, each with the reason.
//!
//! Invariant: a record is passed only when the bus has it among the dead, whole or in parts.

use std::collections::BTreeMap;

use super::metrics::IngesterMetrics;
use super::prepared_batch::Poison;
use crate::infra::bus::{BusError, Producer, Record, Unreadable};
use crate::infra::click_topic::{PART_HEADER, split};
use crate::runtime::clock;

/// What the headers of a dead record say: why it is no click, and where it stood.
const REASON: &str = "elido-reason";
const PARTITION: &str = "elido-partition";
const OFFSET: &str = "elido-offset";
/// Of what cannot be read, the last offset.
const LAST_OFFSET: &str = "elido-last-offset";
/// How long the parts are of a record that is too long for the topic, in bytes: at first, and where brokers do not take that, at least.
const PART_BYTES_MAX: usize = 256 * 1024;
const PART_BYTES_MIN: usize = 256;

/// Where records of the bus go that are no click.
pub(super) struct DeadClicks {
    producer: Producer,
}

impl DeadClicks {
    /// Sends them by this producer.
    pub(super) fn new(producer: Producer) -> Self {
        Self { producer }
    }

    /// The topic that they go to.
    pub(super) fn topic(&self) -> &str {
        &self.producer.topic().name
    }

    /// Takes the records of a partition that are no click. Whatever fails, they may have been taken: they come again then.
    pub(super) async fn take(&self, partition: i32, poison: &[Poison]) -> Result<(), BusError> {
        if poison.is_empty() {
            return Ok(());
        }
        let records = poison.iter().map(|poison| record_of(partition, poison));
        match self.producer.send(records.collect()).await {
            Err(BusError::TooLong(_)) => self.take_each(partition, poison).await?,
            sent => sent.map(|()| count(poison))?,
        }
        for Poison { record, reason, .. } in poison {
            tracing::warn!(
                partition,
                offset = record.offset,
                reason,
                "a record of the bus is no click: it is among the dead"
            );
        }
        Ok(())
    }

    /// Tells the dead where records of a partition stand that cannot be read: what is in them stays where it is. Whatever fails, it may have been
    /// told.
    pub(super) async fn take_unreadable(&self, partition: i32, unreadable: &Unreadable) -> Result<(), BusError> {
        let Unreadable { offsets, reason } = unreadable;
        let (first, last) = (offsets.start, offsets.end - 1);
        let said = [
            (REASON, format!("the batch of this record cannot be read: {reason}")),
            (PARTITION, partition.to_string()),
            (OFFSET, first.to_string()),
            (LAST_OFFSET, last.to_string()),
        ];
        let headers = said.map(|(name, value)| (name.to_owned(), value.into_bytes())).into();
        let record = Record { key: Vec::new(), value: Vec::new(), headers, at: clock::now() };
        self.producer.send(vec![record]).await?;
        IngesterMetrics::global().undecodable.increment(u64::try_from(offsets.end - first).unwrap_or(0));
        tracing::error!(
            partition,
            first,
            last,
            reason,
            "records of the bus cannot be read, and are passed: they stay on the bus for as long as the brokers keep them"
        );
        Ok(())
    }

    async fn take_each(&self, partition: i32, poison: &[Poison]) -> Result<(), BusError> {
        for each in poison {
            match self.producer.send(vec![record_of(partition, each)]).await {
                Err(BusError::TooLong(_)) => self.take_in_parts(partition, each).await?,
                sent => sent?,
            }
            count(std::slice::from_ref(each));
        }
        Ok(())
    }

    /// Takes a record that is too long for the topic: in parts, which are made shorter until the brokers take them.
    async fn take_in_parts(&self, partition: i32, poison: &Poison) -> Result<(), BusError> {
        let (record, headers) = (&poison.record, said_of(partition, poison));
        let name = format!("{partition} {} {}", record.offset, record.fingerprint());
        let mut bytes = PART_BYTES_MAX;
        loop {
            match self.send_one_by_one(split(record, &name, &headers, bytes)).await {
                Err(BusError::TooLong(_)) if bytes > PART_BYTES_MIN => bytes /= 2,
                sent => return sent,
            }
        }
    }

    async fn send_one_by_one(&self, records: Vec<Record>) -> Result<(), BusError> {
        for record in records {
            self.producer.send(vec![record]).await?;
        }
        Ok(())
    }
}

fn count(poison: &[Poison]) {
    IngesterMetrics::global().undecodable.increment(poison.len() as u64);
}

fn said_of(partition: i32, poison: &Poison) -> BTreeMap<String, Vec<u8>> {
    let Poison { record, reason, .. } = poison;
    let said = [(REASON, reason.clone()), (PARTITION, partition.to_string()), (OFFSET, record.offset.to_string())];
    said.map(|(name, value)| (name.to_owned(), value.into_bytes())).into()
}

fn record_of(partition: i32, poison: &Poison) -> Record {
    let record = &poison.record;
    let mut headers = record.headers.clone();
    // It would be taken for a part.
    headers.remove(PART_HEADER);
    headers.extend(said_of(partition, poison));
    Record {
        key: record.key.clone().unwrap_or_default(),
        value: record.value.clone().unwrap_or_default(),
        headers,
        at: clock::now(),
    }
}
