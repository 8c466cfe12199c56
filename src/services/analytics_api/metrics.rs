//! What analytics counts.

use std::sync::LazyLock;

use metrics::Gauge;

use crate::telemetry::metric::{Metric, gauge_value};

const LIVE_FOLLOWERS: Metric =
    Metric::gauge("elido_analytics_live_followers", &[], "Streams of live clicks that are followed over REST.");

/// Says how many streams of live clicks are followed.
pub(super) fn live_followers(followers: usize) {
    static GAUGE: LazyLock<Gauge> = LazyLock::new(|| LIVE_FOLLOWERS.register_gauge(&[]));
    GAUGE.set(gauge_value(u64::try_from(followers).unwrap_or(u64::MAX)));
}
