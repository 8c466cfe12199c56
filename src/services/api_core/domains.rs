//! Host names that short links live on. Today this is the default domain, which every workspace may use.

use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::ToSchema;

use super::ApiCore;
use super::certificates::DomainCertificate;
use super::field_errors::FieldErrors;
use super::happening::{Action, By, Recorded};
use super::patch::present;
use super::principal::{Access, Actor};
use super::version::ExpectedVersion;
use crate::domain::change::Invalidation;
use crate::domain::destination_policy::DestinationPolicy;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::{DomainId, WorkspaceId};
use crate::domain::time::Timestamp;
use crate::domain::url::Destination;
use crate::infra::store::domains::{self, Domain as Row};
use crate::infra::store::page::Page;
use crate::infra::store::{Connection, workspaces};
use crate::runtime::clock;

pub(super) const CREATED: Action<Domain> = Action::new("domain.created", "A domain was made.");
pub(super) const UPDATED: Action<Domain> = Action::new("domain.updated", "The settings of a domain were changed.");

/// The longest time for HSTS: two years, in seconds.
const HSTS_SECONDS_MAX: i64 = 63_072_000;

/// A host name that short links live on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Domain {
    /// Its id.
    pub id: DomainId,
    /// The host name, lower-case, without a port.
    #[schema(example = "go.example.com")]
    pub hostname: String,
    /// Whether it is the instance's own domain, which every workspace may use.
    pub is_default: bool,
    /// What short links start with.
    #[schema(example = "https://go.example.com")]
    pub url: String,
    /// Whether `/Sale` and `/sale` are two links.
    pub case_sensitive: bool,
    /// Where `/` goes.
    pub root_url: Option<Destination>,
    /// Where missing links go; `null` for a plain 404.
    pub not_found_url: Option<Destination>,
    /// Where expired links without an `expired_url` of their own go; `null` for a plain 410.
    pub expired_url: Option<Destination>,
    /// How long browsers remember to come over TLS alone, in seconds (HSTS, RFC 6797); `null` for not at all. Sent over TLS only.
    #[schema(example = 31_536_000)]
    pub hsts_max_age: Option<i64>,
    /// Whether that holds for every name below the host name too.
    pub hsts_include_subdomains: bool,
    /// What became of the certificate that this installation orders for it; `null` where none was ordered.
    pub certificate: Option<DomainCertificate>,
    /// Grows with every edit.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// An edit of a domain. What is absent stays as it is, `null` clears.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DomainPatch {
    /// Whether `/Sale` and `/sale` are two links. Refused if two links would become one.
    #[schema(nullable = false)]
    pub case_sensitive: Option<bool>,
    /// Where `/` goes.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Destination>)]
    pub root_url: Option<Option<String>>,
    /// Where missing links go.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Destination>)]
    pub not_found_url: Option<Option<String>>,
    /// Where expired links without an `expired_url` of their own go.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Destination>)]
    pub expired_url: Option<Option<String>>,
    /// How long browsers remember to come over TLS alone, in seconds; 0 has them forget it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 63_072_000)]
    pub hsts_max_age: Option<Option<i64>>,
    /// Whether that holds for every name below the host name too, whoever answers there. Needs `hsts_max_age`.
    #[schema(nullable = false)]
    pub hsts_include_subdomains: Option<bool>,
}

impl Recorded for Domain {
    fn subject(&self) -> String {
        self.id.to_string()
    }
}

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
        if old_hostname != hostname {
            let row = Row {
                hostname: hostname.clone(),
                version: current.version + 1,
                updated_at: clock::now(),
                ..current.clone()
            };
            if !domains::update(&transaction, row.clone()).await? {
                return Err(conflict());
            }
            let (before, after) = (self.view_domain(current), self.view_domain(row));
            happenings.push(UPDATED.edited(By::instance(), &before, &after)?);
        }
        self.commit(transaction, happenings, vec![changed(&old_hostname), changed(&hostname)]).await
    }

    /// Whose the visits of the default domain are that belong to no link: the workspace that the settings name, or else the
    /// oldest. `None` while there is no workspace.
    pub(super) async fn workspace_of_default_domain(
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
    pub(super) async fn default_domain_moved(
        &self,
        connection: &impl Connection,
        before: Option<WorkspaceId>,
    ) -> Result<Option<Invalidation>> {
        if self.workspace_of_default_domain(connection).await? == before {
            return Ok(None);
        }
        Ok(domains::find_default(connection).await?.map(|domain| changed(&domain.hostname)))
    }

    /// A page of the domains that the workspace may use, newest first.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn list_domains(&self, access: &Access, page: Page) -> Result<Vec<Domain>> {
        let rows = domains::list(self.store.reader(), access.workspace_id(), page).await?;
        Ok(rows.into_iter().map(|row| self.view_domain(row)).collect())
    }

    /// One domain.
    ///
    /// # Errors
    /// `NotFound` if the workspace may not use such a domain.
    pub async fn find_domain(&self, access: &Access, id: DomainId) -> Result<Domain> {
        let row = domains::find(self.store.reader(), access.workspace_id(), id).await?;
        row.map(|row| self.view_domain(row)).ok_or_else(|| Error::not_found("domain"))
    }

    /// Changes a domain. The default domain belongs to the instance, so that only its administrators may change it.
    ///
    /// # Errors
    /// `Forbidden` to others; `PreconditionFailed` if it is not in the version expected; `Conflict` if links would clash.
    pub async fn update_domain(
        &self,
        access: &Access,
        id: DomainId,
        expected: &impl ExpectedVersion,
        patch: DomainPatch,
    ) -> Result<Domain> {
        let transaction = self.store.write().await?;
        let current = domains::lock(&transaction, access.workspace_id(), id).await?;
        let current = current.ok_or_else(|| Error::not_found("domain"))?;
        require_right_to_change(access, &current)?;
        expected.require(current.version)?;
        let refiled = patch.case_sensitive.filter(|choice| *choice != current.case_sensitive);
        let before = self.view_domain(current.clone());
        let row = apply(patch, current, &self.settings.destinations)?;
        self.refuse_own_addresses(&row)?;
        if !domains::update(&transaction, row.clone()).await? {
            return Err(Error::internal("a host name clashed though it did not change"));
        }
        let mut stale = vec![changed(&row.hostname)];
        if let Some(case_sensitive) = refiled {
            if !domains::refile_links(&transaction, id, case_sensitive).await? {
                let message = "Some links differ only in the case of their slugs.";
                return Err(Error::new(ErrorKind::Conflict, "slugs_clash", message));
            }
            stale = vec![Invalidation::Everything];
        }
        let domain = self.view_domain(row);
        self.commit(transaction, vec![UPDATED.edited(access.by(), &before, &domain)?], stale).await?;
        Ok(domain)
    }

    /// Refuses a front page that leads to itself, a page for missing links that could be missing itself, and one for expired
    /// links that could be expired itself.
    fn refuse_own_addresses(&self, row: &Row) -> Result<()> {
        let own = self.base_url(row);
        let behind =
            |url: &Option<Destination>| url.as_ref().and_then(|url| url.as_str().strip_prefix(&own)).map(str::to_owned);
        let is_front = |rest: &str| matches!(rest.split(['?', '#']).next(), Some("" | "/"));
        let mut errors = FieldErrors::default();
        let message = "this is on the domain itself, and would lead back here";
        if behind(&row.root_url).is_some_and(|rest| is_front(&rest)) {
            errors.add("/root_url", "links_to_itself", message);
        }
        for (pointer, url) in [("/not_found_url", &row.not_found_url), ("/expired_url", &row.expired_url)] {
            let own_page = behind(url).filter(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']));
            if own_page.is_some_and(|rest| !(is_front(&rest) && row.root_url.is_some())) {
                errors.add(pointer, "links_to_itself", message);
            }
        }
        errors.into_result()
    }

    fn view_domain(&self, row: Row) -> Domain {
        Domain {
            url: self.base_url(&row),
            certificate: DomainCertificate::of(&row),
            id: row.id,
            hostname: row.hostname,
            is_default: row.is_default,
            case_sensitive: row.case_sensitive,
            root_url: row.root_url,
            not_found_url: row.not_found_url,
            expired_url: row.expired_url,
            hsts_max_age: row.hsts_max_age,
            hsts_include_subdomains: row.hsts_include_subdomains,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }

    /// What the short links of a domain start with, without a slash at the end.
    pub(super) fn base_url(&self, domain: &Row) -> String {
        if domain.is_default {
            return self.settings.default_domain_url.as_str().trim_end_matches('/').to_owned();
        }
        format!("https://{}", domain.hostname)
    }
}

fn apply(patch: DomainPatch, current: Row, policy: &DestinationPolicy) -> Result<Row> {
    let mut errors = FieldErrors::default();
    let row = Row {
        case_sensitive: patch.case_sensitive.unwrap_or(current.case_sensitive),
        root_url: changed_url(&mut errors, policy, "/root_url", patch.root_url, current.root_url),
        not_found_url: changed_url(&mut errors, policy, "/not_found_url", patch.not_found_url, current.not_found_url),
        expired_url: changed_url(&mut errors, policy, "/expired_url", patch.expired_url, current.expired_url),
        hsts_max_age: patch.hsts_max_age.unwrap_or(current.hsts_max_age),
        hsts_include_subdomains: patch.hsts_include_subdomains.unwrap_or(current.hsts_include_subdomains),
        version: current.version + 1,
        updated_at: clock::now(),
        ..current
    };
    check_hsts(&mut errors, &row);
    errors.into_result().map(|()| row)
}

fn check_hsts(errors: &mut FieldErrors, row: &Row) {
    if row.hsts_max_age.is_some_and(|seconds| !(0..=HSTS_SECONDS_MAX).contains(&seconds)) {
        errors.add("/hsts_max_age", "out_of_range", "write a number of seconds from 0 to 63072000, or null");
    }
    if row.hsts_include_subdomains && row.hsts_max_age.is_none() {
        errors.add("/hsts_include_subdomains", "needs_hsts_max_age", "this needs hsts_max_age: set it, or write false");
    }
}

fn changed_url(
    errors: &mut FieldErrors,
    policy: &DestinationPolicy,
    pointer: &str,
    patch: Option<Option<String>>,
    current: Option<Destination>,
) -> Option<Destination> {
    match patch {
        None => current,
        Some(None) => None,
        Some(Some(text)) => errors.check(pointer, "invalid_url", policy.parse(&text)),
    }
}

fn require_right_to_change(access: &Access, domain: &Row) -> Result<()> {
    if !domain.is_default || matches!(access.actor, Actor::Member { is_admin: true, .. }) {
        return Ok(());
    }
    let message = "The default domain may only be changed by the administrators of this instance.";
    Err(Error::new(ErrorKind::Forbidden, "instance_admin_required", message))
}

fn new_default(hostname: String) -> Row {
    let now = clock::now();
    Row {
        id: DomainId::new(),
        workspace_id: None,
        hostname,
        is_default: true,
        case_sensitive: true,
        enabled: true,
        root_url: None,
        not_found_url: None,
        expired_url: None,
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
    }
}

fn hostname(url: &Url) -> Result<String> {
    let host = url.host_str().filter(|host| !host.is_empty());
    let message = "links.default_domain_url has no host name. Write an address such as https://go.example.com.";
    let host = host.ok_or_else(|| Error::new(ErrorKind::Invalid, "default_domain_url", message))?;
    Ok(host.to_ascii_lowercase())
}

pub(super) fn changed(hostname: &str) -> Invalidation {
    Invalidation::Domain { hostname: hostname.into() }
}
