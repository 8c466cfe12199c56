//! Where domains and links are fetched from when this process does not have them.
//!
//! Invariant: a fetch ends within the origin's deadline, and asks no origin that
//! has just failed several times.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use quick_cache::sync::Cache;
use tokio::time::timeout;

use super::super::metrics::{CacheMetrics, LinkSource};
use super::loading::Loaded;
use crate::config::sections::{EdgeCacheConfig, UnknownHost};
use crate::domain::change::{AsOf, Sequence};
use crate::domain::id::{DomainId, LinkId};
use crate::domain::link::{DomainRecord, LinkLifetimes, LinkRecord};
use crate::domain::time::Timestamp;
use crate::infra::cache::shared_links::{Shared, SharedLinks};
use crate::infra::user_agent::UserAgents;
use crate::runtime::breaker::{Breaker, BreakerState};
use crate::runtime::clock::{self, MonotonicTime};
use crate::services::edge_redirect::compiled_link::CompiledLink;
use crate::services::edge_redirect::origin::{Origin, OriginError};

/// How many failures in a row until the origin is left alone.
const FAILURES_MAX: u32 = 3;
/// How long it is left alone; then one fetch may try.
const LEFT_ALONE_FOR: Duration = Duration::from_secs(1);

/// How many links with rules that are left out are remembered.
const TOLD_OF_MAX: usize = 10_000;

/// The origin, and what is known of its health.
pub(super) struct Sources {
    pub(super) origin: Arc<dyn Origin>,
    pub(super) shared: Option<SharedLinks>,
    breaker: Breaker,
    is_slow: AtomicBool,
    agents: UserAgents,
    /// Links of which the log has said that some of their rules are left out.
    told_of: Cache<LinkId, ()>,
    pub(super) unknown_host: UnknownHost,
    lifetimes: LinkLifetimes,
    /// How long the origin may take, and how long before it counts as slow.
    deadline: Duration,
    patience: Duration,
}

impl Sources {
    pub(super) fn new(
        config: &EdgeCacheConfig,
        origin: Arc<dyn Origin>,
        shared: Option<SharedLinks>,
        agents: UserAgents,
        unknown_host: UnknownHost,
    ) -> Self {
        Self {
            origin,
            shared,
            breaker: Breaker::new(FAILURES_MAX, LEFT_ALONE_FOR),
            is_slow: AtomicBool::new(false),
            agents,
            told_of: Cache::new(TOLD_OF_MAX),
            unknown_host,
            lifetimes: config.lifetimes(),
            deadline: Duration::from_millis(config.origin_timeout_ms),
            patience: Duration::from_millis(config.refresh_timeout_ms),
        }
    }

    /// What becomes of the next fetch from the origin.
    pub(super) fn breaker_state(&self, now: MonotonicTime) -> BreakerState {
        self.breaker.state(now)
    }

    /// Whether the origin counts as unavailable.
    pub(super) fn is_unavailable(&self) -> bool {
        self.breaker.is_open()
    }

    /// Whether nobody who has an old value should wait for the origin: it is unavailable, or was slow when it was last asked.
    pub(super) fn is_failing(&self) -> bool {
        self.is_unavailable() || self.is_slow.load(Ordering::Relaxed)
    }

    /// The domain that answers for a host name, or that nothing does. What lies in the shared cache counts unless it `is_outdated`.
    pub(super) async fn domain(
        &self,
        host: &str,
        is_outdated: impl Fn(Sequence) -> bool,
    ) -> Result<Loaded<DomainRecord>, OriginError> {
        if let Some(shared) = &self.shared
            && let Ok(Some(found)) = shared.domain(host).await
            && !is_outdated(found.record.sequence)
        {
            let loaded = self.loaded_domain(host, found.record, own_clock(found.read_at));
            return Ok(Loaded { source: LinkSource::L2, ..loaded });
        }
        let (read_at, asked_at) = (clock::now(), clock::monotonic());
        let response = self.ask(self.origin.resolve_domain(host)).await;
        count(response.as_ref().map(|response| response.value.is_some()));
        let record = response?;
        if let Some(shared) = &self.shared {
            shared.fill_domain(host, &Shared { record: record.clone(), read_at }, self.lifetimes.plain);
        }
        Ok(self.loaded_domain(host, record, asked_at))
    }

    /// The link at a slug, as the domain files it. What lies in the shared cache counts unless it `is_outdated`.
    pub(super) async fn link(
        &self,
        domain: DomainId,
        slug: &str,
        is_outdated: impl Fn(Sequence) -> bool,
    ) -> Result<Loaded<CompiledLink>, OriginError> {
        if let Some(shared) = &self.shared
            && let Ok(Some(found)) = shared.link(domain, slug).await
            && !is_outdated(found.record.sequence)
        {
            return self.loaded_link(found.record, LinkSource::L2, own_clock(found.read_at)).await;
        }
        let (read_at, asked_at) = (clock::now(), clock::monotonic());
        let response = self.ask(self.origin.resolve_link(domain, slug)).await;
        count(response.as_ref().map(|response| response.value.is_some()));
        let record = response?;
        let found = Shared { record, read_at };
        if let Some(shared) = &self.shared {
            shared.fill_link(domain, slug, &found, self.lifetimes.of(found.record.value.as_ref()));
        }
        self.loaded_link(found.record, LinkSource::Origin, asked_at).await
    }

    /// Whether a limited link has a click left.
    pub(super) async fn has_click_left(&self, link: LinkId) -> Result<bool, OriginError> {
        self.ask(self.origin.has_click_left(link)).await
    }

    /// Takes one of a limited link's clicks.
    pub(super) async fn claim_click(&self, link: LinkId) -> Result<bool, OriginError> {
        self.ask(self.origin.claim_click(link)).await
    }

    /// The default domain answers for host names that no domain has only where the settings want that.
    pub(super) fn loaded_domain(
        &self,
        host: &str,
        response: AsOf<Option<DomainRecord>>,
        read_at: MonotonicTime,
    ) -> Loaded<DomainRecord> {
        let is_meant =
            |domain: &DomainRecord| self.unknown_host == UnknownHost::DefaultDomain || *domain.hostname == *host;
        let value = response.value.filter(is_meant);
        let documents = value.iter().flat_map(|domain| [&domain.apple_app_site_association, &domain.asset_links]);
        let bytes = size_of::<DomainRecord>() + documents.flatten().map(|document| document.len()).sum::<usize>();
        Loaded {
            value,
            sequence: response.sequence,
            source: LinkSource::Origin,
            bytes,
            believed_until: read_at.plus(self.lifetimes.plain),
        }
    }

    /// Compiles a link and sees to it that what its rules ask about is fresh.
    pub(super) async fn loaded_link(
        &self,
        response: AsOf<Option<LinkRecord>>,
        source: LinkSource,
        read_at: MonotonicTime,
    ) -> Result<Loaded<CompiledLink>, OriginError> {
        let lifetime = self.lifetimes.of(response.value.as_ref());
        let link = match response.value {
            // Compiling a large pattern, or loading the user agents for the first time, takes too long for a thread that answers requests.
            Some(record) if !record.rules.is_empty() => {
                let agents = self.agents.clone();
                let prepared = tokio::task::spawn_blocking(move || prepared_link(record, &agents)).await;
                let link = prepared.map_err(|error| OriginError(error.to_string()))?;
                self.tell_of_unsound_rules(&link);
                Some(link)
            }
            record => record.map(CompiledLink::new),
        };
        let bytes = link.as_ref().map_or(0, CompiledLink::bytes);
        Ok(Loaded { value: link, sequence: response.sequence, source, bytes, believed_until: read_at.plus(lifetime) })
    }

    /// Counts the rules that were left out, and names their link once.
    fn tell_of_unsound_rules(&self, link: &CompiledLink) {
        let rules = link.rules_left_out();
        if rules == 0 {
            return;
        }
        CacheMetrics::global().rules_left_out.increment(rules as u64);
        let id = link.record().id;
        if self.told_of.get(&id).is_none() {
            self.told_of.insert(id, ());
            tracing::warn!(link = %id, rules, "a link has rules that are not valid any more; they are left out, and an edit of the link will name them");
        }
    }

    /// Asks the origin under its deadline and the breaker, and notes whether it was slow.
    async fn ask<T>(&self, question: impl Future<Output = Result<T, OriginError>>) -> Result<T, OriginError> {
        if !self.breaker.allows(clock::monotonic()) {
            return Err(OriginError("it failed just now".into()));
        }
        let mut question = pin!(question);
        let in_time = timeout(self.patience.min(self.deadline), &mut question).await;
        self.is_slow.store(in_time.is_err(), Ordering::Relaxed);
        let response = match in_time {
            Ok(response) => response,
            Err(_) => timeout(self.deadline.saturating_sub(self.patience), question)
                .await
                .unwrap_or_else(|_| Err(OriginError("no response in time".into()))),
        };
        match &response {
            Ok(_) => self.breaker.succeeded(),
            Err(_) => self.breaker.failed(clock::monotonic()),
        }
        response
    }
}

/// May block for some hundred milliseconds, once.
pub(super) fn prepared_link(record: LinkRecord, agents: &UserAgents) -> CompiledLink {
    let link = CompiledLink::new(record);
    if link.rules().needs().agent {
        agents.warm();
    }
    link
}

/// When something was read that another machine's clock says was read then. A clock that is ahead counts as now; Redis
/// forgets what is too old by its own.
fn own_clock(read_at: Timestamp) -> MonotonicTime {
    clock::monotonic().minus(clock::now().since(read_at))
}

fn count(found: Result<bool, &OriginError>) {
    let metrics = CacheMetrics::global();
    match found {
        Ok(true) => metrics.origin_found.increment(1),
        Ok(false) => metrics.origin_missing.increment(1),
        Err(_) => metrics.origin_failed.increment(1),
    }
}
