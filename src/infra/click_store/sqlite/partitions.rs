//! How far each partition of the bus is stored, and by whom.
//!
//! Invariant: the offset of a partition moves in the transaction that stores what lies before it, and only for the holder with the highest
//! fence. A holder that was unavailable for too long stores nothing more.

use sqlx::sqlite::SqliteConnection;

use super::connection::ClickStore;
use super::write::store_batch;
use crate::infra::click_store::{ClickStoreError, HeldPartition, PartitionBatch, PartitionPosition, Stored};

impl ClickStore {
    /// Refuses from now on whoever held the partition before. Returns how far it is stored; none if nothing ever was.
    ///
    /// # Errors
    /// `Fenced` if somebody holds it by a higher fence; the database refused.
    pub async fn take_over(&self, partition: &HeldPartition) -> Result<Option<PartitionPosition>, ClickStoreError> {
        let mut transaction = self.write().await?;
        let position = fence_off(&mut transaction, partition).await?;
        transaction.commit().await?;
        Ok(position)
    }

    /// Stores what is new of a batch and passes its offsets. All or nothing; repeat it freely.
    ///
    /// # Errors
    /// `Fenced` if somebody holds the partition by a higher fence, and nothing was stored; the database refused, and nothing was stored,
    /// or, if only the response was lost, everything.
    pub async fn store_partition_batch(&self, partition_batch: &PartitionBatch) -> Result<Stored, ClickStoreError> {
        let mut transaction = self.write().await?;
        fence_off(&mut transaction, &partition_batch.partition).await?;
        let mut stored = Stored::default();
        for batch in &partition_batch.batches {
            let Stored { inserted, repeated } = store_batch(&mut transaction, batch).await?;
            stored = Stored { inserted: stored.inserted + inserted, repeated: stored.repeated + repeated };
        }
        pass(&mut transaction, partition_batch).await?;
        transaction.commit().await?;
        Ok(stored)
    }
}

/// Remembers the fence, unless there is a higher one. Returns how far the partition is stored.
async fn fence_off(
    connection: &mut SqliteConnection,
    partition: &HeldPartition,
) -> Result<Option<PartitionPosition>, ClickStoreError> {
    let sql = "INSERT INTO bus_partitions (topic, number, fence) VALUES (?, ?, ?) ON CONFLICT (topic, number) \
               DO UPDATE SET fence = excluded.fence WHERE bus_partitions.fence <= excluded.fence \
               RETURNING next_offset, last_record";
    let row: Option<(Option<i64>, Option<i64>)> = sqlx::query_as(sql)
        .bind(&partition.topic)
        .bind(partition.number)
        .bind(partition.fence)
        .fetch_optional(connection)
        .await?;
    let (next_offset, last_record) = row.ok_or(ClickStoreError::Fenced)?;
    Ok(next_offset.map(|next_offset| PartitionPosition { next_offset, last_record }))
}

async fn pass(connection: &mut SqliteConnection, partition_batch: &PartitionBatch) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE bus_partitions SET next_offset = ?, last_record = ? WHERE topic = ? AND number = ?")
        .bind(partition_batch.offsets.end)
        .bind(partition_batch.last_record)
        .bind(&partition_batch.partition.topic)
        .bind(partition_batch.partition.number)
        .execute(connection)
        .await?;
    Ok(())
}
