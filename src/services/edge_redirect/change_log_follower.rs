//! The edge's ear: the log of changes from the origin, which loses nothing, and
//! invalidation messages, which come at once and may be lost.
//!
//! Invariant: the log is taken up where it was left, however often the
//! connection breaks.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::{sleep, timeout};

use super::handler::Edge;
use super::origin::OriginError;
use crate::domain::change::Sequence;
use crate::infra::cache::invalidation::Subscription;
use crate::runtime::tasks::Tasks;

/// After so long a silence the log is asked for anew: it speaks several times a second.
const SILENCE_MAX: Duration = Duration::from_secs(3);
/// How long to wait before the log is asked for again.
const RETRY_AFTER: Duration = Duration::from_millis(200);

/// Listens until `tasks` are stopped.
pub(super) fn listen(edge: &Arc<Edge>, word: Subscription, tasks: &Tasks) {
    let (stopping, follower) = (tasks.stopping(), Arc::clone(edge));
    tasks.spawn("change-log", async move {
        stopping.run_until_cancelled(follow_for_ever(&follower)).await;
    });
    let (stopping, keeper) = (tasks.stopping(), Arc::clone(edge));
    tasks.spawn("name-filter", async move { keeper.cache.keep_names(stopping).await });
    let (stopping, listener) = (tasks.stopping(), Arc::clone(edge));
    tasks.spawn("link-invalidation", async move {
        stopping.run_until_cancelled(receive_invalidations(&listener, word)).await;
    });
}

async fn follow_for_ever(edge: &Edge) {
    let mut heard = None;
    loop {
        if let Err(error) = follow(edge, &mut heard).await {
            tracing::debug!(%error, "the log of changes is not heard; it is asked for again");
        }
        sleep(RETRY_AFTER).await;
    }
}

/// Follows the log until it breaks off.
async fn follow(edge: &Edge, heard: &mut Option<Sequence>) -> Result<(), OriginError> {
    let mut batches = edge.cache.origin().follow_changes(*heard).await?;
    loop {
        let Ok(Some(batch)) = timeout(SILENCE_MAX, batches.next()).await else { return Ok(()) };
        let batch = batch?;
        edge.cache.hear(&batch);
        *heard = Some(batch.sequence);
    }
}

async fn receive_invalidations(edge: &Edge, mut word: Subscription) {
    while let Some(change) = word.next().await {
        edge.cache.apply(&change);
    }
    std::future::pending::<()>().await;
}
