//! The rows of the accounts of journals.
//!
//! Invariant: an account moves in the transaction that moves the journal's high-water mark, so a record that is replayed
//! is counted once.

use sqlx::sqlite::SqliteConnection;

use super::connection::ClickStore;
use super::reading::Reading;
use crate::infra::click_store::account::JournalAccount;
use crate::infra::click_store::{ClickAccount, ClickBatch, ClickStoreError};
use crate::infra::journal::JournalId;

impl ClickStore {
    /// The accounts of all journals that ever were, together.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn account(&self) -> Result<ClickAccount, ClickStoreError> {
        let mut reading = Reading::begin(self).await?;
        let sums = "SELECT COALESCE(SUM(MAX(missing, 0)), 0), COALESCE(SUM(MAX(-missing, 0)), 0), COALESCE(SUM(dropped), 0) FROM journal_accounts";
        let (missing, surplus, dropped): (i64, i64, i64) = sqlx::query_as(sums).fetch_one(reading.connection()).await?;
        let count = |sum: i64| u64::try_from(sum).unwrap_or(0);
        Ok(ClickAccount { missing: count(missing), surplus: count(surplus), dropped: count(dropped) })
    }
}

/// Moves the account of a batch's journal. A journal that was begun before accounts were kept has none.
pub(super) async fn advance(
    connection: &mut SqliteConnection,
    batch: &ClickBatch,
    mark: Option<u64>,
) -> Result<(), sqlx::Error> {
    let known = find(connection, batch.journal_id).await?;
    if known.is_none() && mark.is_some() {
        return Ok(());
    }
    let account = known.unwrap_or_default().with(batch, mark);
    sqlx::query("INSERT OR REPLACE INTO journal_accounts (journal_id, records, missing, dropped) VALUES (?, ?, ?, ?)")
        .bind(batch.journal_id.as_u64().cast_signed())
        .bind(account.records)
        .bind(account.missing)
        .bind(account.dropped)
        .execute(connection)
        .await?;
    Ok(())
}

async fn find(connection: &mut SqliteConnection, journal_id: JournalId) -> Result<Option<JournalAccount>, sqlx::Error> {
    let row: Option<(i64, i64, i64)> =
        sqlx::query_as("SELECT records, missing, dropped FROM journal_accounts WHERE journal_id = ?")
            .bind(journal_id.as_u64().cast_signed())
            .fetch_optional(connection)
            .await?;
    Ok(row.map(|(records, missing, dropped)| JournalAccount { records, missing, dropped }))
}
