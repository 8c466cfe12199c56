//! One step of a consumer: a batch of new events, or those that are tried again.

use std::collections::HashSet;
use std::time::Duration;

use super::consumer::Consumer;
use super::metrics::ConsumerMetrics;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::event::Event;
use crate::infra::store::columns::Json;
use crate::infra::store::event_consumers::{self, EventFailure};
use crate::infra::store::events::{self, EventFilter};
use crate::infra::store::{Store, Transaction};
use crate::runtime::clock;

/// The most events that are taken in one transaction.
const BATCH_EVENTS_MAX: u64 = 100;
/// The most events of a consumer that are tried again; while there are so many it takes no new ones.
const WAITING_MAX: u64 = 1_000;
/// How often an event is tried before it is set aside.
const ATTEMPTS_MAX: i64 = 10;
/// How long it takes until an event is tried for the second time; each later time twice as long.
const FIRST_WAIT: Duration = Duration::from_secs(2);
/// The longest time between two attempts.
const WAIT_MAX: Duration = Duration::from_secs(60 * 60);
/// How much of an error is kept, in bytes.
const ERROR_BYTES_MAX: usize = 1_000;

/// Whether there is more to do at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// There may be.
    More,
    /// There is not.
    UpToDate,
}

/// An event that a consumer would not take.
struct Refused {
    event: Event,
    error: Error,
}

/// Takes the next events. Where one fails, those before it are done, and it is put down to be tried again.
pub(super) async fn take_batch(store: &Store, consumer: &dyn Consumer, metrics: &ConsumerMetrics) -> Result<Outcome> {
    let mut limit = BATCH_EVENTS_MAX;
    let mut refused: Option<Refused> = None;
    loop {
        let transaction = store.write().await?;
        let position = begin(&transaction, consumer, metrics).await?;
        let waiting = event_consumers::waiting(&transaction, consumer.name(), WAITING_MAX).await?;
        if u64::try_from(waiting.len()).unwrap_or(u64::MAX) >= WAITING_MAX {
            return Ok(Outcome::UpToDate);
        }
        let mut blocked: HashSet<String> = waiting.into_iter().map(|failure| failure.subject).collect();
        let last = events::last(&transaction).await?;
        let page =
            events::list(&transaction, &EventFilter::default(), position.saturating_add(1)..=last, limit).await?;
        let Some(end) = page.events.last().map(|event| event.sequence) else { return Ok(Outcome::UpToDate) };
        let has_more = page.through < last;
        let (mut taken, mut failed, mut has_put_down) = (0, None, false);
        for (event, place) in page.events.into_iter().zip(0..) {
            if !consumer.wants(&event) {
                continue;
            }
            let known = refused.take_if(|refused| refused.event.id == event.id);
            if known.is_some() || blocked.contains(&event.subject) {
                blocked.insert(event.subject.clone());
                has_put_down = true;
                put_down(&transaction, consumer, event, known.map(|refused| refused.error), metrics).await?;
                continue;
            }
            match consumer.take(&transaction, &event).await {
                Ok(()) => taken += 1,
                Err(error) if error.kind == ErrorKind::Unavailable => return Err(error),
                Err(error) => {
                    failed = Some((place, Refused { event, error }));
                    break;
                }
            }
        }
        let Some((place, failure)) = failed else {
            let mut transaction = Some(transaction);
            if consumer.is_remote() && store.has_one_writer() && !has_put_down {
                // Whoever is asked may take long, and meanwhile nobody else could write.
                transaction = None;
            }
            consumer.settle().await?;
            let Some(transaction) = at_position(store, consumer, transaction, position, metrics).await? else {
                return Ok(Outcome::More);
            };
            event_consumers::move_to(&transaction, consumer.name(), end, clock::now()).await?;
            transaction.commit().await?;
            metrics.taken.increment(taken);
            return Ok(if has_more || limit < BATCH_EVENTS_MAX { Outcome::More } else { Outcome::UpToDate });
        };
        // Its statements may have spoilt the transaction, so that those before it are done once more, and it is put down.
        drop(transaction);
        limit = u64::saturating_add(place, 1);
        refused = Some(failure);
    }
}

/// The transaction, or a new one in which the consumer is where it was. `None` if another process has moved it.
async fn at_position(
    store: &Store,
    consumer: &dyn Consumer,
    transaction: Option<Transaction>,
    position: i64,
    metrics: &ConsumerMetrics,
) -> Result<Option<Transaction>> {
    if transaction.is_some() {
        return Ok(transaction);
    }
    let transaction = store.write().await?;
    let is_there = begin(&transaction, consumer, metrics).await? == position;
    Ok(is_there.then_some(transaction))
}

/// Tries events again whose time has come, each in a transaction of its own, and of each subject the first alone.
pub(super) async fn retry_due(store: &Store, consumer: &dyn Consumer, metrics: &ConsumerMetrics) -> Result<()> {
    let waiting = event_consumers::waiting(store.reader(), consumer.name(), WAITING_MAX).await?;
    let mut blocked: HashSet<String> = HashSet::new();
    for failure in waiting {
        let is_due = failure.retry_at.is_some_and(|at| at <= clock::now());
        if blocked.contains(&failure.subject) || !is_due {
            blocked.insert(failure.subject);
            continue;
        }
        let subject = failure.subject.clone();
        if !retry(store, consumer, failure, metrics).await? {
            blocked.insert(subject);
        }
    }
    Ok(())
}

/// Tries one event again. True if those behind it may follow.
async fn retry(
    store: &Store,
    consumer: &dyn Consumer,
    failure: EventFailure,
    metrics: &ConsumerMetrics,
) -> Result<bool> {
    let transaction = store.write().await?;
    begin(&transaction, consumer, metrics).await?;
    let waiting = event_consumers::waiting(&transaction, consumer.name(), WAITING_MAX).await?;
    if !waiting.contains(&failure) {
        // Another process has tried it meanwhile.
        return Ok(false);
    }
    match taken_and_settled(consumer, &transaction, &failure.event.0).await {
        Ok(()) => {
            event_consumers::delete_failure(&transaction, consumer.name(), failure.sequence).await?;
            transaction.commit().await?;
            metrics.taken.increment(1);
            Ok(true)
        }
        Err(error) if error.kind == ErrorKind::Unavailable => Err(error),
        Err(error) => {
            drop(transaction);
            let transaction = store.write().await?;
            let failure = after_failure(failure, &error, metrics);
            let is_set_aside = failure.retry_at.is_none();
            event_consumers::put_failure(&transaction, failure).await?;
            transaction.commit().await?;
            Ok(is_set_aside)
        }
    }
}

async fn taken_and_settled(consumer: &dyn Consumer, transaction: &Transaction, event: &Event) -> Result<()> {
    consumer.take(transaction, event).await?;
    consumer.settle().await
}

/// Locks the consumer and says how far it is. A new one begins with the oldest event that is kept, and events that were deleted
/// before a consumer came to them are counted.
async fn begin(transaction: &Transaction, consumer: &dyn Consumer, metrics: &ConsumerMetrics) -> Result<i64> {
    let kept_from = events::kept_from(transaction).await?;
    let position = event_consumers::lock(transaction, consumer.name(), kept_from, clock::now()).await?;
    if position < kept_from {
        let (consumer, missed) = (consumer.name(), kept_from.saturating_sub(position));
        tracing::error!(consumer, missed, "the consumer {consumer} was too late for {missed} events");
        metrics.missed.increment(u64::try_from(missed).unwrap_or(0));
    }
    Ok(position.max(kept_from))
}

/// Puts an event down to be tried again: after a failure, or behind an earlier one of the same subject.
async fn put_down(
    transaction: &Transaction,
    consumer: &dyn Consumer,
    event: Event,
    error: Option<Error>,
    metrics: &ConsumerMetrics,
) -> Result<()> {
    let now = clock::now();
    let failure = EventFailure {
        consumer: consumer.name().to_owned(),
        sequence: event.sequence,
        subject: event.subject.clone(),
        event: Json(event),
        attempts: 0,
        retry_at: Some(now),
        last_error: String::new(),
        created_at: now,
    };
    let failure = match error {
        Some(error) => after_failure(failure, &error, metrics),
        None => failure,
    };
    event_consumers::put_failure(transaction, failure).await
}

/// The same after one more attempt that failed.
fn after_failure(failure: EventFailure, error: &Error, metrics: &ConsumerMetrics) -> EventFailure {
    let attempts = failure.attempts.saturating_add(1);
    let retry_at = (attempts < ATTEMPTS_MAX).then(|| clock::now().plus(wait_after(attempts)));
    let (consumer, event) = (failure.consumer.as_str(), failure.event.0.id);
    if retry_at.is_some() {
        metrics.failed.increment(1);
        tracing::warn!(consumer, %event, error = ?error, "{consumer} tries an event again: {error}");
    } else {
        metrics.set_aside.increment(1);
        tracing::error!(consumer, %event, error = ?error, "{consumer} sets an event aside: {error}");
    }
    let mut last_error = error.to_string();
    last_error.truncate(last_error.floor_char_boundary(ERROR_BYTES_MAX));
    EventFailure { attempts, retry_at, last_error, ..failure }
}

fn wait_after(attempts: i64) -> Duration {
    let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or(u32::MAX).min(20);
    FIRST_WAIT.saturating_mul(1 << doublings).min(WAIT_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_come_later_and_later_and_never_more_than_an_hour_apart() {
        let waits: Vec<Duration> = (1..ATTEMPTS_MAX).map(wait_after).collect();
        assert_eq!(waits.first(), Some(&FIRST_WAIT));
        assert!(waits.is_sorted() && waits.iter().all(|wait| *wait <= WAIT_MAX));
        assert_eq!(wait_after(40), WAIT_MAX);
    }
}
