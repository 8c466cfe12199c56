//! Deleting clicks that somebody asks to have deleted; those past their time the table deletes itself.

use std::time::Duration;

use super::condition::{push_where, texts};
use super::connection::ClickStore;
use super::question::{Parameter, Question};
use crate::domain::id::WorkspaceId;
use crate::domain::time::Timestamp;
use crate::infra::click_store::{ClickStoreError, Deleted, Erasure, Period};

/// The longest that the server may take: it writes anew whatever has one of the clicks.
const TIMEOUT: Duration = Duration::from_secs(600);
const MICROS_PER_DAY: i64 = 24 * 60 * 60 * 1_000_000;

impl ClickStore {
    /// Deletes the clicks of a workspace before the UTC day of `moment`, so that it is done once a day at most. The totals of links stay.
    ///
    /// # Errors
    /// The store is unavailable or refuses. If it took too long, the clicks may go later.
    pub async fn delete_of_before(
        &self,
        workspace_id: WorkspaceId,
        moment: Timestamp,
    ) -> Result<Deleted, ClickStoreError> {
        let day = moment.as_micros().div_euclid(MICROS_PER_DAY);
        let period = Period { from: Timestamp::EARLIEST, to: Timestamp::from_micros(day * MICROS_PER_DAY) };
        let erasure = Erasure { workspace_id, period, link_id: None, visitor: None };
        Ok(Deleted { clicks: self.erase(&erasure).await?, damaged: 0 })
    }

    /// Deletes these clicks on every replica, and says how many there were. The totals of links stay.
    ///
    /// # Errors
    /// The store is unavailable or refuses. If it took too long, the clicks may go later.
    pub async fn erase(&self, erasure: &Erasure) -> Result<u64, ClickStoreError> {
        let mut question = Question::new("SELECT count() AS clicks, toUInt64(0) AS visitors FROM clicks");
        push_erased(&mut question, erasure);
        let clicks = self.clicks_within(&question, TIMEOUT).await?;
        if clicks > 0 {
            let mut change = Question::new("ALTER TABLE clicks DELETE");
            push_erased(&mut change, erasure);
            change.change(self, TIMEOUT, &[("mutations_sync", "2")]).await?;
        }
        Ok(clicks)
    }

    /// Deletes all that is kept of these workspaces, the totals of links as well, and says how many clicks there were.
    ///
    /// # Errors
    /// The store is unavailable or refuses. If it took too long, it may go later.
    pub async fn erase_workspaces(&self, workspaces: &[WorkspaceId]) -> Result<u64, ClickStoreError> {
        let clicks = self.erase_rows_of(workspaces, "clicks").await?;
        self.erase_rows_of(workspaces, "link_totals").await?;
        Ok(clicks)
    }

    async fn erase_rows_of(&self, workspaces: &[WorkspaceId], table: &str) -> Result<u64, ClickStoreError> {
        let mut question = Question::new(format!("SELECT count() AS clicks, toUInt64(0) AS visitors FROM {table}"));
        push_workspaces(&mut question, workspaces);
        let rows = self.clicks_within(&question, TIMEOUT).await?;
        if rows > 0 {
            let mut change = Question::new(format!("ALTER TABLE {table} DELETE"));
            push_workspaces(&mut change, workspaces);
            change.change(self, TIMEOUT, &[("mutations_sync", "2")]).await?;
        }
        Ok(rows)
    }
}

fn push_workspaces(question: &mut Question, workspaces: &[WorkspaceId]) {
    let ids = Parameter::Ids(texts(workspaces.iter().map(|workspace| workspace.as_uuid())));
    let is_of_them = question.is_one_of("workspace_id", ids);
    question.push(" WHERE ").push(&is_of_them);
}

fn push_erased(question: &mut Question, erasure: &Erasure) {
    push_where(question, &erasure.selection());
    if let Some(visitor) = erasure.visitor {
        question.push(" AND visitor = toUInt64(").push_value(Parameter::Text(visitor.to_string())).push(")");
    }
}
