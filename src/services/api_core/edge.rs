//! What the edge asks: where a host name and a slug lead, and whether a click is left.

use super::ApiCore;
use crate::domain::change::{AsOf, HostStanding};
use crate::domain::custom_domain::DomainState;
use crate::domain::error::{Error, Result};
use crate::domain::id::{DomainId, LinkId};
use crate::domain::link::{DomainRecord, LinkRecord, LinkState};
use crate::domain::link_extras::LinkExtras;
use crate::domain::rule::{Outcome, Rule, with_targets};
use crate::domain::url::Destination;
use crate::domain::utm::Utm;
use crate::infra::store::changes;
use crate::infra::store::domains::{self, Domain};
use crate::infra::store::links::{self, Link, ResolvedLink};
use crate::infra::store::{deleted_links, link_clicks, workspaces};
use crate::runtime::clock;
use crate::services::api_core::links::deleted_link_record;

impl ApiCore {
    /// The domain of a host name, in any case and without a port, or none where it is out of use. Host names that nobody has are the
    /// default domain's; mere claims count for nothing.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn resolve_domain(&self, hostname: &str) -> Result<AsOf<Option<DomainRecord>>> {
        let hostname = hostname.to_ascii_lowercase();
        let sequence = changes::last(self.store.reader()).await?;
        let owner = domains::find_owner(self.store.reader(), &hostname).await?;
        if owner.as_ref().is_some_and(|owner| owner.state == DomainState::Quarantined) {
            return Ok(AsOf { value: None, sequence });
        }
        let domain = match owner {
            Some(owner) => Some(owner),
            None => domains::find_default(self.store.reader()).await?,
        };
        let mut domain = domain.ok_or_else(|| Error::internal("there is no default domain"))?;
        if domain.is_default {
            // So that visits to no link of it are in somebody's reports; edges do not ask for it.
            domain.workspace_id = self.workspace_of_default_domain(self.store.reader()).await?;
        } else if let Some(workspace) = domain.workspace_id {
            let workspace = workspaces::find(self.store.reader(), workspace).await?;
            domain.enabled &= workspace.is_some_and(|workspace| workspace.deleted_at.is_none());
        }
        Ok(AsOf { value: Some(domain_record(domain)), sequence })
    }

    /// Every host name that a domain has, and what it is to edges.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn list_hosts(&self) -> Result<AsOf<Vec<(String, HostStanding)>>> {
        let sequence = changes::last(self.store.reader()).await?;
        let standing = |state| match state {
            DomainState::Active => HostStanding::Served,
            DomainState::Quarantined => HostStanding::Withheld,
            DomainState::Pending => HostStanding::Unclaimed,
        };
        let hosts = domains::owned_hosts(self.store.reader()).await?.into_iter();
        Ok(AsOf { value: hosts.map(|(hostname, state)| (hostname, standing(state))).collect(), sequence })
    }

    /// The link at a slug, as the domain files it; a deleted one as long as it keeps the slug.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn resolve_link(&self, domain: DomainId, slug: &str) -> Result<AsOf<Option<LinkRecord>>> {
        let sequence = changes::last(self.store.reader()).await?;
        let value = match links::resolve(self.store.reader(), domain, slug).await? {
            Some(link) => Some(resolved_link_record(link)),
            None => {
                let kept = deleted_links::keeping(self.store.reader(), vec![(domain, slug.to_owned())]).await?;
                kept.first().map(deleted_link_record).transpose()?
            }
        };
        Ok(AsOf { value, sequence })
    }

    /// Uses up one of a link's clicks. False if none is left, or the link is gone.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn claim_click(&self, link: LinkId) -> Result<bool> {
        let transaction = self.store.write().await?;
        let Some(claimed) = link_clicks::claim_click(&transaction, link, clock::now()).await? else { return Ok(false) };
        match claimed.max_clicks == Some(claimed.used_clicks) {
            true => self.tell_of_last_click(transaction, claimed).await?,
            false => transaction.commit().await?,
        }
        Ok(true)
    }

    /// Whether a link has a click left; uses none up.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn has_click_left(&self, link: LinkId) -> Result<bool> {
        link_clicks::has_click_left(self.store.reader(), link, clock::now()).await
    }
}

fn domain_record(domain: Domain) -> DomainRecord {
    DomainRecord {
        id: domain.id,
        workspace_id: domain.workspace_id,
        hostname: domain.hostname.into(),
        case_sensitive: domain.case_sensitive,
        unicode_slugs: domain.unicode_slugs,
        suggests_slugs: domain.suggests_slugs,
        enabled: domain.enabled,
        root_url: domain.root_url,
        not_found_url: domain.not_found_url,
        expired_url: domain.expired_url,
        robots: domain.robots.map(String::into_boxed_str),
        apple_app_site_association: domain.apple_app_site_association.map(String::into_boxed_str),
        asset_links: domain.asset_links.map(String::into_boxed_str),
        hsts: domain.hsts_max_age.map(|seconds| hsts(seconds, domain.hsts_include_subdomains)),
    }
}

/// RFC 6797, section 6.1.
fn hsts(seconds: i64, include_subdomains: bool) -> Box<str> {
    let reach = if include_subdomains { "; includeSubDomains" } else { "" };
    format!("max-age={seconds}{reach}").into()
}

/// A link as edges know it. Those of a workspace that is being deleted are out of use.
pub(super) fn resolved_link_record(resolved: ResolvedLink) -> LinkRecord {
    let record = link_record(resolved.link);
    if resolved.workspace_is_deleted { LinkRecord { state: LinkState::Disabled, ..record } } else { record }
}

pub(super) fn link_record(link: Link) -> LinkRecord {
    let utm = link.utm.0;
    let extras = LinkExtras {
        preview: link.preview.map(|preview| preview.0),
        robots: link.robots.map(String::into_boxed_str),
        expired_text: link.expired_text.map(String::into_boxed_str),
        not_found_text: link.not_found_text.map(String::into_boxed_str),
        budget: link.click_budget.map(|budget| budget.0),
        needs_approval: link.needs_approval,
    };
    let rules = with_targets(link.rules.0, link.ios_url, link.android_url);
    LinkRecord {
        id: link.id,
        workspace_id: link.workspace_id,
        domain_id: link.domain_id,
        slug: link.slug_key.into(),
        destination: tagged(&utm, link.destination_url),
        redirect_status: link.redirect_status,
        state: match (link.disabled_reason, link.archived) {
            (Some(_), _) => LinkState::Disabled,
            (None, true) => LinkState::Archived,
            (None, false) => LinkState::Active,
        },
        starts_at: link.starts_at,
        expires_at: link.expires_at,
        expired_url: link.expired_url,
        max_clicks: link.max_clicks.and_then(|clicks| u64::try_from(clicks).ok()),
        password_hash: link.password_hash.map(String::into_boxed_str),
        forward_query: link.forward_query,
        forward_path: link.forward_path,
        rules: rules.into_iter().map(|rule| tagged_rule(&utm, rule)).collect(),
        title: link.title.map(String::into_boxed_str),
        description: link.description.map(String::into_boxed_str),
        extras: extras.boxed(),
    }
}

fn tagged_rule(utm: &Utm, mut rule: Rule) -> Rule {
    match &mut rule.outcome {
        Outcome::Destination { destination_url } => *destination_url = tagged(utm, destination_url.clone()),
        Outcome::Split { variants } => {
            for variant in variants {
                variant.destination_url = tagged(utm, variant.destination_url.clone());
            }
        }
    }
    rule
}

/// The destination with the link's campaign parameters; as it is where they do not fit, which the edit would have refused.
fn tagged(utm: &Utm, destination: Destination) -> Destination {
    utm.apply(&destination).unwrap_or(destination)
}
