//! What api-core counts.

use std::sync::LazyLock;

use metrics::{Counter, Gauge};

use crate::domain::custom_domain::Answered;
use crate::telemetry::metric::{Metric, gauge_value};

const EVENTS_FORGOTTEN: Metric = Metric::counter(
    "elido_events_forgotten_total",
    &[],
    "Events that were deleted because they were kept long enough.",
);
const EVENTS_ARCHIVED: Metric = Metric::counter(
    "elido_events_archived_total",
    &[],
    "Events that were written into files because they are about to be deleted.",
);
const EVENT_FOLLOWERS: Metric =
    Metric::gauge("elido_event_followers", &[], "Streams of events that programs follow over REST and gRPC.");

const DOMAIN_CHECKS: Metric = Metric::counter(
    "elido_domain_checks_total",
    &["result"],
    "Looks at the DNS of domains, by where these lead their visitors: here, elsewhere, or unknown because DNS could not be asked.",
);

/// Counts a look at the DNS of a domain.
pub(super) fn domain_checked(points_here: Answered) {
    static COUNTERS: LazyLock<[Counter; 3]> = LazyLock::new(|| {
        ["here", "elsewhere", "unknown"].map(|result| DOMAIN_CHECKS.register_counter(&[("result", result)]))
    });
    let [here, elsewhere, unknown] = &*COUNTERS;
    match points_here {
        Answered::Yes => here.increment(1),
        Answered::No => elsewhere.increment(1),
        Answered::Unknown => unknown.increment(1),
    }
}

/// Counts events that are no longer kept.
pub(super) fn events_forgotten() -> &'static Counter {
    static COUNTER: LazyLock<Counter> = LazyLock::new(|| EVENTS_FORGOTTEN.register_counter(&[]));
    &COUNTER
}

/// Counts events that are in files.
pub(super) fn events_archived() -> &'static Counter {
    static COUNTER: LazyLock<Counter> = LazyLock::new(|| EVENTS_ARCHIVED.register_counter(&[]));
    &COUNTER
}

/// Says how many streams of events are followed.
pub(super) fn event_followers(followers: usize) {
    static GAUGE: LazyLock<Gauge> = LazyLock::new(|| EVENT_FOLLOWERS.register_gauge(&[]));
    GAUGE.set(gauge_value(u64::try_from(followers).unwrap_or(u64::MAX)));
}
