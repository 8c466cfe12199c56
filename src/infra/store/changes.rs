//! The log of changes that edges follow.
//!
//! Invariant: numbers are given in the order of the commits. The row of the last
//! number stays locked from [`append`] to the commit, so call it last.

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, ExprTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect};

use super::Connection;
use super::entities::{change, change_sequence};
use crate::domain::change::{Change, Invalidation, Sequence};
use crate::domain::error::{Error, Result};
use crate::domain::time::Timestamp;

/// Writes down what a transaction makes wrong, and gives back the change as edges will read it.
///
/// # Errors
/// Only those of the database.
pub async fn append(transaction: &impl Connection, invalidations: Vec<Invalidation>, now: Timestamp) -> Result<Change> {
    let next = Expr::col(change_sequence::Column::Last).add(1);
    let updated = change_sequence::Entity::update_many()
        .col_expr(change_sequence::Column::Last, next)
        .exec_with_returning(transaction)
        .await?;
    let last = updated.first().ok_or_else(|| Error::internal("change_sequence has no row"))?.last;
    let row = change::Model {
        sequence: last,
        invalidations: rmp_serde::to_vec_named(&invalidations).map_err(Error::internal)?,
        created_at: now,
    };
    change::Entity::insert(row.into_active_model()).exec_without_returning(transaction).await?;
    Ok(Change { sequence: Sequence::new(last), at: now, invalidations })
}

/// How far the log goes. What is read afterwards is at least as new.
///
/// # Errors
/// Only those of the database.
pub async fn last(connection: &impl Connection) -> Result<Sequence> {
    let row = change_sequence::Entity::find().one(connection).await?;
    row.map(|row| Sequence::new(row.last)).ok_or_else(|| Error::internal("change_sequence has no row"))
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
