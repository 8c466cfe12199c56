//! The consumers of events and what they could not take, for those who run the instance.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::AdminAccess;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::event::Event;
use crate::domain::time::Timestamp;
use crate::infra::store::event_consumers::{self, EventFailure as Row};
use crate::infra::store::{Transaction, events};
use crate::runtime::clock;
use crate::services::api_core::ApiCore;
use crate::services::api_core::recorded_action::{Action, Recorded};

pub(in crate::services::api_core) const RETRIED: Action<EventFailure> = Action::new(
    "event_failure.retried",
    "A consumer was told to try an event again that it had set aside. It stands in the trail of the instance.",
);
pub(in crate::services::api_core) const DISCARDED: Action<EventFailure> = Action::new(
    "event_failure.discarded",
    "A consumer will not take an event that it had set aside. It stands in the trail of the instance.",
);

/// The most consumers that a list shows. They are named in the program, so that there are few.
const CONSUMERS_MAX: u64 = 100;

/// What goes on in the platform after events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct EventConsumer {
    /// Its name.
    #[schema(example = "webhooks")]
    pub name: String,
    /// Every event up to this number was taken or put down.
    #[schema(minimum = 0, example = 4711)]
    pub position: i64,
    /// How many events of the stream it has not come to yet.
    #[schema(minimum = 0, example = 0)]
    pub lag: i64,
    /// How many events it tries again by itself, or has waiting behind one that it tries again.
    #[schema(minimum = 0, example = 0)]
    pub waiting: u64,
    /// How many events it has set aside.
    #[schema(minimum = 0, example = 0)]
    pub set_aside: u64,
    /// When it last came further.
    pub updated_at: Timestamp,
}

/// What becomes of an event that a consumer could not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventFailureState {
    /// It is tried again by itself, or waits behind an earlier one of its subject.
    Waiting,
    /// It is not tried again, unless a person wants that.
    SetAside,
}

/// An event that a consumer could not take.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct EventFailure {
    /// Whose it is.
    #[schema(example = "webhooks")]
    pub consumer: String,
    /// The number of the event.
    #[schema(minimum = 1, example = 4711)]
    pub sequence: i64,
    /// What becomes of it.
    pub state: EventFailureState,
    /// How often it was tried.
    #[schema(minimum = 0, example = 10)]
    pub attempts: i64,
    /// When it is tried again; `null` where it was set aside.
    pub retry_at: Option<Timestamp>,
    /// Why it failed the last time; empty where it only waits.
    pub last_error: String,
    /// When it failed first.
    pub failed_at: Timestamp,
    /// The event.
    pub event: Event,
}

/// Which failures of a consumer a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct EventFailureQuery {
    /// Only those of which this becomes; all if absent.
    pub state: Option<EventFailureState>,
    /// Only those behind this number.
    pub after: i64,
    /// At most so many.
    pub limit: u64,
}

impl Recorded for EventFailure {
    fn subject(&self) -> String {
        format!("{}/{}", self.consumer, self.sequence)
    }
}

impl From<Row> for EventFailure {
    fn from(row: Row) -> Self {
        let state = if row.retry_at.is_some() { EventFailureState::Waiting } else { EventFailureState::SetAside };
        Self {
            consumer: row.consumer,
            sequence: row.sequence,
            state,
            attempts: row.attempts,
            retry_at: row.retry_at,
            last_error: row.last_error,
            failed_at: row.created_at,
            event: row.event.0,
        }
    }
}

impl ApiCore {
    /// Every consumer that has ever run, by name.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn list_event_consumers(&self, _access: AdminAccess) -> Result<Vec<EventConsumer>> {
        let reader = self.store.reader();
        let last = events::last(reader).await?;
        let mut consumers = Vec::new();
        for row in event_consumers::all(reader, CONSUMERS_MAX).await? {
            let waiting = event_consumers::count_failures(reader, &row.name, false).await?;
            let set_aside = event_consumers::count_failures(reader, &row.name, true).await?;
            consumers.push(EventConsumer {
                position: row.position,
                lag: last.saturating_sub(row.position).max(0),
                waiting,
                set_aside,
                updated_at: row.updated_at,
                name: row.name,
            });
        }
        Ok(consumers)
    }

    /// Events that a consumer could not take, in the order of the stream.
    ///
    /// # Errors
    /// `NotFound` if there is no such consumer.
    pub async fn list_event_failures(
        &self,
        _access: AdminAccess,
        consumer: &str,
        query: EventFailureQuery,
    ) -> Result<Vec<EventFailure>> {
        let reader = self.store.reader();
        event_consumers::position(reader, consumer).await?.ok_or_else(|| Error::not_found("consumer"))?;
        let is_set_aside = query.state.map(|state| state == EventFailureState::SetAside);
        let rows = event_consumers::failures(reader, consumer, is_set_aside, query.after, query.limit).await?;
        Ok(rows.into_iter().map(EventFailure::from).collect())
    }

    /// Has an event that was set aside tried again at once, with all attempts before it.
    ///
    /// # Errors
    /// `NotFound` if there is none; `Conflict` if it is tried again anyway.
    pub async fn retry_event_failure(
        &self,
        access: AdminAccess,
        consumer: &str,
        sequence: i64,
    ) -> Result<EventFailure> {
        let transaction = self.store.write().await?;
        let before = set_aside(&transaction, consumer, sequence).await?;
        event_consumers::retry(&transaction, consumer, sequence, clock::now()).await?;
        let after = found(&transaction, consumer, sequence).await?;
        self.commit(transaction, vec![RETRIED.edited(access.by(), &before, &after)?], Vec::new()).await?;
        Ok(after)
    }

    /// Forgets an event that was set aside: its consumer will not take it.
    ///
    /// # Errors
    /// `NotFound` if there is none; `Conflict` if it is tried again anyway.
    pub async fn discard_event_failure(&self, access: AdminAccess, consumer: &str, sequence: i64) -> Result<()> {
        let transaction = self.store.write().await?;
        let failure = set_aside(&transaction, consumer, sequence).await?;
        event_consumers::delete_failure(&transaction, consumer, sequence).await?;
        self.commit(transaction, vec![DISCARDED.removed(access.by(), &failure)?], Vec::new()).await
    }
}

/// A failure that was set aside. Until the transaction ends, no process works for the consumer.
async fn set_aside(transaction: &Transaction, consumer: &str, sequence: i64) -> Result<EventFailure> {
    event_consumers::hold(transaction, consumer).await?.ok_or_else(|| Error::not_found("consumer"))?;
    let failure = found(transaction, consumer, sequence).await?;
    if failure.state == EventFailureState::Waiting {
        let message = "This event is tried again anyway. Only one that was set aside can be retried or discarded.";
        return Err(Error::new(ErrorKind::Conflict, "not_set_aside", message));
    }
    Ok(failure)
}

async fn found(transaction: &Transaction, consumer: &str, sequence: i64) -> Result<EventFailure> {
    let row = event_consumers::find_failure(transaction, consumer, sequence).await?;
    row.map(EventFailure::from).ok_or_else(|| Error::not_found("failure of this consumer"))
}
