//! How an edge learns of changes: the log of changes from the origin, which loses nothing, and
//! invalidation messages, which come at once and may be lost.
//!
//! Invariant: the log is taken up where it was left, however often the
//! connection breaks.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::{sleep, timeout};

use super::handler::Edge;
use super::origin::OriginError;
use crate::domain::change::Sequence;
use crate::infra::cache::invalidation::Subscription;
use crate::runtime::clock::{self, MonotonicTime};
use crate::runtime::tasks::Tasks;

/// After so long a silence the log is asked for anew: it speaks several times a second.
const SILENCE_MAX: Duration = Duration::from_secs(3);
/// How long after a message told of a change the log must have it.
const LOG_DELAY_MAX: Duration = Duration::from_millis(500);
/// How long to wait before the log is asked for again.
const RETRY_AFTER: Duration = Duration::from_millis(200);

/// Listens until `tasks` are stopped.
pub(super) fn listen(edge: &Arc<Edge>, messages: Subscription, tasks: &Tasks) {
    let newest = Arc::new(NewestMessage::default());
    // What an earlier process has left tells of changes as a message does.
    newest.note(edge.cache.newest_sequence(), clock::monotonic());
    let (stopping, follower, expected) = (tasks.stopping(), Arc::clone(edge), Arc::clone(&newest));
    tasks.spawn("change-log", async move {
        stopping.run_until_cancelled(follow_for_ever(&follower, &expected)).await;
    });
    let (stopping, keeper) = (tasks.stopping(), Arc::clone(edge));
    tasks.spawn("name-filter", async move { keeper.cache.keep_names(stopping).await });
    let (stopping, keeper) = (tasks.stopping(), Arc::clone(edge));
    tasks.spawn("host-names", async move { keeper.cache.keep_hosts(stopping).await });
    let (stopping, listener) = (tasks.stopping(), Arc::clone(edge));
    tasks.spawn("link-invalidation", async move {
        stopping.run_until_cancelled(receive_invalidations(&listener, messages, &newest)).await;
    });
}

async fn follow_for_ever(edge: &Edge, newest: &NewestMessage) {
    let mut received = None;
    loop {
        if let Err(error) = follow(edge, newest, &mut received).await {
            tracing::debug!(%error, "the log of changes cannot be followed; it is asked for again");
        }
        sleep(RETRY_AFTER).await;
    }
}

/// Follows the log until it breaks off.
async fn follow(edge: &Edge, newest: &NewestMessage, received: &mut Option<Sequence>) -> Result<(), OriginError> {
    let mut batches = edge.cache.origin().follow_changes(*received).await?;
    loop {
        let Ok(Some(batch)) = timeout(SILENCE_MAX, batches.next()).await else { return Ok(()) };
        let batch = batch?;
        edge.cache.receive_batch(&batch);
        *received = Some(batch.sequence);
        if let Some(lost) = newest.missing_from(batch.sequence, clock::monotonic()) {
            // Whoever is asked for what follows a change that it does not have begins a new history.
            edge.cache.doubt_before(lost);
            *received = Some(lost);
            return Ok(());
        }
    }
}

async fn receive_invalidations(edge: &Edge, mut messages: Subscription, newest: &NewestMessage) {
    while let Some(change) = messages.next().await {
        newest.note(change.sequence, clock::monotonic());
        edge.cache.apply(&change);
    }
    std::future::pending::<()>().await;
}

/// The newest change that a message told of, and when. A log that ends before it has lost it, as after a failover of the
/// database, though what was read of it may be in the cache.
#[derive(Default)]
struct NewestMessage(Mutex<Option<(Sequence, MonotonicTime)>>);

impl NewestMessage {
    fn note(&self, sequence: Sequence, now: MonotonicTime) {
        let mut newest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if newest.is_none_or(|(known, _)| known < sequence) {
            *newest = Some((sequence, now));
        }
    }

    /// The change, if the log should have come to it by now and has not. It is told once.
    fn missing_from(&self, log_end: Sequence, now: MonotonicTime) -> Option<Sequence> {
        let mut newest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (sequence, told_at) = (*newest)?;
        if sequence <= log_end {
            return None;
        }
        let is_late = now.since(told_at) > LOG_DELAY_MAX;
        is_late.then(|| newest.take()).flatten().map(|_| sequence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_that_the_log_does_not_come_to_is_missing_once_it_had_time() {
        let newest = NewestMessage::default();
        let (told, other) = (Sequence::new(5), Sequence::new(4));
        let begun = clock::monotonic();
        let later = begun.plus(LOG_DELAY_MAX + Duration::from_millis(1));
        assert_eq!(newest.missing_from(other, later), None);
        newest.note(told, begun);
        newest.note(other, later);
        assert_eq!(newest.missing_from(other, begun), None, "the log may be on its way");
        assert_eq!(newest.missing_from(told, later), None);
        assert_eq!(newest.missing_from(other, later), Some(told));
        assert_eq!(newest.missing_from(other, later), None, "it is told once");
    }
}
