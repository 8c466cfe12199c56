//! What may happen beside the requests: notes that nobody waits for.

use std::future::Future;
use std::sync::Arc;

use super::ApiCore;
use crate::domain::error::Result;

/// How many notes may be under way at once.
pub(super) const NOTES_MAX: usize = 8;

impl ApiCore {
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
