//! What the ingester shows of its account of clicks.

use std::sync::LazyLock;

use metrics::Gauge;

use super::metrics::{CLICK_ACCOUNT, gauge_value};

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
            missing: CLICK_ACCOUNT.gauge(&[("side", "missing")]),
            surplus: CLICK_ACCOUNT.gauge(&[("side", "surplus")]),
            dropped: CLICK_ACCOUNT.gauge(&[("side", "dropped")]),
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
