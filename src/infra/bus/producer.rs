//! Sends records to a topic.

use std::sync::Arc;

use futures_util::future::try_join_all;
use rskafka::client::partition::{Compression, PartitionClient};
use tokio::sync::Mutex;

use super::connection::within;
use super::partitioner::partition;
use super::topic::{self, REQUEST_TIMEOUT};
use super::{Bus, BusError, Record, Topic, metrics};

/// The most records of one request.
const REQUEST_RECORDS_MAX: usize = 1_000;
/// About how much a request holds, in bytes: half of what brokers take where nobody set it.
const REQUEST_BYTES_MAX: usize = 512 * 1024;

/// Sends to one topic; what was learnt of it is kept for as long as all goes well.
pub struct Producer {
    bus: Bus,
    topic: Topic,
    partitions: Mutex<Option<Partitions>>,
}

/// The partitions of the topic, by number.
type Partitions = Arc<Vec<PartitionClient>>;

impl Producer {
    /// Sends to this topic of the bus, which is made when something is sent and it is not there.
    #[must_use]
    pub fn new(bus: Bus, topic: Topic) -> Self {
        Self { bus, topic, partitions: Mutex::new(None) }
    }

    /// The topic that it sends to.
    #[must_use]
    pub fn topic(&self) -> &Topic {
        &self.topic
    }

    /// Sends records. When this returns, all of them were taken; those of one key in this order.
    ///
    /// # Errors
    /// Some of them were not taken; others may have been.
    pub async fn send(&self, records: Vec<Record>) -> Result<(), BusError> {
        let count = records.len();
        let partitions = self.partitions().await;
        let sent = match &partitions {
            Ok(partitions) => send_by_key(partitions, records).await,
            Err(error) => Err(error.clone()),
        };
        self.conclude(count, partitions.ok().as_ref(), sent).await
    }

    /// Sends records to one partition, whatever their keys. When this returns, all of them were taken, in this order.
    ///
    /// # Errors
    /// Some of them were not taken; others may have been.
    pub async fn send_to(&self, number: i32, records: Vec<Record>) -> Result<(), BusError> {
        let count = records.len();
        let partitions = self.partitions().await;
        let sent = match &partitions {
            Ok(partitions) => match partitions.iter().find(|partition| partition.partition() == number) {
                Some(partition) => send_share(partition, records).await,
                None => Err(BusError::Unavailable(format!("{} has no partition {number}", self.topic.name))),
            },
            Err(error) => Err(error.clone()),
        };
        self.conclude(count, partitions.ok().as_ref(), sent).await
    }

    /// The partition for what has this key: the one that was `kept` for it, as long as there is one of that number.
    ///
    /// # Errors
    /// No broker answers in time.
    pub async fn partition_for(&self, key: &[u8], kept: Option<i32>) -> Result<i32, BusError> {
        let partitions = self.partitions().await?;
        if let Some(kept) = kept.filter(|kept| partitions.iter().any(|partition| partition.partition() == *kept)) {
            return Ok(kept);
        }
        let chosen = partitions.get(partition(key, partitions.len()));
        chosen.map(PartitionClient::partition).ok_or_else(|| BusError::Unavailable("there is no partition".to_owned()))
    }

    /// Counts, and forgets after a failure where the partitions were: the next attempt looks where they are by then.
    async fn conclude(
        &self,
        count: usize,
        used: Option<&Partitions>,
        sent: Result<(), BusError>,
    ) -> Result<(), BusError> {
        if sent.is_err() {
            let mut known = self.partitions.lock().await;
            // Somebody else may have looked already.
            let is_used = |known: &mut Partitions| used.is_some_and(|used| Arc::ptr_eq(used, known));
            known.take_if(is_used);
        }
        metrics::records(&self.topic.name, sent.is_ok(), count);
        sent
    }

    /// Where the partitions are, looked up unless it is known.
    async fn partitions(&self) -> Result<Partitions, BusError> {
        let mut known = self.partitions.lock().await;
        if let Some(partitions) = known.as_ref() {
            return Ok(Arc::clone(partitions));
        }
        let partitions = Arc::new(topic::clients(&self.bus, &self.topic).await?);
        *known = Some(Arc::clone(&partitions));
        Ok(partitions)
    }
}

async fn send_by_key(partitions: &[PartitionClient], records: Vec<Record>) -> Result<(), BusError> {
    let mut shares: Vec<Vec<Record>> = partitions.iter().map(|_| Vec::new()).collect();
    for record in records {
        if let Some(share) = shares.get_mut(partition(&record.key, partitions.len())) {
            share.push(record);
        }
    }
    try_join_all(partitions.iter().zip(shares).map(|(partition, share)| send_share(partition, share))).await.map(drop)
}

/// Sends what belongs to one partition, one request after another.
async fn send_share(partition: &PartitionClient, records: Vec<Record>) -> Result<(), BusError> {
    for request in requests(records) {
        within(REQUEST_TIMEOUT, partition.produce(request, Compression::Lz4)).await?;
    }
    Ok(())
}

/// The records in requests that brokers take.
fn requests(records: Vec<Record>) -> Vec<Vec<rskafka::record::Record>> {
    let mut requests: Vec<Vec<rskafka::record::Record>> = Vec::new();
    let mut bytes = 0;
    for record in records {
        let record = to_kafka(record);
        let length = record.approximate_size();
        let fits = |request: &&mut Vec<_>| request.len() < REQUEST_RECORDS_MAX && bytes + length <= REQUEST_BYTES_MAX;
        match requests.last_mut().filter(fits) {
            Some(request) => {
                bytes = bytes.saturating_add(length);
                request.push(record);
            }
            None => {
                bytes = length;
                requests.push(vec![record]);
            }
        }
    }
    requests
}

fn to_kafka(record: Record) -> rskafka::record::Record {
    let Record { key, value, headers, at } = record;
    let timestamp = at.to_utc().unwrap_or_default();
    rskafka::record::Record { key: Some(key), value: Some(value), headers, timestamp }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::domain::time::Timestamp;

    fn record(bytes: usize) -> Record {
        let at = Timestamp::from_micros(0);
        Record { key: vec![1], value: vec![0; bytes], headers: BTreeMap::new(), at }
    }

    #[test]
    fn a_request_is_neither_too_long_nor_has_too_many_records() {
        let lengths = |records: Vec<Record>| requests(records).iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(lengths(Vec::new()), Vec::<usize>::new());
        assert_eq!(lengths((0..2_500).map(|_| record(10)).collect()), [1_000, 1_000, 500]);
        assert_eq!(
            lengths(vec![record(300_000), record(300_000), record(1), record(2_000_000), record(1)]),
            [1, 2, 1, 1]
        );
    }
}
