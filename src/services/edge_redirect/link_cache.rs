//! L1: the domains and links that this edge knows, and how it learns of others.
//!
//! Invariant: once an invalidation message has arrived, by whichever route, nothing
//! that was read before it is served any more.

mod certificates;
mod known_hosts;
mod loading;
mod name_filter;
mod recent_changes;
mod sources;

use std::future::Future;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use quick_cache::Equivalent;
use smol_str::SmolStr;
use tokio_util::sync::CancellationToken;

use self::certificates::{CERTIFICATE_BYTES, CERTIFICATES_MAX, KnownCertificate};
#[cfg(test)]
pub(super) use self::known_hosts::KeptHosts;
pub use self::known_hosts::Known;
pub(super) use self::known_hosts::KnownHosts;
pub(super) use self::loading::Cached;
use self::loading::{Loaded, LoadingCache, Lookup};
use self::name_filter::{NameFilter, Verdict};
use self::sources::{Sources, prepared_link};
use super::compiled_link::CompiledLink;
use super::metrics::{CacheMetrics, LinkSource};
use super::origin::{Origin, OriginError};
use crate::config::sections::{EdgeCacheConfig, UnknownHost};
use crate::domain::change::{AsOf, Change, ChangeBatch, HostStanding, Invalidation, Sequence};
use crate::domain::id::{DomainId, LinkId};
use crate::domain::link::{DomainRecord, LinkRecord};
use crate::infra::cache::shared_links::SharedLinks;
use crate::infra::user_agent::UserAgents;
use crate::runtime::breaker::BreakerState;
use crate::runtime::clock::{self, MonotonicTime};
use crate::runtime::tasks::Tasks;

/// The most host names in the cache.
const DOMAINS_MAX: usize = 10_000;
/// The weight of a cached domain, in bytes.
const DOMAIN_BYTES: u64 = 1024;
/// After this long without a message from the log of changes, it no longer counts as followed.
const SILENCE_MAX: Duration = Duration::from_millis(1_500);
/// The key of the default domain, which serves every host name without a domain of its own. No host name equals it.
const NOBODYS: &str = "";

/// What a look-up found.
pub(super) struct Found<V> {
    /// The value; `None` if there is no such link or domain.
    pub(super) value: Option<Arc<Cached<V>>>,
    /// Where it came from.
    pub(super) source: LinkSource,
    /// Whether it has expired and the origin could not confirm it.
    pub(super) stale: bool,
}

/// A domain or link as it is kept across a restart.
pub(super) struct Kept<K, V> {
    pub(super) key: K,
    pub(super) record: AsOf<V>,
}

pub(super) type KeptDomains = Vec<Kept<Box<str>, DomainRecord>>;
pub(super) type KeptLinks = Vec<Kept<LinkKey, LinkRecord>>;

/// Most slugs are short enough to be stored in the key itself, which saves a look-up one memory access.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LinkKey {
    pub(super) domain: DomainId,
    pub(super) slug: SmolStr,
}

struct LinkKeyRef<'a> {
    domain: DomainId,
    slug: &'a str,
}

impl Hash for LinkKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        LinkKeyRef { domain: self.domain, slug: &self.slug }.hash(state);
    }
}

impl Hash for LinkKeyRef<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.domain.hash(state);
        self.slug.hash(state);
    }
}

impl Equivalent<LinkKey> for LinkKeyRef<'_> {
    fn equivalent(&self, key: &LinkKey) -> bool {
        self.domain == key.domain && self.slug == key.slug
    }
}

/// The edge's own cache in front of the origin.
pub(super) struct LinkCache {
    domains: Arc<LoadingCache<Box<str>, DomainRecord>>,
    links: Arc<LoadingCache<LinkKey, CompiledLink>>,
    certificates: Arc<LoadingCache<Box<str>, KnownCertificate>>,
    names: NameFilter,
    hosts: KnownHosts,
    sources: Arc<Sources>,
    agents: UserAgents,
    /// When the log of changes was last received.
    received_at: AtomicI64,
    origin_patience: Duration,
    refresh_patience: Duration,
}

impl LinkCache {
    /// An empty cache in front of `shared` and `origin`, whose fetches run as tasks of `tasks`.
    pub(super) fn new(
        config: &EdgeCacheConfig,
        origin: Arc<dyn Origin>,
        shared: Option<SharedLinks>,
        agents: UserAgents,
        unknown_host: UnknownHost,
        tasks: &Tasks,
    ) -> Self {
        Self {
            domains: Arc::new(LoadingCache::new(DOMAINS_MAX, DOMAINS_MAX as u64 * DOMAIN_BYTES, tasks.clone())),
            links: Arc::new(LoadingCache::new(config.entries_max, config.bytes_max, tasks.clone())),
            certificates: Arc::new(LoadingCache::new(
                CERTIFICATES_MAX,
                (CERTIFICATES_MAX * CERTIFICATE_BYTES) as u64,
                tasks.clone(),
            )),
            names: NameFilter::default(),
            hosts: KnownHosts::default(),
            sources: Arc::new(Sources::new(config, origin, shared, agents.clone(), unknown_host)),
            agents,
            received_at: AtomicI64::new(MonotonicTime::LONG_AGO.as_micros()),
            origin_patience: Duration::from_millis(config.origin_timeout_ms),
            refresh_patience: Duration::from_millis(config.refresh_timeout_ms),
        }
    }

    /// The domain with this host name, if it is cached and fresh.
    pub(super) fn fresh_domain(&self, host: &str, now: MonotonicTime) -> Option<Arc<Cached<DomainRecord>>> {
        match self.domains.get(host, now) {
            Lookup::Fresh(cached) => Some(cached),
            _ => None,
        }
    }

    /// The link with this slug, if it is cached and fresh.
    pub(super) fn fresh_link(
        &self,
        domain: DomainId,
        slug: &str,
        now: MonotonicTime,
    ) -> Option<Arc<Cached<CompiledLink>>> {
        match self.links.get(&LinkKeyRef { domain, slug }, now) {
            Lookup::Fresh(cached) => Some(cached),
            _ => None,
        }
    }

    /// The domain that answers for this host, if one does.
    pub(super) async fn domain(&self, host: &str, now: MonotonicTime) -> Result<Found<DomainRecord>, OriginError> {
        let known = self.domains.get(host, now);
        let standing = if matches!(known, Lookup::Unknown) { self.hosts.standing(host) } else { None };
        let (host, known) = match (standing, self.sources.unknown_host) {
            (Some(HostStanding::Withheld), _) | (Some(HostStanding::Unclaimed), UnknownHost::NotFound) => {
                return Ok(Found { value: None, source: LinkSource::L1, stale: false });
            }
            (Some(HostStanding::Unclaimed), UnknownHost::DefaultDomain) => (NOBODYS, self.domains.get(NOBODYS, now)),
            (Some(HostStanding::Served) | None, _) => (host, known),
        };
        let fetch = || {
            let (sources, domains) = (Arc::clone(&self.sources), Arc::clone(&self.domains));
            let host: Box<str> = host.into();
            async move { sources.domain(&host, |sequence| domains.is_outdated(&host, sequence)).await }
        };
        self.settle(&self.domains, known, now, || host.into(), fetch).await
    }

    /// The link with this slug, as the domain files it.
    pub(super) async fn link(
        &self,
        domain: DomainId,
        slug: &str,
        now: MonotonicTime,
    ) -> Result<Found<CompiledLink>, OriginError> {
        let known = self.links.get(&LinkKeyRef { domain, slug }, now);
        let is_unknown = matches!(known, Lookup::Unknown);
        if is_unknown && self.names.judge(|key| key.link(domain, slug)) == Verdict::Absent {
            return self.excluded(now);
        }
        let fetch = || {
            let (sources, links) = (Arc::clone(&self.sources), Arc::clone(&self.links));
            let key = LinkKey { domain, slug: slug.into() };
            async move { sources.link(domain, &key.slug, |sequence| links.is_outdated(&key, sequence)).await }
        };
        let found = self.settle(&self.links, known, now, || LinkKey { domain, slug: slug.into() }, fetch).await?;
        if is_unknown && found.value.is_none() && self.names.is_there() {
            CacheMetrics::global().filter_false_positives.increment(1);
        }
        Ok(found)
    }

    /// Whether there may be a link with this slug, as the domain files it. Nobody is asked, and a few that are not there are taken for others.
    pub(super) fn may_have(&self, domain: DomainId, slug: &str) -> bool {
        self.names.knows(|key| key.link(domain, slug))
    }

    /// The result for a slug that the filter excludes. While the log is not followed, the link may have been created since.
    fn excluded<V>(&self, now: MonotonicTime) -> Result<Found<V>, OriginError> {
        CacheMetrics::global().filter_refused.increment(1);
        match self.is_following(now) {
            true => Ok(Found { value: None, source: LinkSource::L1, stale: false }),
            false => Err(OriginError("no invalidation messages, and the slug was not there before".into())),
        }
    }

    /// The cached value, or what the origin says, or a stale value while the origin is unavailable.
    async fn settle<K, V, F>(
        &self,
        cache: &Arc<LoadingCache<K, V>>,
        known: Lookup<V>,
        now: MonotonicTime,
        key: impl FnOnce() -> K,
        fetch: impl Fn() -> F,
    ) -> Result<Found<V>, OriginError>
    where
        K: Hash + Eq + Clone + Send + Sync + 'static,
        V: Send + Sync + 'static,
        F: Future<Output = Result<Loaded<V>, OriginError>> + Send + 'static,
    {
        let from_here = |value, stale| Found { value, source: LinkSource::L1, stale };
        match known {
            Lookup::Fresh(cached) => Ok(from_here(Some(cached), false)),
            Lookup::Absent => Ok(from_here(None, false)),
            Lookup::Unknown => {
                let result = cache.load(key(), self.origin_patience, fetch).await?;
                Ok(Found { value: result.value, source: result.source, stale: false })
            }
            // Every change since was received, and there was none of this key.
            Lookup::Stale(cached) if self.is_following(now) => {
                cache.refresh(key(), fetch);
                Ok(from_here(Some(cached), false))
            }
            Lookup::Stale(cached) | Lookup::Doubted(cached) if self.sources.is_failing() => {
                cache.refresh(key(), fetch);
                Ok(from_here(Some(cached), true))
            }
            Lookup::Stale(cached) | Lookup::Doubted(cached) => {
                match cache.load(key(), self.refresh_patience, fetch).await {
                    Ok(result) => Ok(Found { value: result.value, source: result.source, stale: false }),
                    Err(_) => Ok(from_here(Some(cached), true)),
                }
            }
        }
    }

    /// Whether a limited link has a click left.
    pub(super) async fn has_click_left(&self, link: LinkId) -> Result<bool, OriginError> {
        self.sources.has_click_left(link).await
    }

    /// Uses up one of a limited link's clicks.
    pub(super) async fn claim_click(&self, link: LinkId) -> Result<bool, OriginError> {
        self.sources.claim_click(link).await
    }

    /// Applies the next batch of the log of changes.
    pub(super) fn receive_batch(&self, batch: &ChangeBatch) {
        if let Some(sequence) = batch.unknown_before {
            self.doubt_before(sequence);
            self.names.forget();
            self.hosts.forget();
        }
        batch.changes.iter().for_each(|change| self.apply(change));
        self.received_at.store(clock::monotonic().as_micros(), Ordering::Relaxed);
    }

    /// Applies a change, which may have arrived before.
    pub(super) fn apply(&self, change: &Change) {
        let news = change.invalidations.iter().filter(|invalidation| self.invalidate(invalidation, change.sequence));
        let count = news.count() as u64;
        if count > 0 {
            let metrics = CacheMetrics::global();
            metrics.invalidations.increment(count);
            metrics.invalidation_delay.record(clock::now().since(change.at).as_secs_f64());
        }
    }

    /// Whether that was news.
    fn invalidate(&self, invalidation: &Invalidation, sequence: Sequence) -> bool {
        match invalidation {
            Invalidation::Link { domain_id: domain, slug } => {
                self.names.note(|key| key.link(*domain, slug));
                self.links.invalidate(&LinkKey { domain: *domain, slug: (**slug).into() }, sequence)
            }
            Invalidation::Domain { hostname, standing } => {
                self.hosts.note(hostname, *standing, sequence);
                self.certificates.doubt(hostname, sequence);
                // The default domain answers for other host names too.
                self.domains.invalidate_where(|key, domain| key == hostname || domain.hostname == *hostname, sequence)
            }
            Invalidation::Workspace { workspace_id } => {
                let workspace = Some(*workspace_id);
                self.domains.invalidate_where(|_, domain| domain.workspace_id == workspace, sequence);
                self.certificates.doubt_before(sequence);
                self.links.invalidate_where(|_, link| Some(link.record().workspace_id) == workspace, sequence)
            }
            Invalidation::Everything => {
                self.hosts.forget();
                self.doubt_before(sequence)
            }
        }
    }

    /// Doubts everything that was read before this. Returns whether that was new.
    pub(super) fn doubt_before(&self, sequence: Sequence) -> bool {
        self.certificates.doubt_before(sequence);
        let (domains, links) = (self.domains.doubt_before(sequence), self.links.doubt_before(sequence));
        domains || links
    }

    /// Whether the log of changes is being followed.
    pub(super) fn is_following(&self, now: MonotonicTime) -> bool {
        now.since(MonotonicTime::from_micros(self.received_at.load(Ordering::Relaxed))) < SILENCE_MAX
    }

    /// Keeps the filter of names until the token is cancelled.
    pub(super) async fn keep_names(&self, stopping: CancellationToken) {
        self.names.keep(Arc::clone(&self.sources.origin), stopping).await;
    }

    /// Keeps the list of host names until the token is cancelled.
    pub(super) async fn keep_hosts(&self, stopping: CancellationToken) {
        self.hosts.keep(Arc::clone(&self.sources.origin), stopping).await;
    }

    /// The host names that domains have.
    pub(super) fn hosts(&self) -> &KnownHosts {
        &self.hosts
    }

    /// Where the log of changes comes from.
    pub(super) fn origin(&self) -> &Arc<dyn Origin> {
        &self.sources.origin
    }

    /// Restores what an earlier process had cached, as expired entries. Blocks.
    pub(super) fn restore(&self, domains: KeptDomains, links: KeptLinks) {
        let long_ago = MonotonicTime::LONG_AGO;
        for Kept { key, record } in domains {
            let record = AsOf { value: Some(record.value), sequence: record.sequence };
            let loaded = self.sources.loaded_domain(&key, record, long_ago);
            self.domains.offer(&key, Loaded { believed_until: long_ago, ..loaded });
        }
        for Kept { key, record } in links {
            let link = prepared_link(record.value, &self.agents);
            let loaded = Loaded {
                bytes: link.bytes(),
                value: Some(link),
                sequence: record.sequence,
                source: LinkSource::L1,
                believed_until: long_ago,
            };
            self.links.offer(&key, loaded);
        }
    }

    /// Every cached domain and link, for the next process.
    pub(super) fn kept(&self) -> (KeptDomains, KeptLinks) {
        let domains = self
            .domains
            .entries()
            .map(|(key, cached)| Kept { key, record: AsOf { value: cached.value.clone(), sequence: cached.sequence } });
        let links = self.links.entries().map(|(key, cached)| Kept {
            key,
            record: AsOf { value: cached.value.record().clone(), sequence: cached.sequence },
        });
        (domains.collect(), links.collect())
    }

    /// The number of the latest change that anything in it was read after.
    pub(super) fn newest_sequence(&self) -> Sequence {
        let domains = self.domains.entries().map(|(_, cached)| cached.sequence);
        let links = self.links.entries().map(|(_, cached)| cached.sequence);
        domains.chain(links).max().unwrap_or_default()
    }

    /// How many links are cached.
    pub(super) fn len(&self) -> usize {
        self.links.len()
    }

    /// How much memory they take, in bytes.
    pub(super) fn bytes(&self) -> u64 {
        self.links.bytes()
    }

    /// The state of the circuit breaker in front of the origin.
    pub(super) fn origin_breaker(&self, now: MonotonicTime) -> BreakerState {
        self.sources.breaker_state(now)
    }

    /// The cache shared with other edges.
    pub(super) fn shared(&self) -> Option<&SharedLinks> {
        self.sources.shared.as_ref()
    }

    /// Whether the origin counts as unavailable: its log of changes cannot be followed, or it failed a moment ago.
    pub(super) fn is_origin_unavailable(&self, now: MonotonicTime) -> bool {
        !self.is_following(now) || self.sources.breaker_state(now) == BreakerState::Open
    }
}
