//! Every metric, with its unit, its help and all values of its labels.
//!
//! Invariant: whoever counts keeps a handle; a metric is looked up by name
//! only where a route is answered that costs far more than the look-up. All
//! label values come from lists in this file, except for routes, which are
//! patterns of the API and never what a client sent.

use std::sync::{LazyLock, Once};
use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, Label, Unit};

pub use super::click_account_metrics::ClickAccountMetrics;
pub use super::edge_metrics::{EdgeMetrics, LinkSource};
use super::recorder::Named;
use crate::domain::client_address::Unreadable;
use crate::runtime::breaker::BreakerState;
use crate::runtime::connections::Eviction;

pub(super) const REDIRECT_LATENCY: Named = Named {
    name: "elido_redirect_latency_seconds",
    unit: Unit::Seconds,
    help: "From the head of a request to its response, by where the link was found.",
};
pub(super) const REDIRECT_REQUESTS: Named = Named {
    name: "elido_redirect_requests_total",
    unit: Unit::Count,
    help: "Requests that the edge answered, by status and by where the link was found.",
};
pub(super) const EDGE_CONNECTIONS: Named =
    Named { name: "elido_edge_connections", unit: Unit::Count, help: "Connections that the edge holds open." };

const EVICTIONS: Named = Named {
    name: "elido_connections_evicted_total",
    unit: Unit::Count,
    help: "Connections that were ended before their client wished, by listener and reason.",
};
const UNKNOWN_ADDRESSES: Named = Named {
    name: "elido_client_addresses_unknown_total",
    unit: Unit::Count,
    help: "Requests whose client's address the trusted proxies did not tell, by listener and reason.",
};

/// The evictions of one listener.
pub struct EvictionMetrics {
    silent: Counter,
    unread: Counter,
    room: Counter,
    address: Counter,
}

impl EvictionMetrics {
    /// The handles for a listener: `edge`, `api` or `internal`.
    #[must_use]
    pub fn of(listener: &'static str) -> Self {
        let counter = |reason| EVICTIONS.counter(&[("listener", listener), ("reason", reason)]);
        Self {
            silent: counter("silent"),
            unread: counter("unread"),
            room: counter("room"),
            address: counter("address"),
        }
    }

    /// Counts one.
    pub fn count(&self, reason: Eviction) {
        let counter = match reason {
            Eviction::Silent => &self.silent,
            Eviction::Unread => &self.unread,
            Eviction::Room => &self.room,
            Eviction::Address => &self.address,
        };
        counter.increment(1);
    }
}

/// Requests of one listener whose client is not known.
pub struct UnknownAddressMetrics {
    listener: &'static str,
    reasons: [(Unreadable, Counter); Unreadable::ALL.len()],
    told: Once,
}

impl UnknownAddressMetrics {
    /// The handles of the redirect listener.
    #[must_use]
    pub fn edge() -> &'static Self {
        static METRICS: LazyLock<UnknownAddressMetrics> = LazyLock::new(|| UnknownAddressMetrics::of("edge"));
        &METRICS
    }

    /// The handles of the API's listener.
    #[must_use]
    pub fn api() -> &'static Self {
        static METRICS: LazyLock<UnknownAddressMetrics> = LazyLock::new(|| UnknownAddressMetrics::of("api"));
        &METRICS
    }

    fn of(listener: &'static str) -> Self {
        let counter =
            |reason: Unreadable| UNKNOWN_ADDRESSES.counter(&[("listener", listener), ("reason", reason.label())]);
        Self { listener, reasons: Unreadable::ALL.map(|reason| (reason, counter(reason))), told: Once::new() }
    }

    /// Counts one; the first of a process is told in the log as well.
    pub fn count(&self, reason: Unreadable) {
        self.reasons.iter().filter(|(known, _)| *known == reason).for_each(|(_, counter)| counter.increment(1));
        self.told.call_once(|| {
            let (listener, reason) = (self.listener, reason.label());
            tracing::warn!(
                listener,
                reason,
                "the trusted proxies do not tell the address of a client, who counts as unknown: check trusted_proxy_hops and \
                 forwarded_header; elido_client_addresses_unknown_total counts further ones"
            );
        });
    }
}

const CACHE_SIZE: Named =
    Named { name: "elido_link_cache_size", unit: Unit::Count, help: "Links in the edge's own cache." };
const CACHE_BYTES: Named =
    Named { name: "elido_link_cache_bytes", unit: Unit::Bytes, help: "What the links in the edge's own cache weigh." };
const CACHE_EVICTIONS: Named = Named {
    name: "elido_link_cache_evictions_total",
    unit: Unit::Count,
    help: "Links that left the cache for want of room.",
};
const CACHE_INVALIDATIONS: Named = Named {
    name: "elido_link_cache_invalidations_total",
    unit: Unit::Count,
    help: "Word of edits that reached the cache.",
};
const CACHE_STALE: Named = Named {
    name: "elido_link_cache_stale_serves_total",
    unit: Unit::Count,
    help: "Requests answered from a link past its time, because the origin did not answer.",
};
pub(super) const INVALIDATION_DELAY: Named = Named {
    name: "elido_invalidation_delay_seconds",
    unit: Unit::Seconds,
    help: "From the commit of a change until the edge's cache has heard of it.",
};
const FILTER_REFUSED: Named = Named {
    name: "elido_filter_refused_total",
    unit: Unit::Count,
    help: "Look-ups of slugs that are not there, ended by the filter of names.",
};
const FILTER_FALSE_POSITIVES: Named = Named {
    name: "elido_filter_false_positives_total",
    unit: Unit::Count,
    help: "Look-ups of slugs that are not there and passed the filter of names.",
};
const ORIGIN_REQUESTS: Named = Named {
    name: "elido_link_origin_requests_total",
    unit: Unit::Count,
    help: "Fetches of a link or domain from the source of truth, by result.",
};

const RULES_LEFT_OUT: Named = Named {
    name: "elido_link_rules_left_out_total",
    unit: Unit::Count,
    help: "Rules that are not valid any more and were left out, each time that an edge read their link.",
};

/// What the edge's link cache counts.
pub struct CacheMetrics {
    /// Entries now.
    pub size: Gauge,
    /// What they weigh, in bytes.
    pub bytes: Gauge,
    /// Entries that left for want of room.
    pub evictions: Counter,
    /// Invalidations received.
    pub invalidations: Counter,
    /// Answers from an entry past its time.
    pub stale_serves: Counter,
    /// From the commit of a change until it is heard, in seconds.
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
            size: CACHE_SIZE.gauge(&[]),
            bytes: CACHE_BYTES.gauge(&[]),
            evictions: CACHE_EVICTIONS.counter(&[]),
            invalidations: CACHE_INVALIDATIONS.counter(&[]),
            stale_serves: CACHE_STALE.counter(&[]),
            invalidation_delay: INVALIDATION_DELAY.histogram(&[]),
            filter_refused: FILTER_REFUSED.counter(&[]),
            filter_false_positives: FILTER_FALSE_POSITIVES.counter(&[]),
            origin_found: ORIGIN_REQUESTS.counter(&[("result", "found")]),
            origin_missing: ORIGIN_REQUESTS.counter(&[("result", "missing")]),
            origin_failed: ORIGIN_REQUESTS.counter(&[("result", "failed")]),
            rules_left_out: RULES_LEFT_OUT.counter(&[]),
        }
    }
}

const SHARED_CACHE_REQUESTS: Named = Named {
    name: "elido_cache_requests_total",
    unit: Unit::Count,
    help: "Calls of the shared cache, by result; skipped are those that were not made because it had just failed.",
};
pub(super) const SHARED_CACHE_DURATION: Named = Named {
    name: "elido_cache_request_seconds",
    unit: Unit::Seconds,
    help: "How long calls of the shared cache took, those included that failed.",
};

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
            hits: SHARED_CACHE_REQUESTS.counter(&[("result", "hit")]),
            misses: SHARED_CACHE_REQUESTS.counter(&[("result", "miss")]),
            failed: SHARED_CACHE_REQUESTS.counter(&[("result", "failed")]),
            skipped: SHARED_CACHE_REQUESTS.counter(&[("result", "skipped")]),
            duration: SHARED_CACHE_DURATION.histogram(&[]),
        }
    }
}

const BREAKER_STATE: Named = Named {
    name: "elido_breaker_state",
    unit: Unit::Count,
    help: "1 for the state that the circuit breaker of a dependency is in (closed, open, half_open), 0 for the others.",
};

/// The circuit breaker of one dependency.
pub struct BreakerMetrics {
    states: [(BreakerState, Gauge); 3],
}

impl BreakerMetrics {
    /// The handles for a dependency: `redis` or `origin`.
    #[must_use]
    pub fn of(dependency: &'static str) -> Self {
        let gauge = |state| BREAKER_STATE.gauge(&[("dependency", dependency), ("state", state)]);
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

const JOURNAL_BYTES: Named =
    Named { name: "elido_journal_bytes", unit: Unit::Bytes, help: "What the click journal takes on disk." };
const JOURNAL_ANSWERED: Named = Named {
    name: "elido_journal_answered_total",
    unit: Unit::Count,
    help: "Clicks of answered requests that were handed to the journal: written, dropped, or waiting in memory.",
};
const JOURNAL_RECORDS: Named =
    Named { name: "elido_journal_records_total", unit: Unit::Count, help: "Clicks written to the journal." };
const JOURNAL_DROPS: Named = Named {
    name: "elido_journal_drops_total",
    unit: Unit::Count,
    help: "Clicks that could not be written to the journal, by reason. Every one is lost.",
};
const JOURNAL_STATE: Named = Named {
    name: "elido_journal_state",
    unit: Unit::Count,
    help: "1 for the state that the journal is in (ok, full, failing), 0 for the others.",
};
const JOURNAL_CORRUPT: Named = Named {
    name: "elido_journal_corrupt_bytes_total",
    unit: Unit::Bytes,
    help: "Bytes of the journal that are no whole record, such as a tail torn by a crash.",
};
const JOURNAL_SYNC_FAILURES: Named = Named {
    name: "elido_journal_sync_failures_total",
    unit: Unit::Count,
    help: "Runs of the journal's upkeep that could not make what was written survive a power cut.",
};
const JOURNAL_UNREADABLE: Named = Named {
    name: "elido_journal_unreadable",
    unit: Unit::Count,
    help: "Journals that the ingester cannot read now; it reads the others and tries these again.",
};
const PUBLISH_LAG: Named = Named {
    name: "elido_click_publish_lag_seconds",
    unit: Unit::Seconds,
    help: "Age of the oldest click in the journal that has not been passed on.",
};

/// How the journal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JournalState {
    /// Clicks are written.
    Ok,
    /// The cap is reached: clicks are dropped until the journal shrinks.
    Full,
    /// The disk refuses: clicks are dropped until it works again.
    Failing,
}

impl JournalState {
    const ALL: [Self; 3] = [Self::Ok, Self::Full, Self::Failing];

    const fn label(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Full => "full",
            Self::Failing => "failing",
        }
    }
}

/// What the click journal counts.
pub struct JournalMetrics {
    /// Size on disk, in bytes.
    pub bytes: Gauge,
    /// Clicks handed to the journal, whatever became of them.
    pub answered: Counter,
    /// Records written.
    pub records: Counter,
    /// Records dropped because the journal is at its cap.
    pub drops_full: Counter,
    /// Records dropped because the disk refused them.
    pub drops_failing: Counter,
    /// Bytes that are no record.
    pub corrupt_bytes: Counter,
    /// Runs of the upkeep that could not sync what was written.
    pub sync_failures: Counter,
    /// Journals that cannot be read now.
    pub unreadable: Gauge,
    /// Age of the oldest record not passed on, in seconds.
    pub publish_lag_seconds: Gauge,
    states: [Gauge; JournalState::ALL.len()],
}

impl JournalMetrics {
    /// The handles of this process.
    #[must_use]
    pub fn global() -> &'static Self {
        static METRICS: LazyLock<JournalMetrics> = LazyLock::new(JournalMetrics::declare);
        &METRICS
    }

    fn declare() -> Self {
        let metrics = Self {
            bytes: JOURNAL_BYTES.gauge(&[]),
            answered: JOURNAL_ANSWERED.counter(&[]),
            records: JOURNAL_RECORDS.counter(&[]),
            drops_full: JOURNAL_DROPS.counter(&[("reason", JournalState::Full.label())]),
            drops_failing: JOURNAL_DROPS.counter(&[("reason", JournalState::Failing.label())]),
            corrupt_bytes: JOURNAL_CORRUPT.counter(&[]),
            sync_failures: JOURNAL_SYNC_FAILURES.counter(&[]),
            unreadable: JOURNAL_UNREADABLE.gauge(&[]),
            publish_lag_seconds: PUBLISH_LAG.gauge(&[]),
            states: JournalState::ALL.map(|state| JOURNAL_STATE.gauge(&[("state", state.label())])),
        };
        metrics.set_state(JournalState::Ok);
        metrics
    }

    /// Says how the journal is from now on.
    pub fn set_state(&self, state: JournalState) {
        for (known, gauge) in JournalState::ALL.iter().zip(&self.states) {
            gauge.set(if *known == state { 1.0 } else { 0.0 });
        }
    }
}

const INGESTED_CLICKS: Named = Named {
    name: "elido_ingester_clicks_total",
    unit: Unit::Count,
    help: "Clicks that the ingester took from the journal, by result.",
};
const INGESTED_BATCHES: Named = Named {
    name: "elido_ingester_batches_total",
    unit: Unit::Count,
    help: "Batches that the ingester tried to store, by result.",
};

/// What the click ingester counts.
pub struct IngesterMetrics {
    /// Clicks stored.
    pub stored: Counter,
    /// Clicks that were stored before, and therefore not again.
    pub duplicates: Counter,
    /// Records that are no click, kept aside.
    pub undecodable: Counter,
    /// Records that are no click, dropped because the file for them is full.
    pub dropped_full: Counter,
    /// Records that are no click, dropped because the file for them cannot be written.
    pub dropped_unwritable: Counter,
    /// Batches stored.
    pub batches_stored: Counter,
    /// Batches that the click store refused; each is tried again.
    pub batches_failed: Counter,
}

impl IngesterMetrics {
    /// The handles of this process.
    #[must_use]
    pub fn global() -> &'static Self {
        static METRICS: LazyLock<IngesterMetrics> = LazyLock::new(IngesterMetrics::declare);
        &METRICS
    }

    fn declare() -> Self {
        Self {
            stored: INGESTED_CLICKS.counter(&[("result", "stored")]),
            duplicates: INGESTED_CLICKS.counter(&[("result", "duplicate")]),
            undecodable: INGESTED_CLICKS.counter(&[("result", "undecodable")]),
            dropped_full: INGESTED_CLICKS.counter(&[("result", "dropped_full")]),
            dropped_unwritable: INGESTED_CLICKS.counter(&[("result", "dropped_unwritable")]),
            batches_stored: INGESTED_BATCHES.counter(&[("result", "stored")]),
            batches_failed: INGESTED_BATCHES.counter(&[("result", "failed")]),
        }
    }
}

/// A count as a gauge takes it: a floating-point number, which is exact up to 2^53.
#[allow(clippy::cast_precision_loss, reason = "no count of ours comes near 2^53")]
#[must_use]
pub fn gauge_value(count: u64) -> f64 {
    count as f64
}

pub(super) const CLICK_ACCOUNT: Named = Named {
    name: "elido_click_account",
    unit: Unit::Count,
    help: "Clicks by which what edges wrote differs from what arrived: missing, surplus, or dropped by an edge. Over all journals that ever were.",
};

const HTTP_REQUESTS: Named = Named {
    name: "elido_http_requests_total",
    unit: Unit::Count,
    help: "Requests that the API answered, by method, route and status.",
};
const HTTP_DURATION: Named = Named {
    name: "elido_http_request_duration_seconds",
    unit: Unit::Seconds,
    help: "From the head of an API request to the head of its response, by method and route.",
};

/// What the API counts at each request.
pub struct HttpMetrics(());

impl HttpMetrics {
    /// The metrics of this process.
    #[must_use]
    pub fn global() -> &'static Self {
        static METRICS: LazyLock<HttpMetrics> = LazyLock::new(HttpMetrics::declare);
        &METRICS
    }

    fn declare() -> Self {
        HTTP_REQUESTS.describe_counter();
        HTTP_DURATION.describe_histogram();
        Self(())
    }

    /// Counts one answered request. `route` is the pattern that matched, never the path asked for; `None` when no route did.
    pub fn answered(&self, method: &http::Method, route: Option<&str>, status: http::StatusCode, duration: Duration) {
        let labels = vec![
            Label::from_static_parts("method", method_label(method)),
            Label::new("route", route.unwrap_or("unmatched").to_owned()),
        ];
        let status = Label::new("status", status.as_str().to_owned());
        let with_status: Vec<Label> = labels.iter().cloned().chain([status]).collect();
        metrics::histogram!(HTTP_DURATION.name, labels).record(duration.as_secs_f64());
        metrics::counter!(HTTP_REQUESTS.name, with_status).increment(1);
    }
}

/// Clients may invent methods; a metric must not grow by that.
fn method_label(method: &http::Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

const ERROR_REPORTS: Named =
    Named { name: "elido_error_reports_total", unit: Unit::Count, help: "Reports to the error tracker, by result." };

/// What error reporting counts.
pub(super) struct ErrorReportMetrics {
    /// Reports that the tracker took.
    pub(super) sent: Counter,
    /// Reports that it refused, or that did not reach it.
    pub(super) failed: Counter,
    /// Reports given up because too many were waiting, or because the tracker asked for a pause.
    pub(super) dropped: Counter,
}

impl ErrorReportMetrics {
    pub(super) fn declare() -> Self {
        Self {
            sent: ERROR_REPORTS.counter(&[("result", "sent")]),
            failed: ERROR_REPORTS.counter(&[("result", "failed")]),
            dropped: ERROR_REPORTS.counter(&[("result", "dropped")]),
        }
    }
}

const UPTIME: Named =
    Named { name: "elido_uptime_seconds", unit: Unit::Seconds, help: "How long the process has been running." };
const RESIDENT_MEMORY: Named =
    Named { name: "elido_resident_memory_bytes", unit: Unit::Bytes, help: "Memory of the process that is in RAM." };
const BUILD: Named = Named { name: "elido_build_info", unit: Unit::Count, help: "1, with the version as a label." };

/// What the process says of itself; brought up to date when it is read.
pub(super) struct ProcessMetrics {
    uptime: Gauge,
    resident_memory: Gauge,
}

impl ProcessMetrics {
    pub(super) fn global() -> &'static Self {
        static METRICS: LazyLock<ProcessMetrics> = LazyLock::new(ProcessMetrics::declare);
        &METRICS
    }

    fn declare() -> Self {
        BUILD.gauge(&[("version", env!("CARGO_PKG_VERSION"))]).set(1.0);
        Self { uptime: UPTIME.gauge(&[]), resident_memory: RESIDENT_MEMORY.gauge(&[]) }
    }

    pub(super) fn refresh(&self, uptime: Duration) {
        self.uptime.set(uptime.as_secs_f64());
        if let Some(kibibytes) = resident_kibibytes() {
            self.resident_memory.set(kibibytes * 1024.0);
        }
    }
}

/// Known where there is a `/proc`, and left out elsewhere.
fn resident_kibibytes() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}
