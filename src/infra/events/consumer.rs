//! A consumer, and the loop that works for it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::batch::{Outcome, retry_due, take_batch};
use super::metrics::ConsumerMetrics;
use crate::domain::error::{ErrorKind, Result};
use crate::domain::event::Event;
use crate::infra::store::{Store, Transaction, event_consumers, events};

/// How often a consumer looks for events where no word came of a commit.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// How long a consumer waits when the store is unavailable.
const UNAVAILABLE_WAIT: Duration = Duration::from_secs(2);

/// Something that follows of events.
#[async_trait]
pub trait Consumer: Send + Sync + 'static {
    /// Its name, under which its position is kept for ever.
    fn name(&self) -> &'static str;

    /// Whether it wants this event. It is asked of every event, and only once it is sure that it will be told again.
    fn wants(&self, event: &Event) -> bool;

    /// Does what follows of an event. Statements go through `transaction`, and are undone where this, or the batch, fails. Whatever
    /// else it does must not matter when it is done twice, by the id of the event.
    ///
    /// # Errors
    /// `Unavailable` where it cannot be done now and the event is not to blame: the batch is tried again. After any other error
    /// the event is tried again by itself, some times, and then set aside.
    async fn take(&self, transaction: &Transaction, event: &Event) -> Result<()>;

    /// Whether [`Consumer::settle`] waits for somebody outside, and [`Consumer::take`] writes nothing. No write lock is held meanwhile where
    /// a store has one for everybody.
    fn is_remote(&self) -> bool {
        false
    }

    /// Makes sure of what [`Consumer::take`] has only begun, before the transaction of the batch is committed.
    ///
    /// # Errors
    /// Nothing of the batch is done then, and it is tried again.
    async fn settle(&self) -> Result<()> {
        Ok(())
    }
}

/// Works for a consumer until `stopping` is cancelled; `word` changes when there may be new events. Run it as a task of its
/// own, in as many processes as you like.
pub async fn run(
    store: Store,
    consumer: Arc<dyn Consumer>,
    mut word: watch::Receiver<()>,
    stopping: CancellationToken,
) {
    let metrics = ConsumerMetrics::of(consumer.name());
    while !stopping.is_cancelled() {
        word.mark_unchanged();
        let wait = match step(&store, consumer.as_ref(), &metrics).await {
            Ok(Outcome::More) => continue,
            Ok(Outcome::UpToDate) => POLL_INTERVAL,
            Err(error) => {
                if error.kind != ErrorKind::Unavailable {
                    let consumer = consumer.name();
                    tracing::error!(consumer, error = ?error, "the consumer {consumer} is failing: {error}");
                }
                UNAVAILABLE_WAIT
            }
        };
        tokio::select! {
            () = stopping.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
            Ok(()) = word.changed() => {}
        }
    }
}

/// Tries again what is due, then takes the next batch.
async fn step(store: &Store, consumer: &dyn Consumer, metrics: &ConsumerMetrics) -> Result<Outcome> {
    retry_due(store, consumer, metrics).await?;
    let outcome = take_batch(store, consumer, metrics).await?;
    let last = events::last(store.reader()).await?;
    let position = event_consumers::position(store.reader(), consumer.name()).await?.unwrap_or(last);
    metrics.set_lag(last.saturating_sub(position));
    Ok(outcome)
}
