//! Sends records to a topic.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join_all;
use rskafka::client::Client;
use rskafka::client::partition::{Compression, PartitionClient, UnknownTopicHandling};
use tokio::sync::Mutex;

use super::connection::within;
use super::partitioner::partition;
use super::{Bus, BusError, Record, Topic, metrics};

/// The longest that brokers may take for one request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// The most records of one request.
const REQUEST_RECORDS_MAX: usize = 1_000;
/// About how much a request holds, in bytes: half of what brokers take where nobody set it.
const REQUEST_BYTES_MAX: usize = 512 * 1024;

/// Sends to one topic; what was learnt of it is kept for as long as all goes well.
pub struct Producer {
    bus: Bus,
    topic: Topic,
    partitions: Mutex<Option<Arc<Vec<PartitionClient>>>>,
}

impl Producer {
    /// Sends to this topic of the bus, which is made when something is sent and it is not there.
    #[must_use]
    pub fn new(bus: Bus, topic: Topic) -> Self {
        Self { bus, topic, partitions: Mutex::new(None) }
    }

    /// Sends records. When this returns, all of them were taken; those of one key in this order.
    ///
    /// # Errors
    /// Some of them were not taken; others may have been.
    pub async fn send(&self, records: Vec<Record>) -> Result<(), BusError> {
        let count = records.len();
        let sent = self.send_to_partitions(records).await;
        if sent.is_err() {
            // The next attempt looks where the partitions are by then.
            *self.partitions.lock().await = None;
        }
        metrics::records(&self.topic.name, sent.is_ok(), count);
        sent
    }

    async fn send_to_partitions(&self, records: Vec<Record>) -> Result<(), BusError> {
        let partitions = self.partitions().await?;
        let mut shares: Vec<Vec<Record>> = partitions.iter().map(|_| Vec::new()).collect();
        for record in records {
            if let Some(share) = shares.get_mut(partition(&record.key, partitions.len())) {
                share.push(record);
            }
        }
        let sent = partitions.iter().zip(shares).map(|(partition, share)| send_share(partition, share));
        try_join_all(sent).await.map(drop)
    }

    /// Where the partitions are, looked up unless it is known.
    async fn partitions(&self) -> Result<Arc<Vec<PartitionClient>>, BusError> {
        let mut known = self.partitions.lock().await;
        if let Some(partitions) = known.as_ref() {
            return Ok(Arc::clone(partitions));
        }
        let client = self.bus.connect().await?;
        let numbers = self.numbers(&client).await?;
        let topic = self.topic.name.as_str();
        let found = numbers
            .into_iter()
            .map(|number| within(REQUEST_TIMEOUT, client.partition_client(topic, number, UnknownTopicHandling::Error)));
        let partitions = Arc::new(try_join_all(found).await?);
        *known = Some(Arc::clone(&partitions));
        Ok(partitions)
    }

    /// The numbers of the topic's partitions; makes the topic if it is not there.
    async fn numbers(&self, client: &Client) -> Result<Vec<i32>, BusError> {
        if let Some(numbers) = self.find(client).await? {
            return Ok(numbers);
        }
        let controller = client.controller_client().map_err(|error| BusError::Unavailable(error.to_string()))?;
        let Topic { name, partitions, replication } = &self.topic;
        let timeout_ms = i32::try_from(REQUEST_TIMEOUT.as_millis()).unwrap_or(i32::MAX);
        let made =
            within(REQUEST_TIMEOUT, controller.create_topic(name.as_str(), *partitions, *replication, timeout_ms))
                .await;
        // Another process may have made it in the same moment; whether it is there is what counts.
        match (self.find(client).await?, made) {
            (Some(numbers), _) => Ok(numbers),
            (None, Err(error)) => Err(error),
            (None, Ok(())) => Err(BusError::Unavailable(format!("the topic {name} is being made"))),
        }
    }

    async fn find(&self, client: &Client) -> Result<Option<Vec<i32>>, BusError> {
        let topics = within(REQUEST_TIMEOUT, client.list_topics()).await?;
        let topic = topics.into_iter().find(|topic| topic.name == self.topic.name);
        Ok(topic.map(|topic| topic.partitions.into_iter().collect()).filter(|numbers: &Vec<i32>| !numbers.is_empty()))
    }
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
