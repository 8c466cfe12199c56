//! How jobs are enqueued.

use super::kind::{JobKind, Kind};
use crate::domain::error::{Error, Result};
use crate::domain::id::JobId;
use crate::domain::job::{JobState, Priority};
use crate::domain::time::Timestamp;
use crate::infra::store::Transaction;
use crate::infra::store::jobs::{self, Job};
use crate::runtime::clock;

/// The longest payload, in bytes of JSON.
const PAYLOAD_BYTES_MAX: usize = 64 * 1024;
/// The longest key, in bytes.
const KEY_BYTES_MAX: usize = 255;

/// A job that is to be enqueued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewJob {
    kind: Kind,
    payload: String,
    unique_key: Option<String>,
    concurrency_key: Option<String>,
    priority: Priority,
    run_at: Option<Timestamp>,
}

impl NewJob {
    /// A job of this kind about this, due at once.
    ///
    /// # Errors
    /// `Internal` if the payload is longer than 64 KiB, or no JSON.
    pub fn of<K: JobKind>(payload: &K) -> Result<Self> {
        let payload = serde_json::to_string(payload).map_err(Error::internal)?;
        if payload.len() > PAYLOAD_BYTES_MAX {
            let what = format!(
                "the payload of a job {} has {} bytes: {PAYLOAD_BYTES_MAX} at most",
                K::KIND.name,
                payload.len()
            );
            return Err(Error::internal(what));
        }
        Ok(Self::with_payload(K::KIND, payload))
    }

    pub(super) fn with_payload(kind: Kind, payload: String) -> Self {
        Self { kind, payload, unique_key: None, concurrency_key: None, priority: Priority::Normal, run_at: None }
    }

    /// The same, left out if a job of the kind with this key, of at most 255 bytes, is ready or running.
    #[must_use]
    pub fn unique(self, key: impl Into<String>) -> Self {
        Self { unique_key: Some(key.into()), ..self }
    }

    /// The same, which works on this, such as a host, in at most 255 bytes. See [`Kind::concurrency_per_key`].
    #[must_use]
    pub fn on(self, key: impl Into<String>) -> Self {
        Self { concurrency_key: Some(key.into()), ..self }
    }

    /// The same with this priority.
    #[must_use]
    pub fn priority(self, priority: Priority) -> Self {
        Self { priority, ..self }
    }

    /// The same, not before this moment.
    #[must_use]
    pub fn at(self, time: Timestamp) -> Self {
        Self { run_at: Some(time), ..self }
    }

    fn into_row(self, now: Timestamp) -> Result<Job> {
        let keys = [&self.unique_key, &self.concurrency_key];
        if keys.into_iter().flatten().any(|key| key.len() > KEY_BYTES_MAX) {
            return Err(Error::internal(format!(
                "a key of a job {} has more than {KEY_BYTES_MAX} bytes",
                self.kind.name
            )));
        }
        Ok(Job {
            id: JobId::new(),
            kind: self.kind.name.to_owned(),
            payload: self.payload,
            unique_key: self.unique_key,
            concurrency_key: self.concurrency_key,
            priority: self.priority,
            run_at: self.run_at.unwrap_or(now),
            attempts: 0,
            max_attempts: self.kind.attempts_max(),
            lease_until: None,
            lease_owner: None,
            state: JobState::Ready,
            last_error: None,
            created_at: now,
            finished_at: None,
        })
    }
}

/// Enqueues a job in the transaction of its cause. None if one with its unique key is ready or running.
///
/// # Errors
/// `Internal` if one of its keys is too long; those of the database.
pub async fn enqueue(transaction: &Transaction, job: NewJob) -> Result<Option<JobId>> {
    let row = job.into_row(clock::now())?;
    let id = row.id;
    Ok((jobs::insert(transaction, vec![row]).await? == 1).then_some(id))
}

/// Enqueues jobs in the transaction of their cause, without those whose unique key is in use. Returns how many were added.
///
/// # Errors
/// `Internal` if a key is too long; those of the database.
pub async fn enqueue_all(transaction: &Transaction, new: Vec<NewJob>) -> Result<u64> {
    let now = clock::now();
    jobs::insert(transaction, new.into_iter().map(|job| job.into_row(now)).collect::<Result<_>>()?).await
}
