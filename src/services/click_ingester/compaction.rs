//! Has the click store pack what was stored, so that questions about many clicks stay fast.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::metrics::DamageMetrics;
use crate::infra::click_store::ClickStore;
use crate::telemetry::metric::gauge_value;

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
        let mut damaged_most = 0;
        loop {
            let begun = Instant::now();
            let compacted = store.compact(false).await;
            if let Ok(compacted) = &compacted {
                tell_damage(&mut damaged_most, compacted.damaged);
            }
            let wait = match compacted {
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

/// Says how many segments are damaged, when there are more than were ever found at once. Whoever packs meets them only now and then.
fn tell_damage(most: &mut u64, damaged: u64) {
    if damaged > *most {
        tracing::error!(
            segments = damaged,
            "packed clicks are damaged and stay as they are; elido clicks verify names them"
        );
        DamageMetrics::global().packing.set(gauge_value(damaged));
        *most = damaged;
    }
}
