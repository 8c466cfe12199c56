//! Which ingester holds which partition of the topic of clicks.
//!
//! Invariants: the partitions of a topic stay locked from [`lock`] to the end of the transaction, so that ingesters share them one after the
//! other. A fence is never given twice, also when an older state of the database comes back.

use sea_orm::{FromQueryResult, Statement, Value};

use super::{Connection, Transaction};
use crate::domain::error::Result;
use crate::domain::id::IngesterId;
use crate::domain::time::Timestamp;
use crate::runtime::clock;

/// A partition, and who holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromQueryResult)]
pub struct ClickPartition {
    /// Its number.
    pub number: i64,
    /// Who holds it, if anybody does.
    pub owner: Option<IngesterId>,
    /// Grows with every new holder.
    pub fence: i64,
    /// Until when it is held.
    pub lease_until: Timestamp,
}

#[derive(FromQueryResult)]
struct Now {
    now: Timestamp,
}

#[derive(FromQueryResult)]
struct Living {
    id: IngesterId,
}

/// The partitions of a topic by number, kept from changing until the transaction ends. Those of `numbers` that are new are made.
///
/// # Errors
/// Only those of the database.
pub async fn lock(transaction: &Transaction, topic: &str, numbers: &[i32]) -> Result<Vec<ClickPartition>> {
    let known = locked(transaction, topic).await?;
    let is_new = |number: &&i32| !known.iter().any(|partition| partition.number == i64::from(**number));
    let new: Vec<i64> = numbers.iter().filter(is_new).copied().map(i64::from).collect();
    if new.is_empty() {
        return Ok(known);
    }
    for number in new {
        let sql = "INSERT INTO click_partitions (topic, number, fence, lease_until) VALUES ($1, $2, 0, 0) ON CONFLICT DO NOTHING";
        execute(transaction, sql, [topic.into(), number.into()]).await?;
    }
    locked(transaction, topic).await
}

async fn locked(transaction: &Transaction, topic: &str) -> Result<Vec<ClickPartition>> {
    let backend = transaction.get_database_backend();
    let lock = if backend == sea_orm::DbBackend::Postgres { "FOR UPDATE" } else { "" };
    let sql = format!(
        "SELECT number, owner, fence, lease_until FROM click_partitions WHERE topic = $1 ORDER BY number {lock}"
    );
    let statement = Statement::from_sql_and_values(backend, sql, [topic.into()]);
    Ok(ClickPartition::find_by_statement(statement).all(transaction).await?)
}

/// What time it is for all who share the database: by its own clock, or, where it is a file, by that of the machine.
///
/// # Errors
/// Only those of the database.
pub async fn now(transaction: &Transaction) -> Result<Timestamp> {
    let backend = transaction.get_database_backend();
    if backend != sea_orm::DbBackend::Postgres {
        return Ok(clock::now());
    }
    let sql = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT) AS now";
    let found = Now::find_by_statement(Statement::from_string(backend, sql)).one(transaction).await?;
    Ok(found.map_or_else(clock::now, |found| found.now))
}

/// Forgets ingesters that are said to live until before `now`, or until after `latest`, which only a clock that was ahead can have said.
///
/// # Errors
/// Only those of the database.
pub async fn forget_gone(transaction: &Transaction, now: Timestamp, latest: Timestamp) -> Result<()> {
    let sql = "DELETE FROM click_ingesters WHERE lives_until < $1 OR lives_until > $2";
    execute(transaction, sql, [now.into(), latest.into()]).await
}

/// Says that an ingester lives, and returns all that do by id.
///
/// # Errors
/// Only those of the database.
pub async fn note_life(transaction: &Transaction, id: IngesterId, until: Timestamp) -> Result<Vec<IngesterId>> {
    let sql = "INSERT INTO click_ingesters (id, lives_until) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET lives_until = excluded.lives_until";
    execute(transaction, sql, [id.into(), until.into()]).await?;
    let sql = "SELECT id FROM click_ingesters ORDER BY id LIMIT 10000";
    let statement = Statement::from_string(transaction.get_database_backend(), sql);
    let living = Living::find_by_statement(statement).all(transaction).await?;
    Ok(living.into_iter().map(|living| living.id).collect())
}

/// An ingester ends.
///
/// # Errors
/// Only those of the database.
pub async fn forget(transaction: &Transaction, id: IngesterId) -> Result<()> {
    execute(transaction, "DELETE FROM click_ingesters WHERE id = $1", [id.into()]).await?;
    Ok(())
}

/// Holds a partition, whoever held it before. Lock it first.
///
/// # Errors
/// Only those of the database.
pub async fn hold(transaction: &Transaction, topic: &str, held: ClickPartition) -> Result<()> {
    let sql = "UPDATE click_partitions SET owner = $1, fence = $2, lease_until = $3 WHERE topic = $4 AND number = $5";
    let ClickPartition { number, owner, fence, lease_until } = held;
    let values = [owner.into(), fence.into(), lease_until.into(), topic.into(), number.into()];
    execute(transaction, sql, values).await?;
    Ok(())
}

/// Gives up a partition, if it is still held by this fence.
///
/// # Errors
/// Only those of the database.
pub async fn release(transaction: &Transaction, topic: &str, number: i32, fence: i64) -> Result<()> {
    let sql =
        "UPDATE click_partitions SET owner = NULL, lease_until = 0 WHERE topic = $1 AND number = $2 AND fence = $3";
    execute(transaction, sql, [topic.into(), i64::from(number).into(), fence.into()]).await?;
    Ok(())
}

async fn execute<const N: usize>(transaction: &Transaction, sql: &str, values: [Value; N]) -> Result<()> {
    let statement = Statement::from_sql_and_values(transaction.get_database_backend(), sql, values);
    transaction.execute_raw(statement).await?;
    Ok(())
}
