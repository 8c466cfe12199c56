//! What may happen beside the requests: notes that nobody waits for, and the forgetting of what has expired.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use super::ApiCore;
use super::change_log::CHANGES_KEPT_FOR;
use crate::domain::error::Result;
use crate::infra::store::{changes, idempotency_keys, invitations, mail_tokens, sessions, sign_in_challenges};
use crate::runtime::clock;

/// How often what has expired is forgotten.
const INTERVAL: Duration = Duration::from_secs(15 * 60);
/// How long an expired invitation is kept, so that members see it and can send it again.
const INVITATIONS_KEPT_FOR: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How many notes may be under way at once.
pub(super) const NOTES_MAX: usize = 8;

impl ApiCore {
    /// Forgets expired sessions, invitations and idempotency keys from time to time, purges deleted workspaces and files links of an older release anew, until the tasks
    /// stop. Run it as a task of its own.
    pub async fn keep_house(self) {
        let stopping = self.tasks.stopping();
        let mut interval = tokio::time::interval(INTERVAL);
        loop {
            tokio::select! {
                () = stopping.cancelled() => return,
                _ = interval.tick() => {}
            }
            if let Err(error) = self.forget_expired().await {
                tracing::warn!(error = ?error, "what has expired could not be forgotten yet: {error}");
            }
            if let Err(error) = self.purge_workspaces().await {
                tracing::warn!(error = ?error, "deleted workspaces could not be purged yet: {error}");
            }
            if let Err(error) = self.file_older_links().await {
                tracing::warn!(error = ?error, "links of an older release cannot be found by all of their text yet: {error}");
            }
        }
    }

    async fn forget_expired(&self) -> Result<()> {
        let now = clock::now();
        let transaction = self.store.write().await?;
        idempotency_keys::delete_expired(&transaction, now).await?;
        sessions::delete_expired(&transaction, now).await?;
        mail_tokens::delete_expired(&transaction, now).await?;
        sign_in_challenges::delete_expired(&transaction, now).await?;
        invitations::delete_expired_before(&transaction, now.minus(INVITATIONS_KEPT_FOR)).await?;
        changes::delete_before(&transaction, now.minus(CHANGES_KEPT_FOR)).await?;
        transaction.commit().await
    }

    /// Writes down what no response depends on, in a task of its own; not at all while too much is being written down already.
    pub(super) fn note<F>(&self, what: &'static str, write: impl FnOnce(Self) -> F)
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        let Ok(place) = Arc::clone(&self.notes).try_acquire_owned() else { return };
        let written = write(self.clone());
        self.tasks.spawn_finite(what, async move {
            if let Err(error) = written.await {
                tracing::warn!(error = ?error, what, "a note could not be written: {error}");
            }
            drop(place);
        });
    }
}
