//! Counts the jobs that this process leaves alone because it does not know their kinds, such as those of a newer release.

use std::time::Duration;

use super::metrics;
use super::shared::Shared;
use crate::domain::error::Result;
use crate::infra::store::jobs;
use crate::telemetry::metric::gauge_value;

/// How often they are counted.
const INTERVAL: Duration = Duration::from_secs(60);

impl Shared {
    /// Counts them until the process stops, and logs each new kind.
    pub(super) async fn watch_unknown_kinds(&self) {
        let (gauge, mut logged) = (metrics::unknown_jobs(), Vec::new());
        let counting = async {
            loop {
                if let Some((count, kinds)) =
                    self.tell("jobs of unknown kinds could not be counted", self.count_unknown().await)
                {
                    gauge.set(gauge_value(count));
                    if kinds != logged {
                        tracing::warn!(
                            ?kinds,
                            "there are jobs of kinds that this process does not know; it leaves them alone"
                        );
                        logged = kinds;
                    }
                }
                tokio::time::sleep(INTERVAL).await;
            }
        };
        self.stopping.run_until_cancelled(counting).await;
    }

    async fn count_unknown(&self) -> Result<(u64, Vec<String>)> {
        let reader = self.store.reader();
        let (mut count, mut kinds) = (0, jobs::ready_kinds(reader).await?);
        kinds.retain(|kind| self.handler(kind).is_none());
        for kind in &kinds {
            count += jobs::count_ready(reader, kind).await?;
        }
        Ok((count, kinds))
    }
}
