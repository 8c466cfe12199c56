//! What the ingester counts.

use std::sync::LazyLock;

use metrics::{Counter, Gauge};

use crate::telemetry::metric::{Metric, gauge_value};

const INGESTED_CLICKS: Metric = Metric::counter(
    "elido_ingester_clicks_total",
    &["result"],
    "Clicks that the ingester took from the journal, by result.",
);
const INGESTED_BATCHES: Metric = Metric::counter(
    "elido_ingester_batches_total",
    &["result"],
    "Batches that the ingester tried to store, by result.",
);
const JOURNAL_CORRUPT: Metric = Metric::counter(
    "elido_journal_corrupt_bytes_total",
    &[],
    "Bytes of the journal that are no whole record, such as a tail torn by a crash.",
);
const JOURNAL_UNREADABLE: Metric = Metric::gauge(
    "elido_journal_unreadable",
    &[],
    "Journals that the ingester cannot read now; it reads the others and tries these again.",
);
const PUBLISH_LAG: Metric = Metric::gauge(
    "elido_click_publish_lag_seconds",
    &[],
    "Age of the oldest click in the journal that has not been passed on.",
);
const CLICK_ACCOUNT: Metric = Metric::gauge(
    "elido_click_account",
    &["side"],
    "Clicks by which what edges wrote differs from what arrived: missing, surplus, or dropped by an edge. Over all journals that ever were.",
);

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
            stored: INGESTED_CLICKS.register_counter(&[("result", "stored")]),
            duplicates: INGESTED_CLICKS.register_counter(&[("result", "duplicate")]),
            undecodable: INGESTED_CLICKS.register_counter(&[("result", "undecodable")]),
            dropped_full: INGESTED_CLICKS.register_counter(&[("result", "dropped_full")]),
            dropped_unwritable: INGESTED_CLICKS.register_counter(&[("result", "dropped_unwritable")]),
            batches_stored: INGESTED_BATCHES.register_counter(&[("result", "stored")]),
            batches_failed: INGESTED_BATCHES.register_counter(&[("result", "failed")]),
        }
    }
}

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

/// Whether what edges wrote is what arrived.
pub struct ClickAccountMetrics {
    missing: Gauge,
    surplus: Gauge,
    dropped: Gauge,
}

impl ClickAccountMetrics {
    /// The handles of this process.
    #[must_use]
    pub fn global() -> &'static Self {
        static METRICS: LazyLock<ClickAccountMetrics> = LazyLock::new(|| ClickAccountMetrics {
            missing: CLICK_ACCOUNT.register_gauge(&[("side", "missing")]),
            surplus: CLICK_ACCOUNT.register_gauge(&[("side", "surplus")]),
            dropped: CLICK_ACCOUNT.register_gauge(&[("side", "dropped")]),
        });
        &METRICS
    }

    /// Says how many clicks are on each side from now on.
    pub fn set(&self, missing: u64, surplus: u64, dropped: u64) {
        self.missing.set(gauge_value(missing));
        self.surplus.set(gauge_value(surplus));
        self.dropped.set(gauge_value(dropped));
    }
}
