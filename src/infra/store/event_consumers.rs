//! How far consumers of events have come, and the events that they could not take.
//!
//! Invariant: the row of a consumer stays locked from [`lock`] to the end of the transaction, so that of all processes one
//! works for it at a time.

use sea_orm::sea_query::{Expr, LockType, OnConflict};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    Select,
};

use super::Connection;
use super::entities::{event_consumer, event_failure};
use crate::domain::error::{Error, Result};
use crate::domain::time::Timestamp;

pub use event_consumer::Model as EventConsumer;
pub use event_failure::Model as EventFailure;

/// How far a consumer is, kept from changing until the transaction ends. One that is new begins behind `start`.
///
/// # Errors
/// Only those of the database.
pub async fn lock(transaction: &impl Connection, name: &str, start: i64, now: Timestamp) -> Result<i64> {
    if let Some(position) = locked(transaction, name).await? {
        return Ok(position);
    }
    let row = event_consumer::Model { name: name.to_owned(), position: start, updated_at: now };
    event_consumer::Entity::insert(row.into_active_model())
        .on_conflict(OnConflict::column(event_consumer::Column::Name).do_nothing().to_owned())
        .exec_without_returning(transaction)
        .await?;
    locked(transaction, name).await?.ok_or_else(|| Error::internal("a consumer without a position"))
}

/// How far a consumer is, kept from changing until the transaction ends; none if it has never run.
///
/// # Errors
/// Only those of the database.
pub async fn hold(transaction: &impl Connection, name: &str) -> Result<Option<i64>> {
    locked(transaction, name).await
}

/// Every consumer by name, at most `limit` of them.
///
/// # Errors
/// Only those of the database.
pub async fn all(connection: &impl Connection, limit: u64) -> Result<Vec<EventConsumer>> {
    let query = event_consumer::Entity::find().order_by_asc(event_consumer::Column::Name).limit(limit);
    Ok(query.all(connection).await?)
}

async fn locked(transaction: &impl Connection, name: &str) -> Result<Option<i64>> {
    let row = event_consumer::Entity::find_by_id(name.to_owned()).lock(LockType::Update).one(transaction).await?;
    Ok(row.map(|row| row.position))
}

/// How far a consumer is; none if it has never run.
///
/// # Errors
/// Only those of the database.
pub async fn position(connection: &impl Connection, name: &str) -> Result<Option<i64>> {
    let row = event_consumer::Entity::find_by_id(name.to_owned()).one(connection).await?;
    Ok(row.map(|row| row.position))
}

/// Moves a consumer on.
///
/// # Errors
/// Only those of the database.
pub async fn move_to(transaction: &impl Connection, name: &str, position: i64, now: Timestamp) -> Result<()> {
    event_consumer::Entity::update_many()
        .col_expr(event_consumer::Column::Position, Expr::value(position))
        .col_expr(event_consumer::Column::UpdatedAt, Expr::value(now))
        .filter(event_consumer::Column::Name.eq(name))
        .exec(transaction)
        .await?;
    Ok(())
}

/// Writes down an event that a consumer could not take, over what was known of it.
///
/// # Errors
/// Only those of the database.
pub async fn put_failure(transaction: &impl Connection, failure: EventFailure) -> Result<()> {
    let known =
        event_failure::Entity::find_by_id((failure.consumer.clone(), failure.sequence)).one(transaction).await?;
    let row = failure.into_active_model();
    match known {
        Some(_) => drop(event_failure::Entity::update(row.reset_all()).exec(transaction).await?),
        None => drop(event_failure::Entity::insert(row).exec_without_returning(transaction).await?),
    }
    Ok(())
}

/// The events of a consumer that are tried again, in their order, at most `limit` of them.
///
/// # Errors
/// Only those of the database.
pub async fn waiting(connection: &impl Connection, name: &str, limit: u64) -> Result<Vec<EventFailure>> {
    let query = event_failure::Entity::find()
        .filter(event_failure::Column::Consumer.eq(name))
        .filter(event_failure::Column::RetryAt.is_not_null());
    Ok(query.order_by_asc(event_failure::Column::Sequence).limit(limit).all(connection).await?)
}

/// The events of a consumer that were set aside, behind the number `after`, at most `limit` of them.
///
/// # Errors
/// Only those of the database.
pub async fn set_aside(connection: &impl Connection, name: &str, after: i64, limit: u64) -> Result<Vec<EventFailure>> {
    let query = event_failure::Entity::find()
        .filter(event_failure::Column::Consumer.eq(name))
        .filter(event_failure::Column::RetryAt.is_null())
        .filter(event_failure::Column::Sequence.gt(after));
    Ok(query.order_by_asc(event_failure::Column::Sequence).limit(limit).all(connection).await?)
}

/// The events that a consumer could not take, behind the number `after`, at most `limit` of them: those that were set aside, those that
/// were not, or all.
///
/// # Errors
/// Only those of the database.
pub async fn failures(
    connection: &impl Connection,
    name: &str,
    is_set_aside: Option<bool>,
    after: i64,
    limit: u64,
) -> Result<Vec<EventFailure>> {
    let query = of_consumer(name, is_set_aside).filter(event_failure::Column::Sequence.gt(after));
    Ok(query.order_by_asc(event_failure::Column::Sequence).limit(limit).all(connection).await?)
}

/// How many events a consumer has set aside, or could not take otherwise.
///
/// # Errors
/// Only those of the database.
pub async fn count_failures(connection: &impl Connection, name: &str, is_set_aside: bool) -> Result<u64> {
    Ok(of_consumer(name, Some(is_set_aside)).count(connection).await?)
}

fn of_consumer(name: &str, is_set_aside: Option<bool>) -> Select<event_failure::Entity> {
    let query = event_failure::Entity::find().filter(event_failure::Column::Consumer.eq(name));
    match is_set_aside {
        None => query,
        Some(true) => query.filter(event_failure::Column::RetryAt.is_null()),
        Some(false) => query.filter(event_failure::Column::RetryAt.is_not_null()),
    }
}

/// One event that a consumer could not take.
///
/// # Errors
/// Only those of the database.
pub async fn find_failure(connection: &impl Connection, name: &str, sequence: i64) -> Result<Option<EventFailure>> {
    Ok(event_failure::Entity::find_by_id((name.to_owned(), sequence)).one(connection).await?)
}

/// Has an event that was set aside tried again from `now` on. False if there is no such event.
///
/// # Errors
/// Only those of the database.
pub async fn retry(connection: &impl Connection, name: &str, sequence: i64, now: Timestamp) -> Result<bool> {
    let updated = event_failure::Entity::update_many()
        .col_expr(event_failure::Column::RetryAt, Expr::value(now))
        .col_expr(event_failure::Column::Attempts, Expr::value(0_i64))
        .filter(event_failure::Column::Consumer.eq(name))
        .filter(event_failure::Column::Sequence.eq(sequence))
        .filter(event_failure::Column::RetryAt.is_null())
        .exec(connection)
        .await?;
    Ok(updated.rows_affected == 1)
}

/// Forgets an event that was taken after all, or is not to be taken.
///
/// # Errors
/// Only those of the database.
pub async fn delete_failure(connection: &impl Connection, name: &str, sequence: i64) -> Result<()> {
    event_failure::Entity::delete_by_id((name.to_owned(), sequence)).exec(connection).await?;
    Ok(())
}
