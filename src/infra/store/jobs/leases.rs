//! What becomes of running jobs.

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, DbBackend, EntityTrait, FromQueryResult, QueryFilter, Statement};

use super::Job;
use super::listed;
use crate::domain::error::Result;
use crate::domain::id::{JobId, WorkerId};
use crate::domain::job::JobState;
use crate::domain::time::Timestamp;
use crate::infra::store::entities::job;
use crate::infra::store::{Connection, Transaction};

/// An attempt at a job, as whoever makes it knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Held {
    /// The job.
    pub id: JobId,
    /// Which attempt it is, from 1.
    pub attempt: i64,
}

/// Who holds jobs, and until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// Who.
    pub owner: WorkerId,
    /// Until when, unless it is renewed.
    pub until: Timestamp,
}

/// What a job becomes when an attempt has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// How far it is then.
    pub state: JobState,
    /// When it is due again, if it is.
    pub run_at: Timestamp,
    /// How many attempts count.
    pub attempts: i64,
    /// What went wrong; what went wrong before stays where nothing did.
    pub last_error: Option<String>,
    /// When it ended for good, if it did.
    pub finished_at: Option<Timestamp>,
}

#[derive(FromQueryResult)]
struct JobKey {
    id: JobId,
}

/// Writes down that jobs were done. Returns those that `owner` still held; the others belong to somebody else by now.
///
/// # Errors
/// Only those of the database.
pub async fn finish(transaction: &Transaction, owner: WorkerId, held: &[Held], now: Timestamp) -> Result<Vec<JobId>> {
    let change = "state = 'done', finished_at = $3, lease_owner = NULL, lease_until = NULL";
    update_held(transaction, owner, held, change, now).await
}

/// Holds jobs for longer. Returns those that `owner` still held.
///
/// # Errors
/// Only those of the database.
pub async fn renew(transaction: &Transaction, lease: Lease, held: &[Held]) -> Result<Vec<JobId>> {
    update_held(transaction, lease.owner, held, "lease_until = $3", lease.until).await
}

async fn update_held(
    transaction: &Transaction,
    owner: WorkerId,
    held: &[Held],
    change: &str,
    time: Timestamp,
) -> Result<Vec<JobId>> {
    let backend = transaction.get_database_backend();
    let sql = format!(
        "UPDATE jobs SET {change} WHERE (id, attempts) IN ({}) AND lease_owner = $2 AND state = 'running' RETURNING id",
        listed::held(backend, "$1")
    );
    let values = [listed::of_held(held).into(), owner.into(), time.into()];
    let statement = Statement::from_sql_and_values(backend, sql, values);
    let kept = JobKey::find_by_statement(statement).all(transaction).await?;
    Ok(kept.into_iter().map(|key| key.id).collect())
}

/// Ends an attempt in another way. False if `owner` did not hold the job any more.
///
/// # Errors
/// Only those of the database.
pub async fn end(transaction: &Transaction, owner: WorkerId, held: Held, ending: Ending) -> Result<bool> {
    let mut update = job::Entity::update_many()
        .col_expr(job::Column::State, Expr::value(ending.state))
        .col_expr(job::Column::RunAt, Expr::value(ending.run_at))
        .col_expr(job::Column::Attempts, Expr::value(ending.attempts))
        .col_expr(job::Column::FinishedAt, Expr::value(ending.finished_at))
        .col_expr(job::Column::LeaseOwner, Expr::value(None::<WorkerId>))
        .col_expr(job::Column::LeaseUntil, Expr::value(None::<Timestamp>));
    if let Some(error) = ending.last_error {
        update = update.col_expr(job::Column::LastError, Expr::value(error));
    }
    let updated = update
        .filter(job::Column::Id.eq(held.id))
        .filter(job::Column::Attempts.eq(held.attempt))
        .filter(job::Column::LeaseOwner.eq(owner))
        .filter(job::Column::State.eq(JobState::Running))
        .exec(transaction)
        .await?;
    Ok(updated.rows_affected == 1)
}

/// Running jobs of these kinds whose lease is over, at most `limit` of them; nobody else gets them until the transaction ends.
///
/// # Errors
/// Only those of the database.
pub async fn expired(transaction: &Transaction, kinds: &[&str], now: Timestamp, limit: i64) -> Result<Vec<Job>> {
    let backend = transaction.get_database_backend();
    let lock = if backend == DbBackend::Postgres { "FOR UPDATE SKIP LOCKED" } else { "" };
    let sql = format!(
        "SELECT * FROM jobs WHERE state = 'running' AND lease_until < $1 AND kind IN ({}) ORDER BY lease_until LIMIT $3 {lock}",
        listed::texts(backend, "$2")
    );
    let values = [now.into(), listed::of_texts(kinds).into(), limit.into()];
    let statement = Statement::from_sql_and_values(backend, sql, values);
    Ok(job::Entity::find().from_raw_sql(statement).all(transaction).await?)
}
