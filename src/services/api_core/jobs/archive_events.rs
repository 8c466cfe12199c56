//! Writes events that are about to be forgotten into files.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::infra::jobs::{CronKind, Handlers, JobKind, Kind};
use crate::services::api_core::ApiCore;

/// Writes events that are about to be forgotten into files.
#[derive(Debug, Default, Serialize, Deserialize)]
struct ArchiveEvents {}

impl JobKind for ArchiveEvents {
    const KIND: Kind = Kind::new("archive_events", Duration::from_secs(60 * 60)).concurrency(1);
}

impl CronKind for ArchiveEvents {
    const EVERY: Duration = Duration::from_secs(15 * 60);
}

pub(super) fn handlers(core: &ApiCore) -> Handlers {
    let core = core.clone();
    Handlers::default().on_tick(move |_: ArchiveEvents, _| {
        let core = core.clone();
        async move { Ok(core.archive_events().await?) }
    })
}
