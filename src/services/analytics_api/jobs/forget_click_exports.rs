//! Forgets files of clicks that have expired, and gives those up that nobody writes any more.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::infra::jobs::{CronKind, Handlers, JobKind, Kind};
use crate::runtime::deletion_clock;
use crate::services::analytics_api::Analytics;

/// How many are forgotten at a time.
const STEP: u64 = 100;

/// Forgets click exports that have expired, and gives up what is stuck.
#[derive(Debug, Default, Serialize, Deserialize)]
struct ForgetClickExports {}

impl JobKind for ForgetClickExports {
    const KIND: Kind = Kind::new("forget_click_exports", Duration::from_secs(10 * 60)).concurrency(1);
}

impl CronKind for ForgetClickExports {
    const EVERY: Duration = Duration::from_secs(60 * 60);
}

pub(super) fn handlers(analytics: &Analytics) -> Handlers {
    let analytics = analytics.clone();
    Handlers::default().on_tick(move |_: ForgetClickExports, _| {
        let analytics = analytics.clone();
        async move { Ok(analytics.forget_click_exports(deletion_clock::now(), STEP).await?) }
    })
}
