//! What the ingester counts.

use std::net::IpAddr;
use std::sync::LazyLock;
use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, Label};

use crate::domain::public_address::is_public;
use crate::telemetry::metric::{Metric, gauge_value};

const INGESTED_CLICKS: Metric = Metric::counter(
    "elido_ingester_clicks_total",
    &["result"],
    "Clicks that the ingester took from the journal or the bus, by result.",
);
const INGESTED_BATCHES: Metric = Metric::counter(
    "elido_ingester_batches_total",
    &["result"],
    "Batches that the ingester tried to store, by result.",
);
const BATCH_DURATION: Metric = Metric::histogram(
    "elido_ingester_batch_seconds",
    &[],
    "How long the click store took over a batch, stored or refused.",
);
const PARTITION_LAG: Metric = Metric::gauge(
    "elido_click_partition_lag_records",
    &["partition"],
    "Records of a partition of the bus that are not stored yet, as its holder knows it; 0 where another process holds it.",
);
const PARTITION_LAG_SECONDS: Metric = Metric::gauge(
    "elido_click_partition_lag_seconds",
    &["partition"],
    "Age of the oldest record of a partition of the bus that is not stored yet, as its holder knows it.",
);
const RESTAMPED_CLICKS: Metric = Metric::counter(
    "elido_ingester_clicks_restamped_total",
    &[],
    "Clicks that an edge stamped before 2020, and that count as of when they were taken.",
);
const ADDRESSES: Metric = Metric::counter(
    "elido_ingester_addresses_total",
    &["class"],
    "Clicks by the address that the edge saw: of the internet, private, or unknown.",
);
const PARTITIONS_HELD: Metric =
    Metric::gauge("elido_click_partitions_held", &[], "Partitions of the bus that this process takes clicks from.");
const RECORDS_EXPIRED: Metric = Metric::counter(
    "elido_click_records_expired_total",
    &[],
    "Records that the bus had deleted before they were stored.",
);
const PARTITION_RESTARTS: Metric = Metric::counter(
    "elido_click_partition_restarts_total",
    &[],
    "How often a partition of the bus was not the one that was read before, and was read from its beginning.",
);
const STORE_FAILURES: Metric = Metric::counter(
    "elido_click_store_failures_total",
    &["reason"],
    "Attempts to store clicks of the bus that came to nothing, and are repeated, by reason.",
);
const DAMAGED_SEGMENTS: Metric = Metric::gauge(
    "elido_click_segments_damaged",
    &["task"],
    "Packed segments of the embedded click store that could not be read: by the last deletion, and at most at once by packing.",
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
    /// Clicks that an edge stamped before there was any, and that count as of when they were taken.
    pub restamped: Counter,
    /// Batches stored.
    pub batches_stored: Counter,
    /// Batches that the click store refused; each is tried again.
    pub batches_failed: Counter,
    /// How long the click store took over a batch.
    pub batch_duration: Histogram,
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
            restamped: RESTAMPED_CLICKS.register_counter(&[]),
            batches_stored: INGESTED_BATCHES.register_counter(&[("result", "stored")]),
            batches_failed: INGESTED_BATCHES.register_counter(&[("result", "failed")]),
            batch_duration: BATCH_DURATION.register_histogram(&[]),
        }
    }
}

/// What the ingester counts of the bus.
pub(super) struct BusMetrics {
    /// Partitions that this process holds.
    pub(super) held: Gauge,
    /// Records that the bus had deleted before they were stored.
    pub(super) expired: Counter,
    /// Partitions that were read from their beginning, because they are others than before.
    pub(super) restarts: Counter,
    /// Attempts that the click store refused: it has too much to do, is for reading only, or fails in another way; or the database does
    /// not keep how far clicks are stored.
    pub(super) store_busy: Counter,
    pub(super) store_read_only: Counter,
    pub(super) store_unavailable: Counter,
    pub(super) database_unavailable: Counter,
}

impl BusMetrics {
    /// The handles of this process.
    pub(super) fn global() -> &'static Self {
        static METRICS: LazyLock<BusMetrics> = LazyLock::new(|| {
            PARTITION_LAG.describe();
            PARTITION_LAG_SECONDS.describe();
            BusMetrics {
                held: PARTITIONS_HELD.register_gauge(&[]),
                expired: RECORDS_EXPIRED.register_counter(&[]),
                restarts: PARTITION_RESTARTS.register_counter(&[]),
                store_busy: STORE_FAILURES.register_counter(&[("reason", "busy")]),
                store_read_only: STORE_FAILURES.register_counter(&[("reason", "read_only")]),
                store_unavailable: STORE_FAILURES.register_counter(&[("reason", "unavailable")]),
                database_unavailable: STORE_FAILURES.register_counter(&[("reason", "database")]),
            }
        });
        &METRICS
    }

    /// Says how many records of a partition are not stored yet, and how old the oldest of them is.
    pub(super) fn set_lag(partition: i32, records: i64, age: Duration) {
        let _: &Self = Self::global();
        let labels = vec![Label::new("partition", partition.to_string())];
        let records = u64::try_from(records).unwrap_or(0);
        PARTITION_LAG.find_gauge(labels.clone()).set(gauge_value(records));
        PARTITION_LAG_SECONDS.find_gauge(labels).set(age.as_secs_f64());
    }
}

/// Where clicks come from. Nearly none from the internet means that a balancer hides the visitors.
pub(super) struct AddressMetrics {
    public: Counter,
    private: Counter,
    unknown: Counter,
}

impl AddressMetrics {
    /// The handles of this process.
    pub(super) fn global() -> &'static Self {
        static METRICS: LazyLock<AddressMetrics> = LazyLock::new(|| AddressMetrics {
            public: ADDRESSES.register_counter(&[("class", "public")]),
            private: ADDRESSES.register_counter(&[("class", "private")]),
            unknown: ADDRESSES.register_counter(&[("class", "unknown")]),
        });
        &METRICS
    }

    /// Counts the address of a click.
    pub(super) fn count(&self, address: IpAddr) {
        let counter = match address {
            address if address.is_unspecified() => &self.unknown,
            address if is_public(address) => &self.public,
            _ => &self.private,
        };
        counter.increment(1);
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

/// What is packed and cannot be read any more.
pub(super) struct DamageMetrics {
    pub(super) deleting: Gauge,
    pub(super) packing: Gauge,
}

impl DamageMetrics {
    /// The handles of this process.
    pub(super) fn global() -> &'static Self {
        static METRICS: LazyLock<DamageMetrics> = LazyLock::new(|| DamageMetrics {
            deleting: DAMAGED_SEGMENTS.register_gauge(&[("task", "delete")]),
            packing: DAMAGED_SEGMENTS.register_gauge(&[("task", "pack")]),
        });
        &METRICS
    }
}
