//! Records of the bus that are no click, sent to the topic of dead ones, each with the reason.
//!
//! Invariant: a record is passed only when the bus has it among the dead, or, where it is too long for that, when it was kept in a file or
//! counted as dropped.

use std::collections::BTreeMap;
use std::io;

use super::dead_letters::{DeadLetters, Undecodable};
use super::metrics::IngesterMetrics;
use super::prepared_batch::Poison;
use crate::infra::bus::{BusError, Producer, Record, Unreadable};
use crate::infra::journal::JournalId;
use crate::runtime::clock;

/// What the headers of a dead record say: why it is no click, and where it stood.
const REASON: &str = "elido-reason";
const PARTITION: &str = "elido-partition";
const OFFSET: &str = "elido-offset";
/// Of what cannot be read, the last offset.
const LAST_OFFSET: &str = "elido-last-offset";

/// Where records of the bus go that are no click.
pub(super) struct DeadClicks {
    producer: Producer,
    too_long: DeadLetters,
}

impl DeadClicks {
    /// Sends them by this producer, and keeps those that it cannot send in a file.
    pub(super) fn new(producer: Producer, too_long: DeadLetters) -> Self {
        Self { producer, too_long }
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
                Err(BusError::TooLong(_)) => self.keep_in_file(each),
                sent => sent.map(|()| count(std::slice::from_ref(each)))?,
            }
        }
        Ok(())
    }

    fn keep_in_file(&self, poison: &Poison) {
        let metrics = IngesterMetrics::global();
        let (journal, position) = poison.place.unwrap_or((JournalId::from_u64(0), poison.record.offset.unsigned_abs()));
        let payload = poison.record.value.as_deref().unwrap_or_default();
        let record = Undecodable { position, payload, error: poison.reason.clone() };
        let counter = match self.too_long.keep(journal, &[record]) {
            Ok(()) => &metrics.undecodable,
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => &metrics.dropped_full,
            Err(_) => &metrics.dropped_unwritable,
        };
        counter.increment(1);
    }
}

fn count(poison: &[Poison]) {
    IngesterMetrics::global().undecodable.increment(poison.len() as u64);
}

fn record_of(partition: i32, poison: &Poison) -> Record {
    let Poison { record, reason, .. } = poison;
    let said = [(REASON, reason.clone()), (PARTITION, partition.to_string()), (OFFSET, record.offset.to_string())];
    let mut headers: BTreeMap<String, Vec<u8>> = record.headers.clone();
    headers.extend(said.map(|(name, value)| (name.to_owned(), value.into_bytes())));
    Record {
        key: record.key.clone().unwrap_or_default(),
        value: record.value.clone().unwrap_or_default(),
        headers,
        at: clock::now(),
    }
}
