//! What edges and the cache that they share are told of a committed change.
//!
//! Invariant: none of it decides anything. It ends in time and may fail; edges
//! learn of every change from the log.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use super::ApiCore;
use super::edge::resolved_link_record;
use crate::domain::change::{AsOf, Change, Invalidation};
use crate::domain::error::{Error, Result};
use crate::domain::id::DomainId;
use crate::domain::link::LinkRecord;
use crate::infra::cache::redis::Entry;
use crate::infra::cache::shared_links::{LIFETIME_MAX, Shared, SharedLinks, link_entry};
use crate::infra::store::{deleted_links, links};
use crate::runtime::clock;
use crate::services::api_core::links::deleted_link_record;

/// How long a response may wait until the shared cache has the new links.
const WRITE_THROUGH_TIMEOUT: Duration = Duration::from_millis(250);

impl ApiCore {
    /// Puts the new links where edges look, then says that there is something new.
    pub(super) async fn tell(&self, change: Change) {
        if let Some(shared) = &self.shared {
            // Where it fails or takes too long, edges know that what lies there is outdated.
            drop(tokio::time::timeout(WRITE_THROUGH_TIMEOUT, self.write_through(shared, &change)).await);
        }
        self.invalidations.publish(change).await;
    }

    async fn write_through(&self, shared: &SharedLinks, change: &Change) -> Result<()> {
        let mut entries = Vec::with_capacity(change.invalidations.len());
        for (domain, slugs) in slugs_by_domain(&change.invalidations) {
            let read_at = clock::now();
            let rows = links::resolve_many(self.store.reader(), domain, slugs.iter().cloned().collect()).await?;
            let mut records: HashMap<String, LinkRecord> =
                rows.into_iter().map(|row| (row.link.slug_key.clone(), resolved_link_record(row))).collect();
            let gone = slugs.iter().filter(|slug| !records.contains_key(*slug));
            let gone = gone.map(|slug| (domain, slug.clone())).collect();
            for row in deleted_links::keeping(self.store.reader(), gone).await? {
                let record = deleted_link_record(&row)?;
                records.insert(record.slug.to_string(), record);
            }
            for slug in slugs {
                let record = AsOf { value: records.remove(&slug), sequence: change.sequence };
                entries.push(self.entry(domain, &slug, &Shared { record, read_at })?);
            }
        }
        shared.put_links(entries).await.map_err(Error::unavailable)
    }

    fn entry(&self, domain: DomainId, slug: &str, shared: &Shared<Option<LinkRecord>>) -> Result<Entry> {
        let lifetime = self.settings.lifetimes.of(shared.record.value.as_ref()).min(LIFETIME_MAX);
        link_entry(domain, slug, shared, lifetime).map_err(Error::internal)
    }
}

/// Each slug once, though an edit names the old and the new one.
fn slugs_by_domain(invalidations: &[Invalidation]) -> HashMap<DomainId, BTreeSet<String>> {
    let mut slugs: HashMap<DomainId, BTreeSet<String>> = HashMap::new();
    for invalidation in invalidations {
        if let Invalidation::Link { domain_id, slug } = invalidation {
            slugs.entry(*domain_id).or_default().insert(slug.to_string());
        }
    }
    slugs
}
