//! Links that lead to short links of the same installation, which must not lead back.

use std::collections::{HashMap, HashSet};

use percent_encoding::percent_decode_str;
use url::Url;

use super::changes::rule_destinations;
use super::plan::{Plan, slug_key};
use crate::domain::error::Result;
use crate::domain::id::{DomainId, WorkspaceId};
use crate::domain::trailing_punctuation;
use crate::domain::url::Destination;
use crate::infra::store::Transaction;
use crate::infra::store::domains::{self, Domain};
use crate::infra::store::links::{self, Link as Row};
use crate::services::api_core::ApiCore;
use crate::services::api_core::field_errors::FieldErrors;
use crate::services::api_core::principal::Access;

/// How many domains of a workspace are looked at.
const DOMAINS_MAX: u64 = 1_000;
/// How many places are followed from one. Browsers give up after some twenty redirects.
const FOLLOWED_MAX: usize = 20;

/// Where a short link is; without a slug, the front page of a domain.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub domain: DomainId,
    pub slug_key: String,
}

/// The domains on which a workspace may have links, by host name.
pub(super) struct LoopGuard {
    domains: HashMap<String, (Domain, Option<u16>)>,
}

impl LoopGuard {
    /// The domains that a workspace may use.
    pub(super) async fn load(core: &ApiCore, transaction: &Transaction, access: &Access) -> Result<Self> {
        let usable = domains::usable(transaction, access.workspace_id(), DOMAINS_MAX).await?;
        let by_name = |domain: Domain| {
            let port = port_of(core, &domain);
            (domain.hostname.clone(), (domain, port))
        };
        Ok(Self { domains: usable.into_iter().map(by_name).collect() })
    }

    /// Refuses destinations of a link that lead to itself, at once or by way of other links of the workspace.
    pub(super) async fn refuse_loops(
        &self,
        transaction: &Transaction,
        row: &Row,
        planned: &Plan,
        errors: &mut FieldErrors,
    ) -> Result<()> {
        let here = Place { domain: row.domain_id, slug_key: row.slug_key.clone() };
        let visits = Visits {
            places: self,
            transaction,
            workspace: row.workspace_id,
            written: Some(row),
            planned: Some(planned),
            exit: None,
        };
        let is_here = |place: &Place| is_reached_at(row, &here, place);
        for (pointer, destination) in pointed_destinations(row) {
            let Some(place) = visits.place(destination).await? else { continue };
            if is_here(&place) {
                errors.add(&pointer, "links_to_itself", "a link cannot lead to itself");
            } else if visits.lead_to(place, is_here).await? {
                errors.add(&pointer, "links_in_a_loop", "this short link leads back to the link itself");
            }
        }
        Ok(())
    }

    /// The domain of a web address and the path there, if the domain is one of these.
    fn find(&self, destination: &Destination) -> Option<(&Domain, Url)> {
        let url = destination.to_url().filter(|url| matches!(url.scheme(), "http" | "https"))?;
        let host = url.host_str()?;
        let (domain, port) = self.domains.get(host.strip_suffix('.').unwrap_or(host))?;
        (url.port() == *port).then_some((domain, url))
    }

    /// Takes a domain as it will be.
    pub(super) fn with(mut self, core: &ApiCore, domain: &Domain) -> Self {
        self.domains.insert(domain.hostname.clone(), (domain.clone(), port_of(core, domain)));
        self
    }

    fn domain(&self, id: DomainId) -> Option<&Domain> {
        self.domains.values().map(|(domain, _)| domain).find(|domain| domain.id == id)
    }
}

/// What visitors find while something is being written.
pub(super) struct Visits<'a> {
    pub places: &'a LoopGuard,
    pub transaction: &'a Transaction,
    pub workspace: WorkspaceId,
    /// The link that is written, as it will be.
    pub written: Option<&'a Row>,
    /// Those that are made with it.
    pub planned: Option<&'a Plan>,
    /// Where links are followed that may be gone or over some day: the domain whose front page is a way out.
    pub exit: Option<DomainId>,
}

impl Visits<'_> {
    /// Whether visitors of `start` come to a place, going from link to link.
    pub(super) async fn lead_to(&self, start: Place, is_there: impl Fn(&Place) -> bool) -> Result<bool> {
        let mut seen = HashSet::new();
        let mut ahead = vec![start];
        while let Some(place) = ahead.pop() {
            if is_there(&place) {
                return Ok(true);
            }
            if seen.len() == FOLLOWED_MAX || !seen.insert(place.clone()) {
                continue;
            }
            for destination in self.destinations(&place).await? {
                ahead.extend(self.place(&destination).await?);
            }
        }
        Ok(false)
    }

    /// Where visitors of a place may be sent.
    async fn destinations(&self, place: &Place) -> Result<Vec<Destination>> {
        let domain = self.places.domain(place.domain);
        let own = |url: fn(&Domain) -> Option<&Destination>| domain.and_then(url).cloned();
        if place.slug_key.is_empty() {
            let is_way_out = self.exit == Some(place.domain);
            return Ok(own(|domain| domain.root_url.as_ref()).filter(|_| !is_way_out).into_iter().collect());
        }
        let link = self.link_at(place).await?;
        let mut destinations: Vec<Destination> =
            link.iter().flat_map(pointed_destinations).map(|(_, destination)| destination.clone()).collect();
        if self.exit.is_some() {
            destinations.extend(own(|domain| domain.expired_url.as_ref()));
        }
        if self.exit.is_some() || link.is_none() {
            destinations.extend(own(|domain| domain.not_found_url.as_ref()));
        }
        Ok(destinations)
    }

    /// The place of this installation that an address is, if it is one. As on the edge, punctuation after a slug counts only
    /// where a link has it.
    pub(super) async fn place(&self, destination: &Destination) -> Result<Option<Place>> {
        let Some((domain, url)) = self.places.find(destination) else { return Ok(None) };
        let Some(exact) = place_on(domain, url.path()) else { return Ok(None) };
        let shorter = trailing_punctuation::without(url.path());
        if shorter.len() == url.path().len() || self.link_at(&exact).await?.is_some() {
            return Ok(Some(exact));
        }
        Ok(place_on(domain, shorter))
    }

    async fn link_at(&self, place: &Place) -> Result<Option<Row>> {
        let planned = self.planned.into_iter().flat_map(Plan::made).map(|planned| &planned.row);
        if let Some(row) = self.written.into_iter().chain(planned).find(|row| is_at(row, place)) {
            return Ok(Some(row.clone()));
        }
        links::find_by_slug(self.transaction, self.workspace, place.domain, &place.slug_key).await
    }
}

fn port_of(core: &ApiCore, domain: &Domain) -> Option<u16> {
    Url::parse(&core.base_url(domain)).ok().and_then(|url| url.port())
}

fn place_on(domain: &Domain, path: &str) -> Option<Place> {
    let path = percent_decode_str(path).decode_utf8().ok()?;
    Some(Place { domain: domain.id, slug_key: slug_key(path.trim_matches('/'), domain.case_sensitive) })
}

/// Everywhere that a link may lead, with pointers.
fn pointed_destinations(row: &Row) -> impl Iterator<Item = (String, &Destination)> {
    let main = ("/destination_url".to_owned(), &row.destination_url);
    let expired = row.expired_url.as_ref().map(|url| ("/expired_url".to_owned(), url));
    let targets = [("/ios_url", &row.ios_url), ("/android_url", &row.android_url)];
    let targets = targets.into_iter().filter_map(|(pointer, url)| Some((pointer.to_owned(), url.as_ref()?)));
    std::iter::once(main).chain(expired).chain(targets).chain(rule_destinations(&row.rules.0))
}

fn is_at(row: &Row, place: &Place) -> bool {
    row.domain_id == place.domain && row.slug_key == place.slug_key
}

/// Whether visitors of this place come to the link, which may take paths behind its slug.
fn is_reached_at(row: &Row, here: &Place, place: &Place) -> bool {
    let behind = place.slug_key.strip_prefix(&here.slug_key);
    let is_covered = behind.is_some_and(|rest| rest.is_empty() || row.forward_path && rest.starts_with('/'));
    place.domain == here.domain && is_covered
}
