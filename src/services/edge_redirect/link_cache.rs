//! L1: the domains and links that this edge knows, and how it learns of others.

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use quick_cache::Equivalent;

use super::breaker::Breaker;
use super::compiled_link::CompiledLink;
use super::loading_cache::{CacheLimits, Cached, Loaded, LoadingCache, Lookup};
use super::origin::{Origin, OriginError};
use crate::config::sections::EdgeCacheConfig;
use crate::domain::id::{DomainId, LinkId};
use crate::domain::link::{DomainRecord, LinkRecord};
use crate::domain::time::Timestamp;
use crate::infra::cache::invalidation::Invalidation;
use crate::infra::user_agent::UserAgents;
use crate::runtime::tasks::Tasks;
use crate::telemetry::metrics::LinkSource;

/// How many host names are known at once.
const DOMAINS_MAX: usize = 10_000;
/// What a domain counts for, in bytes.
const DOMAIN_BYTES: u64 = 1024;

/// An answer of the cache.
pub(super) struct Found<V> {
    /// The value; none where there is no such thing.
    pub(super) value: Option<Arc<Cached<V>>>,
    /// Where it came from.
    pub(super) source: LinkSource,
    /// Whether its time has passed and the origin did not say better.
    pub(super) stale: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct LinkKey {
    domain: DomainId,
    slug: Box<str>,
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
        self.domain == key.domain && self.slug == &*key.slug
    }
}

/// The edge's own cache in front of the origin.
pub(super) struct LinkCache {
    domains: Arc<LoadingCache<Box<str>, DomainRecord>>,
    links: Arc<LoadingCache<LinkKey, CompiledLink>>,
    breaker: Arc<Breaker>,
    origin: Arc<dyn Origin>,
    agents: UserAgents,
    config: EdgeCacheConfig,
}

impl LinkCache {
    /// An empty cache in front of `origin`.
    pub(super) fn new(config: &EdgeCacheConfig, origin: Arc<dyn Origin>, agents: UserAgents, tasks: &Tasks) -> Self {
        let breaker = Arc::new(Breaker::default());
        let limits = |entries_max, bytes_max| CacheLimits {
            entries_max,
            bytes_max,
            absent_lifetime: Duration::from_secs(config.ttl_missing_seconds),
            fetch_timeout: Duration::from_millis(config.origin_timeout_ms),
        };
        let domains = limits(DOMAINS_MAX, DOMAINS_MAX as u64 * DOMAIN_BYTES);
        let links = limits(config.entries_max, config.bytes_max);
        Self {
            domains: Arc::new(LoadingCache::new(domains, Arc::clone(&breaker), tasks.clone())),
            links: Arc::new(LoadingCache::new(links, Arc::clone(&breaker), tasks.clone())),
            breaker,
            origin,
            agents,
            config: config.clone(),
        }
    }

    /// The domain that answers for this host.
    pub(super) async fn domain(&self, host: &str, now: Timestamp) -> Result<Found<DomainRecord>, OriginError> {
        let known = self.domains.get(host, now);
        settle(known, &self.config, |patience| {
            self.domains.load(host.into(), patience, || {
                let (origin, host, lifetime) = (Arc::clone(&self.origin), host.to_owned(), self.lifetime(false));
                async move {
                    let record = origin.resolve_domain(&host).await?;
                    Ok(Some(loaded_domain(record, lifetime)))
                }
            })
        })
        .await
    }

    /// The link with this slug, as the domain files it.
    pub(super) async fn link(
        &self,
        domain: DomainId,
        slug: &str,
        now: Timestamp,
    ) -> Result<Found<CompiledLink>, OriginError> {
        let known = self.links.get(&LinkKeyRef { domain, slug }, now);
        settle(known, &self.config, |patience| {
            self.links.load(LinkKey { domain, slug: slug.into() }, patience, || {
                let (origin, agents, slug) = (Arc::clone(&self.origin), self.agents.clone(), slug.to_owned());
                let (plain, with_rules) = (self.lifetime(false), self.lifetime(true));
                async move {
                    let Some(record) = origin.resolve_link(domain, &slug).await? else { return Ok(None) };
                    let lifetime = if record.rules.is_empty() { plain } else { with_rules };
                    // Compiling a large pattern, or loading the user agents for the first time, takes too long for a thread that answers requests.
                    let prepared = tokio::task::spawn_blocking(move || prepared_link(record, lifetime, &agents)).await;
                    prepared.map(Some).map_err(|error| OriginError(error.to_string()))
                }
            })
        })
        .await
    }

    /// Takes one of a limited link's clicks.
    pub(super) async fn claim_click(&self, link: LinkId) -> Result<bool, OriginError> {
        let patience = Duration::from_millis(self.config.origin_timeout_ms);
        tokio::time::timeout(patience, self.origin.claim_click(link))
            .await
            .unwrap_or_else(|_| Err(OriginError("no answer in time".into())))
    }

    /// Forgets what is no longer to be believed.
    pub(super) fn invalidate(&self, invalidation: &Invalidation) {
        match invalidation {
            Invalidation::Link { domain_id, slug } => {
                self.links.invalidate(&LinkKeyRef { domain: *domain_id, slug });
            }
            Invalidation::Domain { hostname } => self.domains.invalidate(&**hostname),
            Invalidation::Workspace { workspace_id } => {
                self.links.invalidate_where(|link| link.record().workspace_id == *workspace_id);
                self.domains.invalidate_where(|domain| domain.workspace_id == Some(*workspace_id));
            }
            Invalidation::Everything => {
                self.links.doubt_everything();
                self.domains.doubt_everything();
            }
        }
    }

    /// Takes in what an earlier process knew. It is not believed, only better than nothing.
    pub(super) fn restore(&self, domains: Vec<DomainRecord>, links: Vec<LinkRecord>) {
        for record in domains {
            let key = record.hostname.clone();
            self.domains.keep_stale(&key, loaded_domain(record, Duration::ZERO));
        }
        for record in links {
            let key = LinkKey { domain: record.domain_id, slug: record.slug.clone() };
            self.links.keep_stale(&key, prepared_link(record, Duration::ZERO, &self.agents));
        }
    }

    /// Every domain and link that is known, for the next process.
    pub(super) fn records(&self) -> (Vec<DomainRecord>, Vec<LinkRecord>) {
        let domains = self.domains.values().map(|cached| cached.value.clone()).collect();
        let links = self.links.values().map(|cached| cached.value.record().clone()).collect();
        (domains, links)
    }

    /// How many links are known.
    pub(super) fn len(&self) -> usize {
        self.links.len()
    }

    /// What they weigh, in bytes.
    pub(super) fn bytes(&self) -> u64 {
        self.links.bytes()
    }

    /// Whether the origin counts as away.
    pub(super) fn is_origin_away(&self) -> bool {
        self.breaker.is_open()
    }

    fn lifetime(&self, with_rules: bool) -> Duration {
        let seconds = if with_rules { self.config.ttl_with_rules_seconds } else { self.config.ttl_plain_seconds };
        Duration::from_secs(seconds)
    }
}

/// What is known, or what the origin says, or what was known before the origin went away.
async fn settle<V, F>(
    known: Lookup<V>,
    config: &EdgeCacheConfig,
    load: impl FnOnce(Duration) -> F,
) -> Result<Found<V>, OriginError>
where
    F: Future<Output = Result<Option<Arc<Cached<V>>>, OriginError>>,
{
    match known {
        Lookup::Fresh(cached) => Ok(Found { value: Some(cached), source: LinkSource::L1, stale: false }),
        Lookup::Absent => Ok(Found { value: None, source: LinkSource::L1, stale: false }),
        Lookup::Stale(cached) => match load(Duration::from_millis(config.refresh_timeout_ms)).await {
            Ok(value) => Ok(Found { value, source: LinkSource::Origin, stale: false }),
            Err(_) => Ok(Found { value: Some(cached), source: LinkSource::L1, stale: true }),
        },
        Lookup::Unknown => {
            let value = load(Duration::from_millis(config.origin_timeout_ms)).await?;
            Ok(Found { value, source: LinkSource::Origin, stale: false })
        }
    }
}

fn loaded_domain(record: DomainRecord, lifetime: Duration) -> Loaded<DomainRecord> {
    Loaded { version: record.version, bytes: size_of::<DomainRecord>(), lifetime, value: record }
}

/// Compiles a link and sees to it that what its rules ask about is at hand. May block for some hundred milliseconds, once.
fn prepared_link(record: LinkRecord, lifetime: Duration, agents: &UserAgents) -> Loaded<CompiledLink> {
    let link = CompiledLink::new(record);
    if link.rules().needs().agent {
        agents.warm();
    }
    Loaded { version: link.record().version, bytes: link.bytes(), lifetime, value: link }
}
