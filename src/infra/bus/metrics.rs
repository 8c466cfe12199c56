//! What the bus counts.

use metrics::Label;

use crate::telemetry::metric::Metric;

const RECORDS: Metric = Metric::counter(
    "elido_bus_records_total",
    &["topic", "result"],
    "Records sent to the bus, by topic and by whether the brokers took them: taken or failed (and sent again by whoever sent them).",
);

/// Counts records of a topic that were taken, or were not.
pub(super) fn records(topic: &str, taken: bool, count: usize) {
    let result = if taken { "taken" } else { "failed" };
    let labels = vec![Label::new("topic", topic.to_owned()), Label::from_static_parts("result", result)];
    RECORDS.find_counter(labels).increment(u64::try_from(count).unwrap_or(u64::MAX));
}
