//! The log of changes that edges follow.
//!
//! Invariant: no number is given twice, whatever a database has lost: the first
//! change in another incarnation of it begins a new history.

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, DbBackend, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, Statement};

use super::Connection;
use super::entities::{change, change_sequence};
use super::numbers::{POSTGRES_INCARNATION, no_row};
use crate::domain::change::{Change, Invalidation, Sequence};
use crate::domain::error::{Error, Result};
use crate::domain::time::Timestamp;

/// Writes down what a transaction makes wrong, under the number that it has taken, and gives back the change as edges will
/// read it.
pub(super) async fn insert(
    transaction: &impl Connection,
    sequence: Sequence,
    invalidations: Vec<Invalidation>,
    now: Timestamp,
) -> Result<Change> {
    if sequence.begins_history() {
        delete_other_histories(transaction, sequence).await?;
    }
    let row = change::Model {
        sequence: sequence.number(),
        invalidations: rmp_serde::to_vec_named(&invalidations).map_err(Error::internal)?,
        created_at: now,
    };
    change::Entity::insert(row.into_active_model()).exec_without_returning(transaction).await?;
    Ok(Change { sequence, at: now, invalidations })
}

/// Begins a new history where the database is another incarnation of what it was: on SQLite at every start, because a
/// power cut or a restored copy cannot be told from an ordinary end.
///
/// # Errors
/// Only those of the database.
pub async fn begin(transaction: &impl Connection, now: Timestamp) -> Result<()> {
    if transaction.get_database_backend() == DbBackend::Postgres {
        let sql = format!("SELECT incarnation = {POSTGRES_INCARNATION} AS same FROM change_sequence FOR UPDATE");
        let row = transaction.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
        if row.ok_or_else(no_row)?.try_get("", "same")? {
            return Ok(());
        }
    }
    renew(transaction, Sequence::default(), now).await
}

/// Begins a new history: its numbers are above those of the log and above `received`, the last that somebody has of it.
///
/// # Errors
/// Only those of the database.
pub async fn renew(transaction: &impl Connection, received: Sequence, now: Timestamp) -> Result<()> {
    let first = last(transaction).await?.max(received).of_new_history(now);
    let mut update =
        change_sequence::Entity::update_many().col_expr(change_sequence::Column::Last, Expr::value(first.number()));
    if transaction.get_database_backend() == DbBackend::Postgres {
        update = update.col_expr(change_sequence::Column::Incarnation, Expr::cust(POSTGRES_INCARNATION));
    }
    update.exec(transaction).await?;
    delete_other_histories(transaction, first).await
}

async fn delete_other_histories(transaction: &impl Connection, first: Sequence) -> Result<()> {
    change::Entity::delete_many().filter(change::Column::Sequence.lt(first.number())).exec(transaction).await?;
    Ok(())
}

/// How far the log goes. What is read afterwards is at least as new.
///
/// # Errors
/// Only those of the database.
pub async fn last(connection: &impl Connection) -> Result<Sequence> {
    let row = change_sequence::Entity::find().one(connection).await?;
    row.map(|row| Sequence::new(row.last)).ok_or_else(no_row)
}

/// The changes after `sequence` in their order, at most `limit` of them.
///
/// # Errors
/// Only those of the database.
pub async fn after(connection: &impl Connection, sequence: Sequence, limit: u64) -> Result<Vec<Change>> {
    let rows = change::Entity::find()
        .filter(change::Column::Sequence.gt(sequence.number()))
        .order_by_asc(change::Column::Sequence)
        .limit(limit)
        .all(connection)
        .await?;
    rows.into_iter().map(change).collect()
}

/// The number before the oldest change that is still kept: whoever has read up to there, or further, misses nothing.
///
/// # Errors
/// Only those of the database.
pub async fn kept_from(connection: &impl Connection) -> Result<Sequence> {
    let oldest = change::Entity::find().order_by_asc(change::Column::Sequence).one(connection).await?;
    match oldest {
        Some(row) => Ok(Sequence::new(row.sequence - 1)),
        None => last(connection).await,
    }
}

/// Forgets the changes from before `time`.
///
/// # Errors
/// Only those of the database.
pub async fn delete_before(connection: &impl Connection, time: Timestamp) -> Result<()> {
    change::Entity::delete_many().filter(change::Column::CreatedAt.lt(time)).exec(connection).await?;
    Ok(())
}

fn change(row: change::Model) -> Result<Change> {
    Ok(Change {
        sequence: Sequence::new(row.sequence),
        at: row.created_at,
        invalidations: rmp_serde::from_slice(&row.invalidations).map_err(Error::internal)?,
    })
}
