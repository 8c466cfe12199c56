//! Deletes clicks when the operator's time for them is over.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::metrics::DamageMetrics;
use crate::config::sections::ClickStoreConfig;
use crate::infra::click_store::{ClickStore, ClickStoreError, Deleted};
use crate::runtime::deletion_clock;
use crate::telemetry::metric::gauge_value;

/// How often it looks.
const INTERVAL: Duration = Duration::from_secs(60 * 60);
const SECONDS_PER_DAY: u64 = 24 * 60 * 60;

/// How long clicks are kept; for ever where nothing is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Any click.
    clicks: Option<Duration>,
    /// Visits that belong to no link.
    orphans: Option<Duration>,
}

impl Retention {
    /// As the settings say.
    #[must_use]
    pub fn of(config: &ClickStoreConfig) -> Self {
        Self { clicks: days(config.retention_days), orphans: days(config.orphan_retention_days) }
    }
}

fn days(count: u32) -> Option<Duration> {
    (count > 0).then(|| Duration::from_secs(u64::from(count) * SECONDS_PER_DAY))
}

/// Deletes what is older than `retention` says at once and then every hour, until `stopping`.
pub async fn delete_old_clicks(store: ClickStore, retention: Retention, stopping: CancellationToken) {
    let clean = async {
        loop {
            if let Err(error) = delete_once(&store, retention).await {
                tracing::warn!(%error, "could not delete clicks past their retention; trying again in an hour");
            }
            tokio::time::sleep(INTERVAL).await;
        }
    };
    // Deleting goes chunk by chunk, so that it may be dropped between any two.
    stopping.run_until_cancelled(clean).await;
}

async fn delete_once(store: &ClickStore, retention: Retention) -> Result<(), ClickStoreError> {
    let now = deletion_clock::now();
    let mut deleted = Deleted::default();
    if let Some(kept) = retention.clicks {
        deleted = deleted.and(store.delete_before(now.minus(kept)).await?);
    }
    if let Some(kept) = retention.orphans {
        deleted = deleted.and(store.delete_orphans_before(now.minus(kept)).await?);
    }
    DamageMetrics::global().deleting.set(gauge_value(deleted.damaged));
    if deleted.clicks > 0 {
        tracing::info!(clicks = deleted.clicks, "deleted clicks past their retention");
    }
    if deleted.damaged > 0 {
        tracing::error!(
            segments = deleted.damaged,
            "packed clicks are damaged, and stay past their retention until all of them are past it; elido clicks verify names them"
        );
    }
    Ok(())
}
