//! What is counted of the shared cache.

use std::sync::LazyLock;

use metrics::{Counter, Histogram};

use crate::telemetry::metric::Metric;

const SHARED_CACHE_REQUESTS: Metric = Metric::counter(
    "elido_cache_requests_total",
    &["result"],
    "Calls of the shared cache, by result; skipped are those that were not made because it had just failed.",
);
const SHARED_CACHE_DURATION: Metric = Metric::histogram(
    "elido_cache_request_seconds",
    &[],
    "How long calls of the shared cache took, those included that failed.",
);

/// What is counted of the shared cache.
pub struct SharedCacheMetrics {
    /// Look-ups that found something.
    pub hits: Counter,
    /// Look-ups that found nothing.
    pub misses: Counter,
    /// Calls that failed or took too long.
    pub failed: Counter,
    /// Calls that were not made.
    pub skipped: Counter,
    /// How long calls took, in seconds.
    pub duration: Histogram,
}

impl SharedCacheMetrics {
    /// The handles of this process.
    #[must_use]
    pub fn global() -> &'static Self {
        static METRICS: LazyLock<SharedCacheMetrics> = LazyLock::new(SharedCacheMetrics::declare);
        &METRICS
    }

    fn declare() -> Self {
        Self {
            hits: SHARED_CACHE_REQUESTS.register_counter(&[("result", "hit")]),
            misses: SHARED_CACHE_REQUESTS.register_counter(&[("result", "miss")]),
            failed: SHARED_CACHE_REQUESTS.register_counter(&[("result", "failed")]),
            skipped: SHARED_CACHE_REQUESTS.register_counter(&[("result", "skipped")]),
            duration: SHARED_CACHE_DURATION.register_histogram(&[]),
        }
    }
}
