//! Deletes workspaces for good whose deletion can no longer be undone.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::infra::jobs::{CronKind, Handlers, JobKind, Kind};
use crate::services::api_core::ApiCore;

/// Deletes for good what is due.
#[derive(Debug, Default, Serialize, Deserialize)]
struct PurgeWorkspaces {}

impl JobKind for PurgeWorkspaces {
    const KIND: Kind = Kind::new("purge_workspaces", Duration::from_secs(10 * 60)).concurrency(1);
}

impl CronKind for PurgeWorkspaces {
    const EVERY: Duration = Duration::from_secs(15 * 60);
}

pub(super) fn handlers(core: &ApiCore) -> Handlers {
    let core = core.clone();
    Handlers::default().on_tick(move |_: PurgeWorkspaces, _| {
        let core = core.clone();
        async move { Ok(core.purge_workspaces().await?) }
    })
}
