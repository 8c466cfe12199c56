//! Deleting what is older than the operator keeps.

use super::connection::ClickStore;
use super::reading::Reading;
use crate::domain::time::Timestamp;
use crate::infra::click_store::ClickStoreError;

/// Rows deleted in one transaction, so that new clicks never wait long.
const ROWS_PER_DELETE: i64 = 2_000;
const DELETE_CLICKS: &str =
    "DELETE FROM clicks WHERE id IN (SELECT id FROM clicks WHERE workspace_id IS ? AND at < ? LIMIT ?)";
const DELETE_ORPHANS: &str = "DELETE FROM clicks WHERE id IN \
    (SELECT id FROM clicks WHERE workspace_id IS ? AND link_id IS NULL AND at < ? LIMIT ?)";

impl ClickStore {
    /// Deletes the clicks before `moment`, a bounded chunk at a time, and says how many there were. The totals of links stay.
    /// It may be dropped at any time.
    ///
    /// # Errors
    /// The store is unavailable; what was deleted until then stays deleted.
    pub async fn delete_before(&self, moment: Timestamp) -> Result<u64, ClickStoreError> {
        self.delete_by(DELETE_CLICKS, moment).await
    }

    /// The same for visits that belong to no link: missing slugs and front pages.
    ///
    /// # Errors
    /// The store is unavailable; what was deleted until then stays deleted.
    pub async fn delete_orphans_before(&self, moment: Timestamp) -> Result<u64, ClickStoreError> {
        self.delete_by(DELETE_ORPHANS, moment).await
    }

    /// The indexes are walked one workspace at a time, first the clicks that belong to none.
    async fn delete_by(&self, statement: &'static str, moment: Timestamp) -> Result<u64, ClickStoreError> {
        let mut deleted = self.delete_of_workspace(statement, None, moment).await?;
        let mut workspace = self.workspace_after(&[]).await?;
        while let Some(current) = workspace {
            deleted += self.delete_of_workspace(statement, Some(&current), moment).await?;
            workspace = self.workspace_after(&current).await?;
        }
        Ok(deleted)
    }

    async fn delete_of_workspace(
        &self,
        statement: &'static str,
        workspace: Option<&[u8]>,
        moment: Timestamp,
    ) -> Result<u64, sqlx::Error> {
        let mut deleted = 0;
        loop {
            let chunk = self.delete_chunk(statement, workspace, moment).await?;
            deleted += chunk;
            if chunk == 0 {
                return Ok(deleted);
            }
        }
    }

    async fn delete_chunk(
        &self,
        statement: &'static str,
        workspace: Option<&[u8]>,
        moment: Timestamp,
    ) -> Result<u64, sqlx::Error> {
        let query = sqlx::query(statement).bind(workspace).bind(moment.as_micros()).bind(ROWS_PER_DELETE);
        Ok(query.execute(&self.writer).await?.rows_affected())
    }

    async fn workspace_after(&self, workspace: &[u8]) -> Result<Option<Vec<u8>>, ClickStoreError> {
        let mut reading = Reading::begin(self).await?;
        let next = sqlx::query_scalar("SELECT min(workspace_id) FROM clicks WHERE workspace_id > ?").bind(workspace);
        Ok(next.fetch_one(reading.connection()).await?)
    }
}
