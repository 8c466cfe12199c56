//! What the edge counts at each request.
//!
//! Invariant: each worker counts by itself, because cores that add to one
//! number wait for each other; readers add up. Counting allocates nothing.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use metrics::Gauge;

use crate::telemetry::histogram::{DurationHistogram, Total, render_head};
use crate::telemetry::metric::Metric;
use crate::telemetry::render_also;

const REDIRECT_LATENCY: Metric = Metric::histogram(
    "elido_redirect_latency_seconds",
    &["cache"],
    "From the head of a request to its response, by where the link was found.",
);
const REDIRECT_REQUESTS: Metric = Metric::counter(
    "elido_redirect_requests_total",
    &["status", "cache"],
    "Requests that the edge answered, by status and by where the link was found.",
);
const EDGE_CONNECTIONS: Metric = Metric::gauge("elido_edge_connections", &[], "Connections that the edge holds open.");

/// How many workers have counts of their own; more share them.
const SHARES: usize = 16;

/// Where the edge found the link of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LinkSource {
    /// The request needed no link.
    None,
    /// In the process.
    L1,
    /// In the shared cache.
    L2,
    /// At the source of truth.
    Origin,
}

impl LinkSource {
    const ALL: [Self; 4] = [Self::None, Self::L1, Self::L2, Self::Origin];

    const fn label(self) -> &'static str {
        match self {
            Self::L1 => "l1",
            Self::L2 => "l2",
            Self::Origin => "origin",
            Self::None => "none",
        }
    }
}

/// What the edge answers. Any other status is counted as `other`.
const EDGE_STATUSES: [(u16, &str); 18] = [
    (200, "200"),
    (301, "301"),
    (302, "302"),
    (303, "303"),
    (307, "307"),
    (308, "308"),
    (400, "400"),
    (401, "401"),
    (404, "404"),
    (405, "405"),
    (408, "408"),
    (410, "410"),
    (413, "413"),
    (414, "414"),
    (421, "421"),
    (429, "429"),
    (500, "500"),
    (503, "503"),
];

static EDGE_METRICS: OnceLock<EdgeMetrics> = OnceLock::new();
static THREADS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// Which counts are this thread's.
    static OWN_SHARE: usize = THREADS.fetch_add(1, Ordering::Relaxed) % SHARES;
}

/// What the edge counts at each request.
pub struct EdgeMetrics {
    shares: [Share; SHARES],
    /// Connections that are open.
    pub connections: Gauge,
}

/// What one worker has counted, on cache lines of its own.
#[derive(Default)]
#[repr(align(128))]
struct Share {
    latency: [DurationHistogram; LinkSource::ALL.len()],
    requests: [[AtomicU64; EDGE_STATUSES.len() + 1]; LinkSource::ALL.len()],
}

impl EdgeMetrics {
    /// The counts of this process.
    #[must_use]
    pub fn global() -> &'static Self {
        EDGE_METRICS.get_or_init(|| {
            render_also(Self::render);
            Self { shares: Default::default(), connections: EDGE_CONNECTIONS.register_gauge(&[]) }
        })
    }

    /// Counts one answered request.
    pub fn answered(&self, status: u16, source: LinkSource, latency: Duration) {
        let Some(share) = self.shares.get(OWN_SHARE.with(|own| *own)) else { return };
        let status = EDGE_STATUSES.iter().position(|(known, _)| *known == status).unwrap_or(EDGE_STATUSES.len());
        let source = source as usize;
        if let Some(counter) = share.requests.get(source).and_then(|statuses| statuses.get(status)) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(histogram) = share.latency.get(source) {
            histogram.record(latency);
        }
    }

    /// Appends the samples in Prometheus' text form, if this process is an edge.
    fn render(text: &mut String) {
        let Some(metrics) = EDGE_METRICS.get() else { return };
        render_head(text, REDIRECT_LATENCY);
        for source in LinkSource::ALL {
            let mut total = Total::default();
            let own = metrics.shares.iter().filter_map(|share| share.latency.get(source as usize));
            own.for_each(|histogram| histogram.add_to(&mut total));
            total.render(text, REDIRECT_LATENCY.name, &format!("cache=\"{}\"", source.label()));
        }
        render_head(text, REDIRECT_REQUESTS);
        for source in LinkSource::ALL {
            let statuses = EDGE_STATUSES.into_iter().map(|(_, label)| label).chain(["other"]);
            for (index, status) in statuses.enumerate() {
                let own = metrics.shares.iter().filter_map(|share| share.requests.get(source as usize)?.get(index));
                let count: u64 = own.map(|counter| counter.load(Ordering::Relaxed)).sum();
                let (name, source) = (REDIRECT_REQUESTS.name, source.label());
                text.push_str(&format!("{name}{{status=\"{status}\",cache=\"{source}\"}} {count}\n"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_threads_count_by_themselves_is_told_as_one_sum() {
        std::thread::scope(|threads| {
            for _ in 0..2 * SHARES {
                threads.spawn(|| EdgeMetrics::global().answered(414, LinkSource::L2, Duration::from_micros(1)));
            }
        });
        let mut text = String::new();
        EdgeMetrics::render(&mut text);
        for line in [
            "elido_redirect_requests_total{status=\"414\",cache=\"l2\"} 32",
            "elido_redirect_latency_seconds_count{cache=\"l2\"} 32",
        ] {
            assert!(text.lines().any(|there| there == line), "{line} in {text}");
        }
    }
}
