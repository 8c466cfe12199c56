//! Storing clicks, each journal record at most once.
//!
//! Invariant: the rows of a range, the totals of its links, and the journal's
//! account and high-water mark are written in one transaction, and only records above the
//! mark are written. Whatever is replayed, overlaps or was cut short, every
//! record below the mark is in the store exactly once.

use std::sync::{Arc, LazyLock};

use sqlx::sqlite::{SqliteArguments, SqliteConnection};
use sqlx::{Arguments, AssertSqlSafe};

use super::connection::ClickStore;
use super::reading::Reading;
use super::row::{COLUMN_COUNT, COLUMNS, bind};
use super::{accounts, totals};
use crate::infra::click_store::totals::counted_per_link;
use crate::infra::click_store::{ClickBatch, ClickStoreError, JournalledClick, Stored};
use crate::infra::journal::JournalId;

/// Rows in one INSERT: enough to make the statement's own cost small.
const ROWS_PER_INSERT: usize = 64;

static INSERT_FULL: LazyLock<Arc<str>> = LazyLock::new(|| insert_statement(ROWS_PER_INSERT));

impl ClickStore {
    /// Stores the clicks that are new and remembers how far the journal has come. All or nothing; repeat it freely.
    ///
    /// # Errors
    /// The database refused; nothing was stored, or, if only the response was lost, everything.
    pub async fn store(&self, batch: &ClickBatch) -> Result<Stored, ClickStoreError> {
        let mut transaction = self.write().await?;
        let stored = store_batch(&mut transaction, batch).await?;
        transaction.commit().await?;
        Ok(stored)
    }

    /// The highest position of a journal that was stored; none if nothing of it ever was.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn stored_through(&self, journal_id: JournalId) -> Result<Option<u64>, ClickStoreError> {
        let mut reading = Reading::begin(self).await?;
        Ok(high_water_mark(reading.connection(), journal_id).await?)
    }
}

/// Stores the clicks that are new and remembers how far the journal has come, within a transaction.
pub(super) async fn store_batch(transaction: &mut SqliteConnection, batch: &ClickBatch) -> Result<Stored, sqlx::Error> {
    let mark = high_water_mark(transaction, batch.journal_id).await?;
    let fresh: Vec<_> = batch.clicks.iter().filter(|record| mark.is_none_or(|mark| record.position > mark)).collect();
    insert(transaction, batch.journal_id, &fresh).await?;
    totals::add(transaction, &counted_per_link(&fresh)).await?;
    accounts::advance(transaction, batch, mark).await?;
    if mark.is_none_or(|mark| batch.through > mark) {
        move_mark(transaction, batch.journal_id, batch.through).await?;
    }
    Ok(Stored { inserted: fresh.len(), repeated: batch.clicks.len() - fresh.len() })
}

async fn high_water_mark(connection: &mut SqliteConnection, journal_id: JournalId) -> Result<Option<u64>, sqlx::Error> {
    let position: Option<i64> = sqlx::query_scalar("SELECT position FROM journal_positions WHERE journal_id = ?")
        .bind(journal_id.as_u64().cast_signed())
        .fetch_optional(connection)
        .await?;
    Ok(position.map(i64::cast_unsigned))
}

async fn move_mark(connection: &mut SqliteConnection, journal_id: JournalId, through: u64) -> Result<(), sqlx::Error> {
    let position = i64::try_from(through).map_err(|error| sqlx::Error::Encode(error.into()))?;
    sqlx::query("INSERT OR REPLACE INTO journal_positions (journal_id, position) VALUES (?, ?)")
        .bind(journal_id.as_u64().cast_signed())
        .bind(position)
        .execute(connection)
        .await?;
    Ok(())
}

async fn insert(
    connection: &mut SqliteConnection,
    journal_id: JournalId,
    records: &[&JournalledClick],
) -> Result<(), sqlx::Error> {
    for chunk in records.chunks(ROWS_PER_INSERT) {
        let mut arguments = SqliteArguments::default();
        arguments.reserve(chunk.len() * COLUMN_COUNT, 0);
        for record in chunk {
            bind(&mut arguments, journal_id, record).map_err(sqlx::Error::Encode)?;
        }
        let statement =
            if chunk.len() == ROWS_PER_INSERT { Arc::clone(&INSERT_FULL) } else { insert_statement(chunk.len()) };
        sqlx::query_with(AssertSqlSafe(statement), arguments).execute(&mut *connection).await?;
    }
    Ok(())
}

fn insert_statement(rows: usize) -> Arc<str> {
    let row = format!("({})", vec!["?"; COLUMN_COUNT].join(", "));
    format!("INSERT INTO clicks ({COLUMNS}) VALUES {}", vec![row; rows].join(", ")).into()
}
