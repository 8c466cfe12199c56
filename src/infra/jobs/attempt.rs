//! One try at a job, as whoever does it sees it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::{JobId, WorkerId};
use crate::infra::store::Transaction;
use crate::infra::store::jobs::{self, Held};
use crate::runtime::clock;

/// One try at a job. Clones are the same try.
#[derive(Debug, Clone)]
pub struct Attempt {
    pub(super) held: Held,
    pub(super) owner: WorkerId,
    finished: Arc<AtomicBool>,
}

impl Attempt {
    pub(super) fn new(held: Held, owner: WorkerId) -> Self {
        Self { held, owner, finished: Arc::default() }
    }

    /// The job. It is the same in every try, so that others can tell a second try from a second job.
    #[must_use]
    pub fn job_id(&self) -> JobId {
        self.held.id
    }

    /// Which try it is, from 1.
    #[must_use]
    pub fn number(&self) -> i64 {
        self.held.attempt
    }

    /// Makes the job done in this transaction, together with what it has changed in the source of truth: both happen once, or
    /// neither. Call it last, because the job stays locked until the commit.
    ///
    /// # Errors
    /// `Conflict` if somebody else has the job by now: undo the transaction. Those of the database.
    pub async fn finish(&self, transaction: &Transaction) -> Result<()> {
        if jobs::finish(transaction, self.owner, &[self.held], clock::now()).await?.is_empty() {
            let message = "Another worker has this job by now.";
            return Err(Error::new(ErrorKind::Conflict, "lease_lost", message));
        }
        self.finished.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Whether a transaction has made the job done.
    pub(super) fn is_finished(&self) -> bool {
        self.finished.load(Ordering::Relaxed)
    }
}
