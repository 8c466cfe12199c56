//! Has the click store pack what was stored, so that questions about many clicks stay fast.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::infra::click_store::ClickStore;

/// The shortest time between two looks.
const INTERVAL_MIN: Duration = Duration::from_secs(1);
/// The longest, also after a look that took long.
const INTERVAL_MAX: Duration = Duration::from_secs(60);
/// How many times as long as a look takes is waited behind it.
const REST: u32 = 4;
/// The wait after a failure.
const RETRY: Duration = Duration::from_secs(60);

/// Packs clicks again and again, until `stopping`. Packing goes step by step, so that it may be dropped between any two.
pub async fn pack_clicks(store: ClickStore, stopping: CancellationToken) {
    let pack = async {
        loop {
            let begun = Instant::now();
            let wait = match store.compact(false).await {
                Ok(_) => (begun.elapsed() * REST).clamp(INTERVAL_MIN, INTERVAL_MAX),
                Err(error) => {
                    tracing::warn!(%error, "could not pack clicks, so that reports are slower; trying again in a minute");
                    RETRY
                }
            };
            tokio::time::sleep(wait).await;
        }
    };
    stopping.run_until_cancelled(pack).await;
}
