//! Deletes clicks when the operator's time for them is over.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::infra::click_store::ClickStore;
use crate::runtime::clock;

/// How often it looks.
const INTERVAL: Duration = Duration::from_secs(60 * 60);
const SECONDS_PER_DAY: u64 = 24 * 60 * 60;

/// Keeps raw clicks `retention_days` and deletes older ones every hour, until `stopping`; 0 keeps them for ever.
pub async fn delete_old_clicks(store: ClickStore, retention_days: u32, stopping: CancellationToken) {
    if retention_days == 0 {
        return stopping.cancelled().await;
    }
    let kept = Duration::from_secs(u64::from(retention_days) * SECONDS_PER_DAY);
    let clean = async {
        loop {
            delete_once(&store, kept).await;
            tokio::time::sleep(INTERVAL).await;
        }
    };
    // Deleting goes chunk by chunk, so that it may be dropped between any two.
    stopping.run_until_cancelled(clean).await;
}

async fn delete_once(store: &ClickStore, kept: Duration) {
    match store.delete_before(clock::now().minus(kept)).await {
        Ok(0) => {}
        Ok(clicks) => tracing::info!(clicks, "deleted clicks past their retention"),
        Err(error) => tracing::warn!(%error, "could not delete clicks past their retention; trying again in an hour"),
    }
}
