//! The end of a workspace: first it is out of use, and after some days gone for good.
//!
//! Invariants: from its deletion on, its links lead nowhere and its keys open nothing; until it is due, an owner can undo that
//! and finds everything as it was. What is due cannot be brought back, even if it is not gone yet. Clicks and objects of what is gone are erased by
//! whoever keeps them, by the list of purged workspaces, which the last transaction adds to.

use super::ApiCore;
use super::domains::host_changed;
use super::principal::Access;
use super::recorded_action::{Action, By};
use super::version::ExpectedVersion;
use super::workspaces::Workspace;
use crate::domain::change::{HostStanding, Invalidation};
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::WorkspaceId;
use crate::infra::store::workspaces::{self, Workspace as Row};
use crate::infra::store::{Transaction, domains, links, purged_workspaces};
use crate::runtime::{clock, deletion_clock};

pub(super) const DELETED: Action<Workspace> =
    Action::new("workspace.deleted", "A workspace is out of use, and will be gone for good.");
pub(super) const UNDELETED: Action<Workspace> =
    Action::new("workspace.undeleted", "A deleted workspace is in use again.");
pub(super) const PURGED: Action<Workspace> = Action::new(
    "workspace.purged",
    "A deleted workspace is gone for good, with everything in it. It stands in the trail of the instance.",
);

/// How many workspaces are purged at once, and how many links of one in one transaction, so that no writer waits noticeably.
const PURGED_AT_ONCE: u64 = 10;
const LINKS_AT_ONCE: u64 = 500;

impl ApiCore {
    /// Puts a workspace out of use. It is gone for good after the time of grace.
    ///
    /// # Errors
    /// `PreconditionFailed` if it is not in the version expected; `NotFound` if it is being deleted already.
    pub async fn delete_workspace(&self, access: &Access, expected: &impl ExpectedVersion) -> Result<()> {
        let transaction = self.store.write().await?;
        let current = lock(&transaction, access.workspace_id()).await?;
        if current.deleted_at.is_some() {
            return Err(being_deleted(&current));
        }
        expected.require(current.version)?;
        let now = clock::now();
        let before = Workspace::from(current.clone());
        let default_before = self.workspace_of_default_domain(&transaction).await?;
        let purge_at = now.plus(self.settings.deletion_grace);
        let row = Row {
            deleted_at: Some(now),
            purge_at: Some(purge_at),
            version: current.version + 1,
            updated_at: now,
            ..current
        };
        let changed = self.write_state(&transaction, row).await?;
        let stale = self.stale(&transaction, access.workspace_id(), default_before).await?;
        self.commit(transaction, vec![DELETED.edited(access.by(), &before, &changed)?], stale).await
    }

    /// Brings a workspace back that is being deleted.
    ///
    /// # Errors
    /// `Conflict` if it is not being deleted, or the owner has no room for one more; `NotFound` if its time is over.
    pub async fn undelete_workspace(&self, access: &Access) -> Result<Workspace> {
        let transaction = self.store.write().await?;
        let current = lock(&transaction, access.workspace_id()).await?;
        let Some(purge_at) = current.purge_at else {
            let message = "This workspace is not being deleted.";
            return Err(Error::new(ErrorKind::Conflict, "not_deleted", message));
        };
        let now = clock::now();
        if purge_at <= now {
            return Err(Error::not_found("workspace"));
        }
        if let Some(owner) = access.user_id() {
            self.require_room_for_workspace(&transaction, owner).await?;
        }
        let before = Workspace::from(current.clone());
        let default_before = self.workspace_of_default_domain(&transaction).await?;
        let row = Row { deleted_at: None, purge_at: None, version: current.version + 1, updated_at: now, ..current };
        let changed = self.write_state(&transaction, row).await?;
        let stale = self.stale(&transaction, access.workspace_id(), default_before).await?;
        self.commit(transaction, vec![UNDELETED.edited(access.by(), &before, &changed)?], stale).await?;
        Ok(changed)
    }

    /// Deletes for good what is due.
    ///
    /// # Errors
    /// Only those of the store; the rest is left for the next time.
    pub(super) async fn purge_workspaces(&self) -> Result<()> {
        let due = workspaces::due_for_purge(self.store.reader(), deletion_clock::now(), PURGED_AT_ONCE).await?;
        for workspace in due {
            self.purge(workspace).await?;
        }
        Ok(())
    }

    async fn purge(&self, workspace: WorkspaceId) -> Result<()> {
        let stopping = self.tasks.stopping();
        while !stopping.is_cancelled() {
            let transaction = self.store.write().await?;
            let is_due = |row: &Row| row.purge_at.is_some_and(|time| time <= deletion_clock::now());
            let Some(row) = workspaces::lock(&transaction, workspace).await?.filter(is_due) else { return Ok(()) };
            let deleted = links::delete_some(&transaction, workspace, LINKS_AT_ONCE).await?;
            if deleted == 0 {
                let hosts = domains::owned_by(&transaction, workspace).await?;
                workspaces::delete(&transaction, workspace).await?;
                purged_workspaces::insert(&transaction, workspace, clock::now()).await?;
                let by = By::instance().within(workspace);
                let recorded_action = PURGED.removed(by, &row.into())?.in_the_trail_of_the_instance();
                let mut stale = vec![Invalidation::Workspace { workspace_id: workspace }];
                stale.extend(hosts.iter().map(|host| host_changed(host, HostStanding::Unclaimed)));
                return self.commit(transaction, vec![recorded_action], stale).await;
            }
            transaction.commit().await?;
        }
        Ok(())
    }

    async fn write_state(&self, transaction: &Transaction, row: Row) -> Result<Workspace> {
        if workspaces::update(transaction, row.clone()).await? {
            return Ok(row.into());
        }
        Err(Error::internal("a slug clashed though it did not change"))
    }

    /// What edges have to be told when the links of a workspace go out of use or come back.
    async fn stale(
        &self,
        transaction: &Transaction,
        workspace_id: WorkspaceId,
        before: Option<WorkspaceId>,
    ) -> Result<Vec<Invalidation>> {
        let mut stale = vec![Invalidation::Workspace { workspace_id }];
        stale.extend(self.default_domain_moved(transaction, before).await?);
        Ok(stale)
    }
}

async fn lock(transaction: &Transaction, id: WorkspaceId) -> Result<Row> {
    workspaces::lock(transaction, id).await?.ok_or_else(|| Error::not_found("workspace"))
}

/// What everything answers in a workspace that is being deleted.
pub(super) fn being_deleted(workspace: &Row) -> Error {
    let until = workspace.purge_at.map(|time| format!(" until {time}")).unwrap_or_default();
    let message = format!("This workspace is being deleted. An owner can undelete it{until}.");
    Error::new(ErrorKind::NotFound, "workspace_deleted", message)
}
