//! What the shipper counts.

use std::sync::LazyLock;

use metrics::Counter;

use crate::telemetry::metric::Metric;

const SHIPPED_RECORDS: Metric = Metric::counter(
    "elido_click_shipped_records_total",
    &["result"],
    "Journal records by what became of them on their way to the bus: shipped, kept aside because brokers take none so long, or dropped because there are too many of those.",
);

/// What the shipper counts.
pub(super) struct ShipperMetrics {
    /// Records that the brokers took.
    pub(super) shipped: Counter,
    /// Records too long for the brokers, kept in files.
    pub(super) kept_aside: Counter,
    /// Records too long for the brokers that could not be kept.
    pub(super) dropped: Counter,
}

impl ShipperMetrics {
    /// The handles of this process.
    pub(super) fn global() -> &'static Self {
        static METRICS: LazyLock<ShipperMetrics> = LazyLock::new(|| ShipperMetrics {
            shipped: SHIPPED_RECORDS.register_counter(&[("result", "shipped")]),
            kept_aside: SHIPPED_RECORDS.register_counter(&[("result", "kept_aside")]),
            dropped: SHIPPED_RECORDS.register_counter(&[("result", "dropped")]),
        });
        &METRICS
    }
}
