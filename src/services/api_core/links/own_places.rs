//! Links that lead to short links of the same installation, which must not lead back.

use std::collections::{HashMap, HashSet};

use percent_encoding::percent_decode_str;
use url::Url;

use super::changes::rule_destinations;
use super::plan::{Plan, slug_key};
use crate::domain::error::Result;
use crate::domain::id::DomainId;
use crate::domain::url::Destination;
use crate::infra::store::Transaction;
use crate::infra::store::domains::{self, Domain};
use crate::infra::store::links::{self, Link as Row};
use crate::services::api_core::ApiCore;
use crate::services::api_core::field_errors::FieldErrors;
use crate::services::api_core::principal::Access;

/// How many domains of a workspace are looked at.
const DOMAINS_MAX: u64 = 1_000;
/// How many links are followed from one. Browsers give up after some twenty redirects.
const FOLLOWED_MAX: usize = 20;

/// Where a short link is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Place {
    domain: DomainId,
    slug_key: String,
}

/// The domains on which a workspace may have links, by host name.
pub(super) struct OwnPlaces {
    domains: HashMap<String, (Domain, Option<u16>)>,
}

impl OwnPlaces {
    /// The domains that a workspace may use.
    pub(super) async fn load(core: &ApiCore, transaction: &Transaction, access: &Access) -> Result<Self> {
        let usable = domains::usable(transaction, access.workspace_id(), DOMAINS_MAX).await?;
        let by_name = |domain: Domain| {
            let port = Url::parse(&core.base_url(&domain)).ok().and_then(|url| url.port());
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
        for (pointer, destination) in pointed_destinations(row) {
            let Some(place) = self.place(destination) else { continue };
            if is_reached_at(row, &here, &place) {
                errors.add(&pointer, "links_to_itself", "a link cannot lead to itself");
            } else if self.leads_to(transaction, place, row, &here, planned).await? {
                errors.add(&pointer, "links_in_a_loop", "this short link leads back to the link itself");
            }
        }
        Ok(())
    }

    /// Whether the links from `start` on lead to the link at `here`.
    async fn leads_to(
        &self,
        transaction: &Transaction,
        start: Place,
        row: &Row,
        here: &Place,
        planned: &Plan,
    ) -> Result<bool> {
        let mut seen = HashSet::new();
        let mut ahead = vec![start];
        while let Some(place) = ahead.pop() {
            if is_reached_at(row, here, &place) {
                return Ok(true);
            }
            if seen.len() == FOLLOWED_MAX || !seen.insert(place.clone()) {
                continue;
            }
            let next = match planned.made().map(|planned| &planned.row).find(|other| is_at(other, &place)) {
                Some(other) => Some(other.clone()),
                None => links::find_by_slug(transaction, row.workspace_id, place.domain, &place.slug_key).await?,
            };
            if let Some(next) = next {
                ahead.extend(pointed_destinations(&next).filter_map(|(_, destination)| self.place(destination)));
            }
        }
        Ok(false)
    }

    /// The short link that a destination is, if it is one.
    fn place(&self, destination: &Destination) -> Option<Place> {
        let url = destination.to_url().filter(|url| matches!(url.scheme(), "http" | "https"))?;
        let host = url.host_str()?;
        let (domain, port) = self.domains.get(host.strip_suffix('.').unwrap_or(host))?;
        if url.port() != *port {
            return None;
        }
        let path = percent_decode_str(url.path()).decode_utf8().ok()?;
        let slug = path.trim_matches('/');
        let case_sensitive = domain.case_sensitive;
        (!slug.is_empty()).then(|| Place { domain: domain.id, slug_key: slug_key(slug, case_sensitive) })
    }
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
