//! Erases clicks of workspaces that are gone for good.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::infra::jobs::{CronKind, Handlers, JobKind, Kind};
use crate::services::analytics_api::Analytics;

/// How many workspaces are looked for at a time.
const STEP: u64 = 1_000;

/// Erases clicks of all workspaces that were ever purged: those of long ago too, because clicks may come late.
#[derive(Debug, Default, Serialize, Deserialize)]
struct ErasePurgedWorkspaces {}

impl JobKind for ErasePurgedWorkspaces {
    const KIND: Kind = Kind::new("erase_purged_workspaces", Duration::from_secs(60 * 60)).concurrency(1);
}

impl CronKind for ErasePurgedWorkspaces {
    const EVERY: Duration = Duration::from_secs(15 * 60);
}

pub(super) fn handlers(analytics: &Analytics) -> Handlers {
    let analytics = analytics.clone();
    Handlers::default().on_tick(move |_: ErasePurgedWorkspaces, _| {
        let analytics = analytics.clone();
        async move { Ok(analytics.erase_purged_workspaces(STEP).await?) }
    })
}
