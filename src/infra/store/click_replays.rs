//! How far the dead records of each partition were replayed.

use sea_orm::{FromQueryResult, Statement};

use super::{Connection, Transaction};
use crate::domain::error::Result;

/// How far a partition of dead records was replayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromQueryResult)]
pub struct ClickReplay {
    /// The partition that they are sent into, for good.
    pub into_number: i64,
    /// The first that was not.
    pub next_offset: i64,
}

/// How far the dead records of a partition were replayed; none if they never were.
///
/// # Errors
/// Only those of the database.
pub async fn find(connection: &impl Connection, topic: &str, number: i32) -> Result<Option<ClickReplay>> {
    let sql = "SELECT into_number, next_offset FROM click_replays WHERE topic = $1 AND number = $2";
    let values = [topic.into(), i64::from(number).into()];
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
    Ok(ClickReplay::find_by_statement(statement).one(connection).await?)
}

/// Remembers how far they were. Where they go stays as it was said first, and nothing goes back.
///
/// # Errors
/// Only those of the database.
pub async fn advance(transaction: &Transaction, topic: &str, number: i32, replay: ClickReplay) -> Result<()> {
    let sql = "INSERT INTO click_replays (topic, number, into_number, next_offset) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (topic, number) DO UPDATE SET next_offset = excluded.next_offset \
               WHERE click_replays.next_offset < excluded.next_offset";
    let values = [topic.into(), i64::from(number).into(), replay.into_number.into(), replay.next_offset.into()];
    let statement = Statement::from_sql_and_values(transaction.get_database_backend(), sql, values);
    transaction.execute_raw(statement).await?;
    Ok(())
}
