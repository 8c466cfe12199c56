//! Jobs as operators see them, and the forgetting of old ones.

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, DbBackend, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect, Statement};

use super::{Job, announce};
use crate::domain::error::Result;
use crate::domain::id::JobId;
use crate::domain::job::JobState;
use crate::domain::time::Timestamp;
use crate::infra::store::entities::job;
use crate::infra::store::error::false_if_taken;
use crate::infra::store::page::Page;
use crate::infra::store::{Connection, Transaction};

/// The most jobs of a kind that are counted one by one.
const COUNTED_MAX: u64 = 10_000;

/// Which jobs are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobFilter {
    /// Only those that are this far.
    pub state: Option<JobState>,
    /// Only those of this kind.
    pub kind: Option<String>,
}

#[derive(FromQueryResult)]
struct KindName {
    kind: String,
}

/// A page of jobs, newest first.
///
/// # Errors
/// Only those of the database.
pub async fn list(connection: &impl Connection, filter: &JobFilter, page: Page) -> Result<Vec<Job>> {
    let mut query = job::Entity::find();
    if let Some(state) = filter.state {
        query = query.filter(job::Column::State.eq(state));
    }
    if let Some(kind) = &filter.kind {
        query = query.filter(job::Column::Kind.eq(kind));
    }
    if let Some(last) = page.after {
        query = query.filter(job::Column::Id.lt(last.id));
    }
    // An id begins with the time at which it was made.
    Ok(query.order_by_desc(job::Column::Id).limit(page.limit).all(connection).await?)
}

/// One job.
///
/// # Errors
/// Only those of the database.
pub async fn find(connection: &impl Connection, id: JobId) -> Result<Option<Job>> {
    Ok(job::Entity::find_by_id(id).one(connection).await?)
}

/// The same, kept from changing until the transaction ends.
///
/// # Errors
/// Only those of the database.
pub async fn lock(transaction: &Transaction, id: JobId) -> Result<Option<Job>> {
    Ok(job::Entity::find_by_id(id).lock_exclusive().one(transaction).await?)
}

/// Makes a job that the caller has locked ready at this moment, with all its attempts before it. False if another one has its
/// unique key; the transaction is then spent.
///
/// # Errors
/// Only those of the database.
pub async fn make_ready(transaction: &Transaction, id: JobId, now: Timestamp) -> Result<bool> {
    let update = job::Entity::update_many()
        .col_expr(job::Column::State, Expr::value(JobState::Ready))
        .col_expr(job::Column::RunAt, Expr::value(now))
        .col_expr(job::Column::Attempts, Expr::value(0_i64))
        .col_expr(job::Column::FinishedAt, Expr::value(None::<Timestamp>))
        .filter(job::Column::Id.eq(id));
    let is_ready = false_if_taken(update.exec(transaction).await)?;
    if is_ready {
        announce(transaction).await?;
    }
    Ok(is_ready)
}

/// Deletes a job that the caller has locked.
///
/// # Errors
/// Only those of the database.
pub async fn delete(transaction: &Transaction, id: JobId) -> Result<()> {
    job::Entity::delete_by_id(id).exec(transaction).await?;
    Ok(())
}

/// Forgets jobs that ended like this before `time`, at most `limit` of them. Returns how many that were.
///
/// # Errors
/// Only those of the database.
pub async fn delete_finished(transaction: &Transaction, state: JobState, time: Timestamp, limit: i64) -> Result<u64> {
    let backend = transaction.get_database_backend();
    // A worker that is slow to notice may hold a row: it is left for the next time.
    let lock = if backend == DbBackend::Postgres { "FOR UPDATE SKIP LOCKED" } else { "" };
    let sql = format!(
        "DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE state = $1 AND state IN ('done', 'dead') \
         AND finished_at < $2 ORDER BY finished_at LIMIT $3 {lock})"
    );
    let statement = Statement::from_sql_and_values(backend, sql, [state.into(), time.into(), limit.into()]);
    Ok(transaction.execute_raw(statement).await?.rows_affected())
}

/// The kinds of which a job is ready. Costs a look into an index for each of them.
///
/// # Errors
/// Only those of the database.
pub async fn ready_kinds(connection: &impl Connection) -> Result<Vec<String>> {
    let sql = "WITH RECURSIVE kinds (kind) AS (SELECT min(kind) FROM jobs WHERE state = 'ready' UNION ALL \
               SELECT (SELECT min(kind) FROM jobs WHERE state = 'ready' AND kind > kinds.kind) FROM kinds \
               WHERE kinds.kind IS NOT NULL) SELECT kind FROM kinds WHERE kind IS NOT NULL";
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    let kinds = KindName::find_by_statement(statement).all(connection).await?;
    Ok(kinds.into_iter().map(|name| name.kind).collect())
}

/// How many jobs of a kind are ready; no more than ten thousand are counted.
///
/// # Errors
/// Only those of the database.
pub async fn count_ready(connection: &impl Connection, kind: &str) -> Result<u64> {
    let ids: Vec<JobId> = job::Entity::find()
        .select_only()
        .column(job::Column::Id)
        .filter(job::Column::State.eq(JobState::Ready))
        .filter(job::Column::Kind.eq(kind))
        .limit(COUNTED_MAX)
        .into_tuple()
        .all(connection)
        .await?;
    Ok(u64::try_from(ids.len()).unwrap_or(u64::MAX))
}
