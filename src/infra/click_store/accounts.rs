//! The account of each journal: what its writer says that it wrote, against what arrived here.
//!
//! Invariant: an account moves in the transaction that moves the journal's high-water mark, so a record that is replayed
//! is counted once.

use sqlx::sqlite::SqliteConnection;

use super::click::ClickBatch;
use super::connection::ClickStore;
use super::error::ClickStoreError;
use super::reading::Reading;
use crate::infra::journal::JournalId;

/// What is known of one journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct JournalAccount {
    records: i64,
    missing: i64,
    dropped: i64,
}

/// The accounts of all journals together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ClickAccount {
    /// Records that were written and did not arrive.
    pub missing: u64,
    /// Records that arrived and were never counted as written, such as one that a failing disk kept although it said that it did not.
    pub surplus: u64,
    /// Records that edges gave up, because neither disk nor memory had room.
    pub dropped: u64,
}

impl JournalAccount {
    /// The account with what is new in a batch: the records above the high-water mark.
    fn with(self, batch: &ClickBatch, mark: Option<u64>) -> Self {
        let is_new = |position: u64| mark.is_none_or(|mark| position > mark);
        let positions = || batch.clicks.iter().map(|record| record.position).chain(batch.undecodable.iter().copied());
        let count = |end: u64| {
            self.records + number(positions().filter(|position| is_new(*position) && *position < end).count())
        };
        let moved = Self { records: count(u64::MAX), ..self };
        match batch.tally.filter(|placed| is_new(placed.position)) {
            Some(placed) => Self {
                missing: number(placed.tally.records) - count(placed.position),
                dropped: number(placed.tally.dropped),
                ..moved
            },
            None => moved,
        }
    }
}

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

fn number(count: impl TryInto<i64>) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}
