//! What consumers of events count.

use metrics::{Counter, Gauge};

use crate::telemetry::metric::{Metric, gauge_value};

const EVENTS: Metric = Metric::counter(
    "elido_consumer_events_total",
    &["consumer", "result"],
    "Events by consumer and what became of them: taken, failed (and tried again), set aside, missed.",
);
const LAG: Metric = Metric::gauge(
    "elido_consumer_lag_events",
    &["consumer"],
    "Events of the stream that a consumer has not come to yet.",
);

/// What one consumer counts.
pub(super) struct ConsumerMetrics {
    /// Events taken.
    pub(super) taken: Counter,
    /// Attempts that failed and are made again.
    pub(super) failed: Counter,
    /// Events that failed too often.
    pub(super) set_aside: Counter,
    /// Events that were deleted before the consumer came to them.
    pub(super) missed: Counter,
    lag: Gauge,
}

impl ConsumerMetrics {
    /// The handles of the consumer of this name.
    pub(super) fn of(consumer: &'static str) -> Self {
        let counter = |result| EVENTS.register_counter(&[("consumer", consumer), ("result", result)]);
        Self {
            taken: counter("taken"),
            failed: counter("failed"),
            set_aside: counter("set_aside"),
            missed: counter("missed"),
            lag: LAG.register_gauge(&[("consumer", consumer)]),
        }
    }

    pub(super) fn set_lag(&self, events: i64) {
        self.lag.set(gauge_value(u64::try_from(events).unwrap_or(0)));
    }
}
