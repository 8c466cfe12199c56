//! What is stored in a click store that knows no transactions: how far partitions and journals are, and the inserts that are under way.
//!
//! Invariants: a partition has one insert under way at most. It is written down, with all that is inserted, before it is made, and goes in the
//! transaction that passes its offsets; both only for the holder with the highest fence.

use sea_orm::{FromQueryResult, Statement, Value};
use serde::{Deserialize, Serialize};

use super::{Connection, Transaction};
use crate::domain::error::Result;

/// A partition, by its holder's right to it.
#[derive(Debug, Clone, Copy)]
pub struct Holding<'a> {
    /// The topic.
    pub topic: &'a str,
    /// The number of the partition.
    pub number: i32,
    /// What the holder is told from those before it by.
    pub fence: i64,
}

/// An insert that was begun and is not known to be over.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct PlannedInsert {
    /// By which the click store knows it again; never given twice.
    pub token: String,
    /// The offset behind what it stores.
    pub next_offset: i64,
    /// The fingerprint of the last record before that offset; none if it could not be read.
    pub last_record: Option<i64>,
    /// How many clicks are in it.
    pub clicks: i64,
    /// The columns of the payload, with commas between them.
    pub column_names: String,
    /// The rows, as the click store reads them.
    pub payload: Vec<u8>,
    /// How far journals are afterwards: a list of [`JournalProgress`] in JSON.
    pub journals: String,
}

/// How far a journal is stored, and its account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromQueryResult, Serialize, Deserialize)]
pub struct JournalProgress {
    /// Which journal.
    pub journal_id: i64,
    /// The highest position that is stored.
    pub position: i64,
    /// Records that arrived.
    pub records: i64,
    /// Of those that the writer counted, how many did not; less than nothing if more did.
    pub missing: i64,
    /// Records that the writer gave up.
    pub dropped: i64,
}

/// The accounts of all journals together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromQueryResult)]
pub struct AccountSums {
    /// Records that did not arrive.
    pub missing: i64,
    /// Records that arrived and were never counted as written.
    pub surplus: i64,
    /// Records that writers gave up.
    pub dropped: i64,
}

/// How far a partition is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromQueryResult)]
pub struct PartitionProgress {
    /// The offset of the first record that is not stored; none if nothing ever was.
    pub next_offset: Option<i64>,
    /// The fingerprint of the record before it; none if it is not known.
    pub last_record: Option<i64>,
}

/// Remembers the fence, and keeps the partition from others until the transaction ends. Nothing is returned
/// if there is a higher fence.
///
/// # Errors
/// Only those of the database.
pub async fn fence_off(transaction: &Transaction, held: Holding<'_>) -> Result<Option<PartitionProgress>> {
    let sql = "INSERT INTO click_offsets (topic, number, fence) VALUES ($1, $2, $3) ON CONFLICT (topic, number) \
               DO UPDATE SET fence = excluded.fence WHERE click_offsets.fence <= excluded.fence \
               RETURNING next_offset, last_record";
    let values = [held.topic.into(), i64::from(held.number).into(), held.fence.into()];
    let statement = Statement::from_sql_and_values(transaction.get_database_backend(), sql, values);
    Ok(PartitionProgress::find_by_statement(statement).one(transaction).await?)
}

/// The insert of a partition that is under way, if any is.
///
/// # Errors
/// Only those of the database.
pub async fn planned(connection: &impl Connection, held: Holding<'_>) -> Result<Option<PlannedInsert>> {
    let sql = "SELECT token, next_offset, last_record, clicks, column_names, payload, journals FROM click_inserts \
               WHERE topic = $1 AND number = $2";
    let values = [held.topic.into(), i64::from(held.number).into()];
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
    Ok(PlannedInsert::find_by_statement(statement).one(connection).await?)
}

/// Writes down an insert that is about to be made. There must be none under way.
///
/// # Errors
/// Only those of the database.
pub async fn plan(transaction: &Transaction, held: Holding<'_>, insert: PlannedInsert) -> Result<()> {
    let sql = "INSERT INTO click_inserts (topic, number, token, next_offset, last_record, clicks, column_names, payload, journals) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let PlannedInsert { token, next_offset, last_record, clicks, column_names, payload, journals } = insert;
    let values = [
        held.topic.into(),
        i64::from(held.number).into(),
        token.into(),
        next_offset.into(),
        last_record.into(),
        clicks.into(),
        column_names.into(),
        payload.into(),
        journals.into(),
    ];
    execute(transaction, sql, values).await
}

/// An insert was made: what it stored is passed, and it is no longer under way.
///
/// # Errors
/// Only those of the database.
pub async fn finish(transaction: &Transaction, held: Holding<'_>, token: &str) -> Result<()> {
    let sql = "DELETE FROM click_inserts WHERE topic = $1 AND number = $2 AND token = $3";
    execute(transaction, sql, [held.topic.into(), i64::from(held.number).into(), token.into()]).await
}

/// Passes the offsets of a partition before this one, and moves journals, which do not go back. An offset does, where a partition is read again.
/// `last_record` is the fingerprint of the record before the offset, if it could be read.
///
/// # Errors
/// Only those of the database.
pub async fn pass(
    transaction: &Transaction,
    held: Holding<'_>,
    next_offset: i64,
    last_record: Option<i64>,
    journals: &[JournalProgress],
) -> Result<()> {
    let sql = "UPDATE click_offsets SET next_offset = $1, last_record = $2 WHERE topic = $3 AND number = $4";
    let values = [next_offset.into(), last_record.into(), held.topic.into(), i64::from(held.number).into()];
    execute(transaction, sql, values).await?;
    for journal in journals {
        let sql = "INSERT INTO click_journals (journal_id, position, records, missing, dropped) VALUES ($1, $2, $3, $4, $5) \
                   ON CONFLICT (journal_id) DO UPDATE SET position = excluded.position, records = excluded.records, \
                   missing = excluded.missing, dropped = excluded.dropped WHERE click_journals.position <= excluded.position";
        let JournalProgress { journal_id, position, records, missing, dropped } = *journal;
        let values = [journal_id.into(), position.into(), records.into(), missing.into(), dropped.into()];
        execute(transaction, sql, values).await?;
    }
    Ok(())
}

/// How far a journal is stored; nothing if nothing of it ever was.
///
/// # Errors
/// Only those of the database.
pub async fn journal(connection: &impl Connection, journal_id: i64) -> Result<Option<JournalProgress>> {
    let sql = "SELECT journal_id, position, records, missing, dropped FROM click_journals WHERE journal_id = $1";
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, [journal_id.into()]);
    Ok(JournalProgress::find_by_statement(statement).one(connection).await?)
}

/// The accounts of all journals that ever were, together.
///
/// # Errors
/// Only those of the database.
pub async fn account(connection: &impl Connection) -> Result<AccountSums> {
    let sum = |what: &str| format!("CAST(COALESCE(SUM({what}), 0) AS BIGINT)");
    let sql = format!(
        "SELECT {} AS missing, {} AS surplus, {} AS dropped FROM click_journals",
        sum("CASE WHEN missing > 0 THEN missing ELSE 0 END"),
        sum("CASE WHEN missing < 0 THEN -missing ELSE 0 END"),
        sum("dropped")
    );
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    let sums = AccountSums::find_by_statement(statement).one(connection).await?;
    Ok(sums.unwrap_or(AccountSums { missing: 0, surplus: 0, dropped: 0 }))
}

async fn execute<const N: usize>(transaction: &Transaction, sql: &str, values: [Value; N]) -> Result<()> {
    let statement = Statement::from_sql_and_values(transaction.get_database_backend(), sql, values);
    transaction.execute_raw(statement).await?;
    Ok(())
}
