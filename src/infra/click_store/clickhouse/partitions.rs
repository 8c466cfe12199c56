//! Storing the clicks of partitions, each journal record at most once.
//!
//! Invariants: rows are inserted only as an insert that was written down before, whole, with a token of its own. It is made again, with the
//! same bytes and the same token, until it is known to be over; the server passes over what it has by that token. Only then do the offset, the
//! high-water marks and the accounts move, in one transaction of the source of truth, for the holder with the highest fence.

use std::time::Duration;

use bytes::Bytes;
use uuid::Uuid;

use super::accounts::{advanced, find, mark_of};
use super::connection::ClickStore;
use super::error::changed;
use super::row::{COLUMNS, write};
use crate::infra::click_store::{ClickStoreError, HeldPartition, PartitionBatch, PartitionPosition, Stored};
use crate::infra::store::Transaction;
use crate::infra::store::click_inserts::{self, Holding, JournalProgress, PlannedInsert};

/// The longest that an insert may take.
const INSERT_TIMEOUT: Duration = Duration::from_secs(30);
/// What inserts depend on, whatever the server does by default.
const SETTINGS: [(&str, &str); 4] = [
    ("async_insert", "0"),
    ("insert_deduplicate", "1"),
    ("deduplicate_blocks_in_dependent_materialized_views", "1"),
    // Clocks of edges may be wrong, and journals old.
    ("max_partitions_per_insert_block", "0"),
];

/// What storing a batch comes to.
struct Prepared {
    rows: Vec<u8>,
    stored: Stored,
    journals: Vec<JournalProgress>,
}

/// What is to be done for a batch.
enum Plan {
    /// An insert that was begun before, first of all.
    Earlier(PlannedInsert),
    /// An insert.
    Insert(PlannedInsert, Stored),
    /// Nothing: there was no new click in it, and it is passed.
    Passed(Stored),
}

impl ClickStore {
    /// Refuses from now on whoever held the partition before, and finishes what they had begun. Returns how far it is stored; none if
    /// nothing ever was.
    ///
    /// # Errors
    /// `Fenced` if somebody holds it by a higher fence; the source of truth or the store refused.
    pub async fn take_over(&self, partition: &HeldPartition) -> Result<Option<PartitionPosition>, ClickStoreError> {
        let transaction = self.database.write().await?;
        let position = fence_off(&transaction, partition).await?;
        let earlier = click_inserts::planned(&transaction, holding(partition)).await?;
        transaction.commit().await?;
        let Some(insert) = earlier else { return Ok(position) };
        self.finish(partition, &insert).await?;
        Ok(Some(PartitionPosition { next_offset: insert.next_offset, last_record: insert.last_record }))
    }

    /// Stores what is new of a batch and passes its offsets. Repeat it freely.
    ///
    /// # Errors
    /// `Fenced` if somebody holds the partition by a higher fence; the source of truth or the store refused. Then the batch may be stored
    /// all the same, which is known when it is repeated or when the partition is taken over.
    pub async fn store_partition_batch(&self, partition_batch: &PartitionBatch) -> Result<Stored, ClickStoreError> {
        let mut earlier = 0;
        let stored = loop {
            match self.plan(partition_batch).await? {
                Plan::Earlier(insert) => {
                    self.finish(&partition_batch.partition, &insert).await?;
                    earlier += usize::try_from(insert.clicks).unwrap_or(0);
                }
                Plan::Insert(insert, stored) => {
                    self.finish(&partition_batch.partition, &insert).await?;
                    break stored;
                }
                Plan::Passed(stored) => break stored,
            }
        };
        // What an earlier attempt at these clicks left to be finished was stored just now.
        Ok(Stored { inserted: stored.inserted + earlier, repeated: stored.repeated.saturating_sub(earlier) })
    }

    /// Writes down what is to be inserted for a batch. Under the fence, so that an insert that somebody else begins is seen.
    async fn plan(&self, partition_batch: &PartitionBatch) -> Result<Plan, ClickStoreError> {
        let partition = &partition_batch.partition;
        let transaction = self.database.write().await?;
        fence_off(&transaction, partition).await?;
        if let Some(insert) = click_inserts::planned(&transaction, holding(partition)).await? {
            return Ok(Plan::Earlier(insert));
        }
        let Prepared { rows, stored, journals } = prepare(&transaction, partition_batch).await?;
        let plan = if rows.is_empty() {
            let (next_offset, last_record) = (partition_batch.offsets.end, partition_batch.last_record);
            click_inserts::pass(&transaction, holding(partition), next_offset, last_record, &journals).await?;
            Plan::Passed(stored)
        } else {
            let insert = planned(partition_batch, rows, stored.inserted, &journals)?;
            click_inserts::plan(&transaction, holding(partition), insert.clone()).await?;
            Plan::Insert(insert, stored)
        };
        transaction.commit().await?;
        Ok(plan)
    }

    async fn finish(&self, partition: &HeldPartition, insert: &PlannedInsert) -> Result<(), ClickStoreError> {
        self.insert(insert).await?;
        let journals: Vec<JournalProgress> =
            serde_json::from_str(&insert.journals).map_err(|error| ClickStoreError::Plan(error.to_string()))?;
        let transaction = self.database.write().await?;
        fence_off(&transaction, partition).await?;
        let PlannedInsert { next_offset, last_record, .. } = *insert;
        click_inserts::pass(&transaction, holding(partition), next_offset, last_record, &journals).await?;
        click_inserts::finish(&transaction, holding(partition), &insert.token).await?;
        Ok(transaction.commit().await?)
    }

    async fn insert(&self, insert: &PlannedInsert) -> Result<(), ClickStoreError> {
        let statement = format!("INSERT INTO clicks ({}) FORMAT RowBinary", insert.column_names);
        let mut request = self.client().await?.insert_formatted_with(statement);
        for (name, value) in SETTINGS {
            request = request.with_setting(name, value);
        }
        if self.is_replicated() {
            request = request.with_setting("insert_quorum", "auto");
        }
        let mut request = request.with_setting("insert_deduplication_token", &insert.token);
        let rows = Bytes::from(insert.payload.clone());
        let made = async {
            request.send(rows).await?;
            request.end().await
        };
        changed(INSERT_TIMEOUT, made).await
    }
}

async fn fence_off(
    transaction: &Transaction,
    partition: &HeldPartition,
) -> Result<Option<PartitionPosition>, ClickStoreError> {
    let progress = click_inserts::fence_off(transaction, holding(partition)).await?.ok_or(ClickStoreError::Fenced)?;
    let last_record = progress.last_record;
    Ok(progress.next_offset.map(|next_offset| PartitionPosition { next_offset, last_record }))
}

async fn prepare(transaction: &Transaction, partition_batch: &PartitionBatch) -> Result<Prepared, ClickStoreError> {
    let mut prepared = Prepared { rows: Vec::new(), stored: Stored::default(), journals: Vec::new() };
    for batch in &partition_batch.batches {
        let known = find(transaction, batch).await?;
        let mark = known.as_ref().map(mark_of);
        for record in &batch.clicks {
            if mark.is_some_and(|mark| record.position <= mark) {
                prepared.stored.repeated += 1;
            } else {
                prepared.stored.inserted += 1;
                write(&mut prepared.rows, batch.journal_id, record);
            }
        }
        prepared.journals.push(advanced(known, batch));
    }
    Ok(prepared)
}

/// The token says what it is for, and is never given twice: a topic that is made anew begins with the same offsets.
fn planned(
    partition_batch: &PartitionBatch,
    payload: Vec<u8>,
    clicks: usize,
    journals: &[JournalProgress],
) -> Result<PlannedInsert, ClickStoreError> {
    let (partition, offsets) = (&partition_batch.partition, &partition_batch.offsets);
    Ok(PlannedInsert {
        token: format!("{}/{}/{}-{}/{}", partition.topic, partition.number, offsets.start, offsets.end, Uuid::now_v7()),
        next_offset: offsets.end,
        last_record: partition_batch.last_record,
        clicks: i64::try_from(clicks).unwrap_or(i64::MAX),
        column_names: COLUMNS.to_owned(),
        payload,
        journals: serde_json::to_string(journals).map_err(|error| ClickStoreError::Plan(error.to_string()))?,
    })
}

fn holding(partition: &HeldPartition) -> Holding<'_> {
    Holding { topic: &partition.topic, number: partition.number, fence: partition.fence }
}
