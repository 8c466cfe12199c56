//! The accounts of journals, which the source of truth keeps.

use super::connection::ClickStore;
use crate::infra::click_store::account::JournalAccount;
use crate::infra::click_store::{ClickAccount, ClickBatch, ClickStoreError};
use crate::infra::journal::JournalId;
use crate::infra::store::Transaction;
use crate::infra::store::click_inserts::{self, JournalProgress};

impl ClickStore {
    /// The accounts of all journals that ever were, together.
    ///
    /// # Errors
    /// The source of truth does not answer.
    pub async fn account(&self) -> Result<ClickAccount, ClickStoreError> {
        let sums = click_inserts::account(self.database.reader()).await?;
        let count = |sum: i64| u64::try_from(sum).unwrap_or(0);
        Ok(ClickAccount { missing: count(sums.missing), surplus: count(sums.surplus), dropped: count(sums.dropped) })
    }

    /// The highest position of a journal that was stored; none if nothing of it ever was.
    ///
    /// # Errors
    /// The source of truth does not answer.
    pub async fn stored_through(&self, journal_id: JournalId) -> Result<Option<u64>, ClickStoreError> {
        let journal = click_inserts::journal(self.database.reader(), number_of(journal_id)).await?;
        Ok(journal.as_ref().map(mark_of))
    }
}

/// How far the journal of a batch is.
pub(super) async fn find(
    transaction: &Transaction,
    batch: &ClickBatch,
) -> Result<Option<JournalProgress>, ClickStoreError> {
    Ok(click_inserts::journal(transaction, number_of(batch.journal_id)).await?)
}

/// How far the journal is once the batch is stored.
pub(super) fn advanced(known: Option<JournalProgress>, batch: &ClickBatch) -> JournalProgress {
    let mark = known.as_ref().map(mark_of);
    let before = known.map_or(JournalAccount::default(), |known| JournalAccount {
        records: known.records,
        missing: known.missing,
        dropped: known.dropped,
    });
    let JournalAccount { records, missing, dropped } = before.with(batch, mark);
    let position = mark.map_or(batch.through, |mark| mark.max(batch.through));
    JournalProgress {
        journal_id: number_of(batch.journal_id),
        position: i64::try_from(position).unwrap_or(i64::MAX),
        records,
        missing,
        dropped,
    }
}

/// The highest position that is stored.
pub(super) fn mark_of(journal: &JournalProgress) -> u64 {
    journal.position.cast_unsigned()
}

fn number_of(journal_id: JournalId) -> i64 {
    journal_id.as_u64().cast_signed()
}
