//! What the link cache counts, and how its dependencies are.

use std::sync::LazyLock;

use metrics::{Counter, Gauge, Histogram};

use crate::runtime::breaker::BreakerState;
use crate::telemetry::metric::Metric;

const KNOWN_HOSTS: Metric =
    Metric::gauge("elido_known_hosts", &[], "Host names that the edge serves, as far as it has heard of them.");
const CACHE_SIZE: Metric = Metric::gauge("elido_link_cache_size", &[], "Links in the edge's own cache.");
const CACHE_BYTES: Metric =
    Metric::gauge("elido_link_cache_bytes", &[], "What the links in the edge's own cache weigh.");
const CACHE_EVICTIONS: Metric =
    Metric::counter("elido_link_cache_evictions_total", &[], "Links that left the cache for want of room.");
const CACHE_INVALIDATIONS: Metric =
    Metric::counter("elido_link_cache_invalidations_total", &[], "Invalidations that reached the cache.");
const CACHE_STALE: Metric = Metric::counter(
    "elido_link_cache_stale_serves_total",
    &[],
    "Requests answered from a link past its time, because the origin did not answer.",
);
const INVALIDATION_DELAY: Metric = Metric::histogram(
    "elido_invalidation_delay_seconds",
    &[],
    "From the commit of a change until the edge's cache knows of it.",
);
const FILTER_REFUSED: Metric = Metric::counter(
    "elido_filter_refused_total",
    &[],
    "Look-ups of slugs that are not there, ended by the filter of names.",
);
const FILTER_FALSE_POSITIVES: Metric = Metric::counter(
    "elido_filter_false_positives_total",
    &[],
    "Look-ups of slugs that are not there and passed the filter of names.",
);
const ORIGIN_REQUESTS: Metric = Metric::counter(
    "elido_link_origin_requests_total",
    &["result"],
    "Fetches of a link or domain from the source of truth, by result.",
);

const RULES_LEFT_OUT: Metric = Metric::counter(
    "elido_link_rules_left_out_total",
    &[],
    "Rules that are not valid any more and were left out, each time that an edge read their link.",
);

/// What the edge's link cache counts.
pub struct CacheMetrics {
    /// Entries now.
    pub size: Gauge,
    /// Host names that are served.
    pub hosts: Gauge,
    /// What they weigh, in bytes.
    pub bytes: Gauge,
    /// Entries that left for want of room.
    pub evictions: Counter,
    /// Invalidations received.
    pub invalidations: Counter,
    /// Answers from an entry past its time.
    pub stale_serves: Counter,
    /// From the commit of a change until the edge knows of it, in seconds.
    pub invalidation_delay: Histogram,
    /// Look-ups that the filter of names ended.
    pub filter_refused: Counter,
    /// Look-ups of absent slugs that passed the filter.
    pub filter_false_positives: Counter,
    /// Origin fetches that found something.
    pub origin_found: Counter,
    /// Origin fetches that found nothing.
    pub origin_missing: Counter,
    /// Origin fetches that failed or took too long.
    pub origin_failed: Counter,
    /// Rules that were left out.
    pub rules_left_out: Counter,
}

impl CacheMetrics {
    /// The handles of this process.
    #[must_use]
    pub fn global() -> &'static Self {
        static METRICS: LazyLock<CacheMetrics> = LazyLock::new(CacheMetrics::declare);
        &METRICS
    }

    fn declare() -> Self {
        Self {
            hosts: KNOWN_HOSTS.register_gauge(&[]),
            size: CACHE_SIZE.register_gauge(&[]),
            bytes: CACHE_BYTES.register_gauge(&[]),
            evictions: CACHE_EVICTIONS.register_counter(&[]),
            invalidations: CACHE_INVALIDATIONS.register_counter(&[]),
            stale_serves: CACHE_STALE.register_counter(&[]),
            invalidation_delay: INVALIDATION_DELAY.register_histogram(&[]),
            filter_refused: FILTER_REFUSED.register_counter(&[]),
            filter_false_positives: FILTER_FALSE_POSITIVES.register_counter(&[]),
            origin_found: ORIGIN_REQUESTS.register_counter(&[("result", "found")]),
            origin_missing: ORIGIN_REQUESTS.register_counter(&[("result", "missing")]),
            origin_failed: ORIGIN_REQUESTS.register_counter(&[("result", "failed")]),
            rules_left_out: RULES_LEFT_OUT.register_counter(&[]),
        }
    }
}

const BREAKER_STATE: Metric = Metric::gauge(
    "elido_breaker_state",
    &["dependency", "state"],
    "1 for the state that the circuit breaker of a dependency is in (closed, open, half_open), 0 for the others.",
);

/// The circuit breaker of one dependency.
pub struct BreakerMetrics {
    states: [(BreakerState, Gauge); 3],
}

impl BreakerMetrics {
    /// The handles for a dependency: `redis` or `origin`.
    #[must_use]
    pub fn of(dependency: &'static str) -> Self {
        let gauge = |state| BREAKER_STATE.register_gauge(&[("dependency", dependency), ("state", state)]);
        Self {
            states: [
                (BreakerState::Closed, gauge("closed")),
                (BreakerState::Open, gauge("open")),
                (BreakerState::HalfOpen, gauge("half_open")),
            ],
        }
    }

    /// The breaker is in this state now.
    pub fn set(&self, now: BreakerState) {
        self.states.iter().for_each(|(state, gauge)| gauge.set(if *state == now { 1.0 } else { 0.0 }));
    }
}
