//! Publishes every event of the instance on the bus, for programs outside.
//!
//! A consumer like any other: what the brokers took and its new position are not one transaction, so that after a crash, or an answer of a
//! broker that was lost, events come twice. They carry their ids, by which whoever reads them knows them again.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde_json::Value;
use tokio::sync::Mutex;

use crate::domain::error::{Error, Result};
use crate::domain::event::Event;
use crate::infra::bus::{Producer, Record};
use crate::infra::events::Consumer;
use crate::infra::store::Transaction;

/// The header with the id of an event.
const ID: &str = "elido-event-id";
/// The header with its type.
const TYPE: &str = "elido-event-type";

/// There with the value `true` where the data of an event is too long for a record: it is read over REST.
const OMITTED: &str = "elido-event-data-omitted";
/// The longest value of a record, in bytes. Brokers take about a million where nobody set it.
const VALUE_BYTES_MAX: usize = 900_000;

/// Publishes events.
pub struct EventPublisher {
    producer: Producer,
    /// What the batch under way has to say.
    begun: Mutex<Vec<Record>>,
}

impl EventPublisher {
    /// Publishes by this producer.
    #[must_use]
    pub fn new(producer: Producer) -> Self {
        Self { producer, begun: Mutex::default() }
    }
}

#[async_trait]
impl Consumer for EventPublisher {
    fn name(&self) -> &'static str {
        "event_publisher"
    }

    fn wants(&self, _event: &Event) -> bool {
        true
    }

    async fn take(&self, _transaction: &Transaction, event: &Event) -> Result<()> {
        self.begun.lock().await.push(record(event)?);
        Ok(())
    }

    fn is_remote(&self) -> bool {
        true
    }

    async fn settle(&self) -> Result<()> {
        let records = std::mem::take(&mut *self.begun.lock().await);
        if records.is_empty() {
            return Ok(());
        }
        // Whatever it is, the events are not to blame, and wait until it is mended.
        self.producer.send(records).await.map_err(Error::unavailable)
    }
}

/// What the stream over REST has of an event, under the id of what it happened to.
fn record(event: &Event) -> Result<Record> {
    let mut headers = BTreeMap::from([
        (ID.to_owned(), event.id.to_string().into_bytes()),
        (TYPE.to_owned(), event.r#type.clone().into_bytes()),
        ("content-type".to_owned(), b"application/json".to_vec()),
    ]);
    let mut value = serde_json::to_vec(event).map_err(Error::internal)?;
    if value.len() > VALUE_BYTES_MAX {
        headers.insert(OMITTED.to_owned(), b"true".to_vec());
        value = serde_json::to_vec(&Event { data: Value::Null, ..event.clone() }).map_err(Error::internal)?;
    }
    Ok(Record { key: event.subject.clone().into_bytes(), value, headers, at: event.at })
}
