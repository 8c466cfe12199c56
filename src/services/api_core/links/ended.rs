//! Tells followers of links that ended by themselves: because their time was over or their last click was used.
//!
//! Invariant: each end is told once, in the transaction that notes it. A link whose end is moved can end again.

use super::view::Link;
use super::{EXHAUSTED, EXPIRED};
use crate::domain::error::Result;
use crate::infra::store::links::{self, Link as Row};
use crate::infra::store::{Connection, Transaction};
use crate::runtime::clock;
use crate::services::api_core::ApiCore;
use crate::services::api_core::recorded_action::{Action, By, RecordedAction};

impl ApiCore {
    /// Tells of some links that have expired, at most `limit`. Returns how many it told of.
    pub(in crate::services::api_core) async fn tell_of_some_expired_links(&self, limit: u64) -> Result<usize> {
        let transaction = self.store.write().await?;
        let rows = links::lock_untold_expiries(&transaction, clock::now(), limit).await?;
        if rows.is_empty() {
            return Ok(0);
        }
        let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
        let mut recorded_actions = Vec::with_capacity(rows.len());
        for row in rows {
            recorded_actions.push(self.ended(&transaction, &EXPIRED, row).await?);
        }
        links::note_told_expiries(&transaction, &ids).await?;
        self.commit(transaction, recorded_actions, Vec::new()).await?;
        Ok(ids.len())
    }

    /// Commits the click that was a link's last.
    pub(in crate::services::api_core) async fn tell_of_last_click(
        &self,
        transaction: Transaction,
        row: Row,
    ) -> Result<()> {
        let recorded_action = self.ended(&transaction, &EXHAUSTED, row).await?;
        self.commit(transaction, vec![recorded_action], Vec::new()).await
    }

    async fn ended(&self, connection: &impl Connection, action: &Action<Link>, row: Row) -> Result<RecordedAction> {
        let workspace = row.workspace_id;
        let link = self.view_single(connection, workspace, row).await?;
        action.edited(By::instance().within(workspace), &link, &link)
    }
}
