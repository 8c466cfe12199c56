//! The default domain, which belongs to the instance and which every workspace may use.

use url::Url;

use super::{CREATED, UPDATED, host_changed, told_of};
use crate::domain::change::{HostStanding, Invalidation};
use crate::domain::custom_domain::{Standing, display_name};
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::{DomainId, WorkspaceId};
use crate::domain::link::RedirectStatus;
use crate::infra::store::columns::Json;
use crate::infra::store::domains::{self, Domain as Row};
use crate::infra::store::{Connection, workspaces};
use crate::runtime::clock;
use crate::services::api_core::ApiCore;
use crate::services::api_core::happening::By;

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
        let mut happenings = Vec::new();
        if before.is_none() {
            happenings.push(CREATED.made(By::instance(), &self.view_domain(current.clone()))?);
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
            happenings.push(UPDATED.edited(By::instance(), &before, &after)?);
            stale.push(host_changed(&old_hostname, HostStanding::Unclaimed));
        }
        self.commit(transaction, happenings, stale).await
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
    let now = clock::now();
    let standing = Standing::of_default_domain(now);
    Row {
        id: DomainId::new(),
        workspace_id: None,
        display_name: display_name(&hostname, &hostname),
        hostname,
        is_default: true,
        case_sensitive: true,
        enabled: true,
        root_url: None,
        not_found_url: None,
        expired_url: None,
        robots: None,
        apple_app_site_association: None,
        asset_links: None,
        hsts_max_age: None,
        hsts_include_subdomains: false,
        certificate_state: None,
        certificate_not_after: None,
        certificate_renew_at: None,
        certificate_next_order_at: None,
        certificate_failures: 0,
        certificate_error: None,
        version: 1,
        created_at: now,
        updated_at: now,
        default_redirect_status: RedirectStatus::default(),
        utm: Json::default(),
        state: standing.state,
        state_reason: standing.reason,
        state_since: standing.since,
        token: String::new(),
        verified_at: None,
        failures: standing.failures,
        failing_since: standing.failing_since,
        next_check_at: standing.next_check_at,
        last_check: None,
        findings: Json::default(),
    }
}

fn hostname(url: &Url) -> Result<String> {
    let host = url.host_str().filter(|host| !host.is_empty());
    let message = "links.default_domain_url has no host name. Write an address such as https://go.example.com.";
    let host = host.ok_or_else(|| Error::new(ErrorKind::Invalid, "default_domain_url", message))?;
    Ok(host.to_ascii_lowercase())
}
