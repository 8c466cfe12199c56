//! Where the partitions of a topic are; a topic that is not there is made.

use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use rskafka::client::Client;
use rskafka::client::partition::{OffsetAt, PartitionClient, UnknownTopicHandling};

use super::connection::within;
use super::{Bus, BusError, Topic};

/// The longest that brokers may take for one request.
pub(super) const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// How long it takes until a topic that is being made is looked at again.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

impl Bus {
    /// The numbers of a topic's partitions, ascending. Makes the topic if it is not there.
    ///
    /// # Errors
    /// No broker answers in time, or none takes the topic.
    pub async fn partitions(&self, topic: &Topic) -> Result<Vec<i32>, BusError> {
        numbers(&self.connect().await?, topic).await
    }
}

/// A client for each partition of a topic, by number. Makes the topic if it is not there, and waits until each
/// partition has a leader that takes records.
pub(super) async fn clients(bus: &Bus, topic: &Topic) -> Result<Vec<PartitionClient>, BusError> {
    let client = bus.connect().await?;
    let numbers = numbers(&client, topic).await?;
    let client = &client;
    try_join_all(numbers.into_iter().map(|number| eventually(move || led(client, &topic.name, number)))).await
}

/// A client for one partition, whose leader answers.
async fn led(client: &Client, topic: &str, number: i32) -> Result<PartitionClient, BusError> {
    let partition = partition_client(client, topic, number).await?;
    within(REQUEST_TIMEOUT, partition.get_offset(OffsetAt::Latest)).await?;
    Ok(partition)
}

/// A client for one partition of a topic that is there.
pub(super) async fn partition_client(client: &Client, topic: &str, number: i32) -> Result<PartitionClient, BusError> {
    within(REQUEST_TIMEOUT, client.partition_client(topic, number, UnknownTopicHandling::Error)).await
}

async fn numbers(client: &Client, topic: &Topic) -> Result<Vec<i32>, BusError> {
    if let Some(numbers) = find(client, topic).await? {
        return Ok(numbers);
    }
    let controller = client.controller_client().map_err(|error| BusError::Unavailable(error.to_string()))?;
    let Topic { name, partitions, replication } = topic;
    let timeout_ms = i32::try_from(REQUEST_TIMEOUT.as_millis()).unwrap_or(i32::MAX);
    let made =
        within(REQUEST_TIMEOUT, controller.create_topic(name.as_str(), *partitions, *replication, timeout_ms)).await;
    // Another process may have made it in the same moment; whether it is there is what counts. The controller
    // answers before the other brokers have heard of it.
    match made {
        Err(error) => find(client, topic).await?.ok_or(error),
        Ok(()) => {
            eventually(|| async {
                let being_made = || BusError::Unavailable(format!("the topic {name} is being made"));
                find(client, topic).await?.ok_or_else(being_made)
            })
            .await
        }
    }
}

/// What `look` finds, if it finds it before brokers have had their time; else why it does not.
async fn eventually<T, Look>(look: impl Fn() -> Look) -> Result<T, BusError>
where
    Look: Future<Output = Result<T, BusError>>,
{
    let end = Instant::now() + REQUEST_TIMEOUT;
    loop {
        match look().await {
            Err(_) if Instant::now() < end => tokio::time::sleep(LOOK_AGAIN).await,
            found => return found,
        }
    }
}

async fn find(client: &Client, topic: &Topic) -> Result<Option<Vec<i32>>, BusError> {
    let topics = within(REQUEST_TIMEOUT, client.list_topics()).await?;
    let found = topics.into_iter().find(|found| found.name == topic.name);
    // The library gives them in ascending order.
    Ok(found.map(|topic| topic.partitions.into_iter().collect()).filter(|numbers: &Vec<i32>| !numbers.is_empty()))
}
