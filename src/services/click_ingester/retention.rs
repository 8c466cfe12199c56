//! Deletes clicks when the operator's time for them is over.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::metrics::DamageMetrics;
use super::policies::ClickPolicies;
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

/// Deletes what is older than `retention` and the workspaces say, at once and then every hour, until `stopping`.
pub async fn delete_old_clicks(
    store: ClickStore,
    retention: Retention,
    policies: ClickPolicies,
    stopping: CancellationToken,
) {
    let clean = async {
        loop {
            if let Err(error) = delete_once(&store, retention, &policies).await {
                tracing::warn!(%error, "could not delete clicks past their retention; trying again in an hour");
            }
            tokio::time::sleep(INTERVAL).await;
        }
    };
    // Deleting goes chunk by chunk, so that it may be dropped between any two.
    stopping.run_until_cancelled(clean).await;
}

async fn delete_once(
    store: &ClickStore,
    retention: Retention,
    policies: &ClickPolicies,
) -> Result<(), ClickStoreError> {
    let now = deletion_clock::now();
    let mut deleted = Deleted::default();
    if let Some(kept) = retention.clicks {
        deleted = deleted.and(store.delete_before(now.minus(kept)).await?);
    }
    if let Some(kept) = retention.orphans {
        deleted = deleted.and(store.delete_orphans_before(now.minus(kept)).await?);
    }
    // One workspace whose clicks cannot be deleted now keeps those of no other.
    let mut failed = None;
    for (workspace_id, policy) in policies.all().iter() {
        if let Some(kept) = policy.retention() {
            match store.delete_of_before(*workspace_id, now.minus(kept)).await {
                Ok(more) => deleted = deleted.and(more),
                Err(error) => failed = Some(error),
            }
        }
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
    failed.map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::domain::click_policy::ClickPolicy;
    use crate::infra::click_store::test_clicks::{visit, workspace};
    use crate::infra::click_store::{ClickBatch, EnrichedClick, JournalledClick, Period, Selection};
    use crate::infra::journal::JournalId;

    #[tokio::test]
    async fn a_workspace_keeps_its_clicks_for_less_long_than_the_instance() {
        let folder = tempfile::tempdir().expect("a folder");
        let config = ClickStoreConfig::embedded("clicks.db");
        let store = ClickStore::open(&config, folder.path()).await.expect("a store");
        let now = deletion_clock::now();
        // Of each workspace one click an hour of the last ten days.
        let clicks = (0..480_u64).map(|position| {
            let at = now.minus(Duration::from_secs(position / 2 * 3_600 + 60));
            let workspace_id = Some(workspace(1 + u128::from(position % 2)));
            JournalledClick { position, click: EnrichedClick { at, workspace_id, ..visit(0) } }
        });
        let batch = ClickBatch {
            journal_id: JournalId::from_u64(1),
            through: 479,
            clicks: clicks.collect(),
            undecodable: Vec::new(),
            tally: None,
        };
        store.store(&batch).await.expect("stored");
        let policy = ClickPolicy { retention_days: 2, ..ClickPolicy::default() };
        let policies = ClickPolicies::of_all(HashMap::from([(workspace(1), policy)]));
        let retention = Retention { clicks: days(5), orphans: None };
        delete_once(&store, retention, &policies).await.expect("deleted");
        for (number, expected) in [(1, 48), (2, 120)] {
            let period = Period { from: now.minus(Duration::from_secs(3_600 * 24 * 20)), to: now };
            let selection = Selection::everything(workspace(number), period);
            assert_eq!(store.summary(&selection).await.expect("a summary").clicks, expected);
        }
    }
}
