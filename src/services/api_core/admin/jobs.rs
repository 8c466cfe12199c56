//! Jobs, for those who run the instance.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::AdminAccess;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::{JobId, WorkerId};
use crate::domain::job::{JobState, Priority};
use crate::domain::time::Timestamp;
use crate::infra::store::Transaction;
use crate::infra::store::jobs::{self, Job as Row, JobFilter};
use crate::infra::store::page::Page;
use crate::runtime::clock;
use crate::services::api_core::recorded_action::{Action, Recorded};
use crate::services::api_core::{ApiCore, FieldErrors};

pub(in crate::services::api_core) const RETRIED: Action<Job> =
    Action::new("job.retried", "A job that was given up is tried again.");
pub(in crate::services::api_core) const DISCARDED: Action<Job> =
    Action::new("job.discarded", "A job was deleted without being done.");

/// The longest name of a kind, in characters.
const KIND_LENGTH_MAX: usize = 100;

/// Work that goes on after a response.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Job {
    /// Its id. It is the same in every attempt.
    pub id: JobId,
    /// What sort of work it is.
    #[schema(example = "forget_sessions")]
    pub kind: String,
    /// How far it is.
    pub state: JobState,
    /// Which of the jobs of its kind that are due goes first.
    pub priority: Priority,
    /// What it is about, as it is stored.
    #[schema(value_type = Object, example = json!({}))]
    pub payload: Value,
    /// While it is ready or running, no other job of its kind has the same.
    #[schema(example = "tick")]
    pub unique_key: Option<String>,
    /// What it works on; only so many jobs of its kind do at once.
    #[schema(example = "example.com")]
    pub concurrency_key: Option<String>,
    /// How many attempts have begun.
    #[schema(minimum = 0, example = 1)]
    pub attempts: i64,
    /// After how many attempts it is given up.
    #[schema(minimum = 1, example = 12)]
    pub max_attempts: i64,
    /// It is not begun before this moment.
    pub run_at: Timestamp,
    /// Until when its worker holds it, unless that is renewed.
    pub lease_until: Option<Timestamp>,
    /// Which worker is at it.
    pub lease_owner: Option<WorkerId>,
    /// What went wrong last.
    #[schema(example = "unavailable: A service this needs is not available. Try again shortly.")]
    pub last_error: Option<String>,
    /// When it was enqueued.
    pub created_at: Timestamp,
    /// When it was done or given up.
    pub finished_at: Option<Timestamp>,
}

/// Which jobs are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct JobQuery {
    /// Only those that are this far.
    pub state: Option<JobState>,
    /// Only those of this kind.
    pub kind: Option<String>,
}

impl Recorded for Job {
    fn subject(&self) -> String {
        self.id.to_string()
    }
}

impl From<Row> for Job {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            kind: row.kind,
            state: row.state,
            priority: row.priority,
            payload: serde_json::from_str(&row.payload).unwrap_or(Value::String(row.payload)),
            unique_key: row.unique_key,
            concurrency_key: row.concurrency_key,
            attempts: row.attempts,
            max_attempts: row.max_attempts,
            run_at: row.run_at,
            lease_until: row.lease_until,
            lease_owner: row.lease_owner,
            last_error: row.last_error,
            created_at: row.created_at,
            finished_at: row.finished_at,
        }
    }
}

impl ApiCore {
    /// A page of jobs, newest first.
    ///
    /// # Errors
    /// `Invalid` if a kind cannot have such a name.
    pub async fn list_jobs(&self, _access: AdminAccess, query: JobQuery, page: Page) -> Result<Vec<Job>> {
        if query.kind.as_ref().is_some_and(|kind| kind.is_empty() || kind.chars().count() > KIND_LENGTH_MAX) {
            let mut errors = FieldErrors::default();
            errors.add("kind", "invalid_length", format!("the name of a kind has 1 to {KIND_LENGTH_MAX} characters"));
            return Err(errors.into_error());
        }
        let filter = JobFilter { state: query.state, kind: query.kind };
        let rows = jobs::list(self.store.reader(), &filter, page).await?;
        Ok(rows.into_iter().map(Job::from).collect())
    }

    /// One job.
    ///
    /// # Errors
    /// `NotFound` if there is none.
    pub async fn find_job(&self, _access: AdminAccess, id: JobId) -> Result<Job> {
        jobs::find(self.store.reader(), id).await?.map(Job::from).ok_or_else(|| Error::not_found("job"))
    }

    /// Has a job that was given up tried again at once, with all its attempts before it.
    ///
    /// # Errors
    /// `NotFound` if there is none; `Conflict` if it was not given up, or if another job with its unique key is on its way.
    pub async fn retry_job(&self, access: AdminAccess, id: JobId) -> Result<Job> {
        let transaction = self.store.write().await?;
        let before = locked(&transaction, id).await?;
        if before.state != JobState::Dead {
            let message =
                "Only a job that was given up can be tried again: one that is ready or running will be done anyway.";
            return Err(Error::new(ErrorKind::Conflict, "job_not_dead", message));
        }
        if !jobs::make_ready(&transaction, id, clock::now()).await? {
            let message = "Another job with the same unique key is ready or running.";
            return Err(Error::new(ErrorKind::Conflict, "job_exists", message));
        }
        let after = locked(&transaction, id).await?;
        self.commit(transaction, vec![RETRIED.edited(access.by(), &before, &after)?], Vec::new()).await?;
        Ok(after)
    }

    /// Deletes a job that is not running.
    ///
    /// # Errors
    /// `NotFound` if there is none; `Conflict` if it is running.
    pub async fn discard_job(&self, access: AdminAccess, id: JobId) -> Result<()> {
        let transaction = self.store.write().await?;
        let job = locked(&transaction, id).await?;
        if job.state == JobState::Running {
            let message = "A worker is at this job. Wait until it is done, or has failed.";
            return Err(Error::new(ErrorKind::Conflict, "job_running", message));
        }
        jobs::delete(&transaction, id).await?;
        self.commit(transaction, vec![DISCARDED.removed(access.by(), &job)?], Vec::new()).await
    }
}

async fn locked(transaction: &Transaction, id: JobId) -> Result<Job> {
    jobs::lock(transaction, id).await?.map(Job::from).ok_or_else(|| Error::not_found("job"))
}
