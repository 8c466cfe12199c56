//! How a worker takes jobs.
//!
//! Invariant: a job is taken by one worker. PostgreSQL locks the rows that a claim has picked and passes over those of others; on
//! SQLite a claim has the write lock of the whole file.

use std::collections::HashMap;

use sea_orm::{DbBackend, EntityTrait, FromQueryResult, Statement};

use super::listed;
use super::{Job, Lease};
use crate::domain::error::Result;
use crate::domain::id::JobId;
use crate::domain::job::Priority;
use crate::domain::time::Timestamp;
use crate::infra::store::entities::job;
use crate::infra::store::{Connection, Transaction};

/// The jobs of a kind and a priority that are ready.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct Waiting {
    /// The kind.
    pub kind: String,
    /// The priority.
    pub priority: Priority,
    /// When the first of them is due; none if there are none.
    pub run_at: Option<Timestamp>,
}

/// Which jobs a worker would take.
#[derive(Debug, Clone, Copy)]
pub struct Candidates<'a> {
    /// Of this kind.
    pub kind: &'a str,
    /// Of this priority.
    pub priority: Priority,
    /// Due at this moment.
    pub now: Timestamp,
    /// Without those that work on these keys.
    pub full_keys: &'a [String],
    /// At most so many.
    pub limit: usize,
}

#[derive(FromQueryResult)]
struct Candidate {
    id: JobId,
    concurrency_key: Option<String>,
}

#[derive(FromQueryResult)]
struct KeyCount {
    concurrency_key: String,
    jobs: i64,
}

/// When the first ready job of each kind and priority is due. Costs a look into an index for each of them.
///
/// # Errors
/// Only those of the database.
pub async fn waiting(connection: &impl Connection, kinds: &[&str]) -> Result<Vec<Waiting>> {
    let backend = connection.get_database_backend();
    let priorities = Priority::ALL.map(|priority| format!("SELECT CAST({} AS BIGINT) AS priority", priority.rank()));
    let sql = format!(
        "SELECT wanted.value AS kind, ranks.priority AS priority, (SELECT run_at FROM jobs WHERE state = 'ready' \
         AND kind = wanted.value AND priority = ranks.priority ORDER BY run_at, id LIMIT 1) AS run_at \
         FROM ({}) AS wanted CROSS JOIN ({}) AS ranks",
        listed::texts(backend, "$1"),
        priorities.join(" UNION ALL "),
    );
    let statement = Statement::from_sql_and_values(backend, sql, [listed::of_texts(kinds).into()]);
    Ok(Waiting::find_by_statement(statement).all(connection).await?)
}

/// Lets no other worker claim jobs of this kind until the transaction ends, where several could at once.
///
/// # Errors
/// Only those of the database.
pub async fn lock_kind(transaction: &Transaction, kind: &str) -> Result<()> {
    if transaction.get_database_backend() == DbBackend::Postgres {
        let sql = "SELECT pg_advisory_xact_lock(hashtextextended('job kind ' || $1, 0))";
        let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, [kind.into()]);
        transaction.query_one_raw(statement).await?;
    }
    Ok(())
}

/// How many jobs of a kind are running on each key.
///
/// # Errors
/// Only those of the database.
pub async fn running_by_key(transaction: &Transaction, kind: &str) -> Result<HashMap<String, usize>> {
    let backend = transaction.get_database_backend();
    let sql = "SELECT concurrency_key, COUNT(*) AS jobs FROM jobs WHERE state = 'running' AND kind = $1 \
               AND concurrency_key IS NOT NULL GROUP BY concurrency_key";
    let statement = Statement::from_sql_and_values(backend, sql, [kind.into()]);
    let counts = KeyCount::find_by_statement(statement).all(transaction).await?;
    let count = |count: KeyCount| (count.concurrency_key, usize::try_from(count.jobs).unwrap_or(usize::MAX));
    Ok(counts.into_iter().map(count).collect())
}

/// Picks jobs that are due, each with what it works on; nobody else picks them until the transaction ends.
///
/// # Errors
/// Only those of the database.
pub async fn candidates(transaction: &Transaction, wanted: Candidates<'_>) -> Result<Vec<(JobId, Option<String>)>> {
    let backend = transaction.get_database_backend();
    let mut values = vec![
        wanted.kind.into(),
        wanted.priority.into(),
        wanted.now.into(),
        i64::try_from(wanted.limit).unwrap_or(i64::MAX).into(),
    ];
    let mut keys = String::new();
    if !wanted.full_keys.is_empty() {
        let full = listed::texts(backend, "$5");
        keys = format!("AND (concurrency_key IS NULL OR concurrency_key NOT IN ({full}))");
        values.push(listed::of_texts(wanted.full_keys).into());
    }
    let lock = if backend == DbBackend::Postgres { "FOR UPDATE SKIP LOCKED" } else { "" };
    let sql = format!(
        "SELECT id, concurrency_key FROM jobs WHERE state = 'ready' AND kind = $1 AND priority = $2 AND run_at <= $3 {keys} \
         ORDER BY run_at, id LIMIT $4 {lock}"
    );
    let statement = Statement::from_sql_and_values(backend, sql, values);
    let found = Candidate::find_by_statement(statement).all(transaction).await?;
    Ok(found.into_iter().map(|candidate| (candidate.id, candidate.concurrency_key)).collect())
}

/// Takes jobs that [`candidates`] picked in the same transaction: an attempt of each begins.
///
/// # Errors
/// Only those of the database.
pub async fn take(transaction: &Transaction, ids: &[JobId], lease: Lease) -> Result<Vec<Job>> {
    let backend = transaction.get_database_backend();
    let sql = format!(
        "UPDATE jobs SET state = 'running', attempts = attempts + 1, lease_owner = $2, lease_until = $3 \
         WHERE id IN ({}) RETURNING *",
        listed::ids(backend, "$1")
    );
    let values = [listed::of_ids(ids).into(), lease.owner.into(), lease.until.into()];
    let statement = Statement::from_sql_and_values(backend, sql, values);
    Ok(job::Entity::find().from_raw_sql(statement).all(transaction).await?)
}
