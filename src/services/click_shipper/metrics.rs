//! What the shipper counts.

use std::sync::LazyLock;

use metrics::Counter;

use crate::telemetry::metric::Metric;

const SHIPPED_RECORDS: Metric = Metric::counter(
    "elido_click_shipped_records_total",
    &["result"],
    "Journal records by what became of them on their way to the bus: shipped, or kept aside because brokers take none so long.",
);

const HANDED_OVER: Metric = Metric::counter(
    "elido_click_journals_handed_over_total",
    &[],
    "Journals that this process put among the objects at its end, because the bus had not taken all of them.",
);

/// What the shipper counts.
pub(super) struct ShipperMetrics {
    /// Records that the brokers took.
    pub(super) shipped: Counter,
    /// Records too long for the brokers, kept in files.
    pub(super) kept_aside: Counter,
    /// Journals put among the objects.
    pub(super) handed_over: Counter,
}

impl ShipperMetrics {
    /// The handles of this process.
    pub(super) fn global() -> &'static Self {
        static METRICS: LazyLock<ShipperMetrics> = LazyLock::new(|| ShipperMetrics {
            shipped: SHIPPED_RECORDS.register_counter(&[("result", "shipped")]),
            kept_aside: SHIPPED_RECORDS.register_counter(&[("result", "kept_aside")]),
            handed_over: HANDED_OVER.register_counter(&[]),
        });
        &METRICS
    }
}
