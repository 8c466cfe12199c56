//! What api-core counts.

use std::sync::LazyLock;

use metrics::{Counter, Gauge};

use crate::telemetry::metric::{Metric, gauge_value};

const EVENTS_FORGOTTEN: Metric = Metric::counter(
    "elido_events_forgotten_total",
    &[],
    "Events that were deleted because they were kept long enough.",
);
const EVENT_FOLLOWERS: Metric =
    Metric::gauge("elido_event_followers", &[], "Streams of events that programs follow over REST and gRPC.");

/// Counts events that are no longer kept.
pub(super) fn events_forgotten() -> &'static Counter {
    static COUNTER: LazyLock<Counter> = LazyLock::new(|| EVENTS_FORGOTTEN.register_counter(&[]));
    &COUNTER
}

/// Says how many streams of events are followed.
pub(super) fn event_followers(followers: usize) {
    static GAUGE: LazyLock<Gauge> = LazyLock::new(|| EVENT_FOLLOWERS.register_gauge(&[]));
    GAUGE.set(gauge_value(u64::try_from(followers).unwrap_or(u64::MAX)));
}
