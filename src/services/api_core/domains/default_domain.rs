//! The default domain, which belongs to the instance and which every workspace may use.

use url::Url;

use super::new_row::new_row;
use super::{CREATED, UPDATED, host_changed, told_of};
use crate::domain::change::{HostStanding, Invalidation};
use crate::domain::custom_domain::{ClaimedName, DomainStatus, display_name};
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::WorkspaceId;
use crate::infra::store::domains::{self, Domain as Row};
use crate::infra::store::{Connection, workspaces};
use crate::runtime::clock;
use crate::services::api_core::ApiCore;
use crate::services::api_core::recorded_action::By;

impl ApiCore {
    /// Makes the default domain if there is none, and gives it the host name of the configuration. Edges read it anew, because
    /// the configuration may give its visits to another workspace than before.
    ///
    /// # Errors
    /// `Invalid` if the configured address has no host name; `Conflict` if a workspace's domain has it.
    pub async fn ensure_default_domain(&self) -> Result<()> {
        let hostname = hostname(&self.settings.default_domain_url)?;
        let transaction = self.store.write().await?;
        let before = domains::find_default(&transaction).await?;
        domains::insert_default(&transaction, new_default(hostname.clone())).await?;
        let conflict = || Error::new(ErrorKind::Conflict, "hostname_taken", "A workspace's domain has this host name.");
        let current = domains::find_default(&transaction).await?.ok_or_else(conflict)?;
        let old_hostname = current.hostname.clone();
        let mut recorded_actions = Vec::new();
        if before.is_none() {
            recorded_actions.push(CREATED.made(By::instance(), &self.view_domain(current.clone()))?);
        }
        let mut stale = vec![host_changed(&hostname, HostStanding::Served)];
        if old_hostname != hostname {
            let row = Row {
                display_name: display_name(&hostname, &hostname),
                hostname,
                version: current.version + 1,
                updated_at: clock::now(),
                ..current.clone()
            };
            if !domains::update(&transaction, row.clone()).await? {
                return Err(conflict());
            }
            let (before, after) = (self.view_domain(current), self.view_domain(row));
            recorded_actions.push(UPDATED.edited(By::instance(), &before, &after)?);
            stale.push(host_changed(&old_hostname, HostStanding::Unclaimed));
        }
        self.commit(transaction, recorded_actions, stale).await
    }

    /// Whose the visits of the default domain are that belong to no link: the workspace that the settings name, or else the
    /// oldest. `None` while there is no workspace.
    pub(in crate::services::api_core) async fn workspace_of_default_domain(
        &self,
        connection: &impl Connection,
    ) -> Result<Option<WorkspaceId>> {
        if let Some(named) = self.settings.default_domain_workspace
            && workspaces::find(connection, named).await?.is_some_and(|workspace| workspace.deleted_at.is_none())
        {
            return Ok(Some(named));
        }
        workspaces::oldest(connection).await
    }

    /// What edges have to be told when the default domain's visits have become another workspace's than `before`.
    pub(in crate::services::api_core) async fn default_domain_moved(
        &self,
        connection: &impl Connection,
        before: Option<WorkspaceId>,
    ) -> Result<Option<Invalidation>> {
        if self.workspace_of_default_domain(connection).await? == before {
            return Ok(None);
        }
        Ok(domains::find_default(connection).await?.map(|domain| told_of(&domain)))
    }
}

fn new_default(hostname: String) -> Row {
    let name = ClaimedName { display_name: display_name(&hostname, &hostname), hostname };
    Row { is_default: true, enabled: true, ..new_row(name, DomainStatus::of_default_domain(clock::now())) }
}

fn hostname(url: &Url) -> Result<String> {
    let host = url.host_str().filter(|host| !host.is_empty());
    let message = "links.default_domain_url has no host name. Write an address such as https://go.example.com.";
    let host = host.ok_or_else(|| Error::new(ErrorKind::Invalid, "default_domain_url", message))?;
    Ok(host.to_ascii_lowercase())
}
