//! What is counted of reading journals, whoever reads them.

use std::sync::LazyLock;

use metrics::{Counter, Gauge};

use crate::telemetry::metric::Metric;

const JOURNAL_CORRUPT: Metric = Metric::counter(
    "elido_journal_corrupt_bytes_total",
    &[],
    "Bytes of the journal that are no whole record, such as a tail torn by a crash.",
);
const JOURNAL_UNREADABLE: Metric = Metric::gauge(
    "elido_journal_unreadable",
    &[],
    "Journals that cannot be read now; the others are, and these are tried again.",
);
const PUBLISH_LAG: Metric = Metric::gauge(
    "elido_click_publish_lag_seconds",
    &[],
    "Age of the oldest click in the journal that has not been passed on.",
);

/// What the reader of the click journal counts.
pub(super) struct JournalReaderMetrics {
    /// Bytes that are no record.
    pub(super) corrupt_bytes: Counter,
    /// Journals that cannot be read now.
    pub(super) unreadable: Gauge,
    /// Age of the oldest record not passed on, in seconds.
    pub(super) publish_lag_seconds: Gauge,
}

impl JournalReaderMetrics {
    /// The handles of this process.
    pub(super) fn global() -> &'static Self {
        static METRICS: LazyLock<JournalReaderMetrics> = LazyLock::new(|| JournalReaderMetrics {
            corrupt_bytes: JOURNAL_CORRUPT.register_counter(&[]),
            unreadable: JOURNAL_UNREADABLE.register_gauge(&[]),
            publish_lag_seconds: PUBLISH_LAG.register_gauge(&[]),
        });
        &METRICS
    }
}
