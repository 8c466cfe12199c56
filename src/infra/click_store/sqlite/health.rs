//! Whether the store keeps what it is given: a write on the writer's connection that a reader finds.

use super::connection::ClickStore;
use super::reading::Reading;
use crate::infra::click_store::ClickStoreError;

impl ClickStore {
    /// Commits a row and reads it on another connection. Other processes may check the same file at the same time.
    ///
    /// # Errors
    /// The store does not answer, is damaged, or does not keep what was committed.
    pub async fn check(&self) -> Result<(), ClickStoreError> {
        let mut transaction = self.write().await?;
        let written: i64 = sqlx::query_scalar("UPDATE health SET checks = checks + 1 RETURNING checks")
            .fetch_one(&mut *transaction)
            .await?;
        transaction.commit().await?;
        let mut reading = Reading::begin(self).await?;
        let read: i64 = sqlx::query_scalar("SELECT checks FROM health").fetch_one(reading.connection()).await?;
        // Whoever checks at the same time has counted further.
        if read >= written { Ok(()) } else { Err(ClickStoreError::Forgetful) }
    }
}
