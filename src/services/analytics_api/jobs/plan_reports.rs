//! Enqueues the reports that are due.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::infra::jobs::{CronKind, Handlers, JobKind, Kind};
use crate::runtime::clock;
use crate::services::analytics_api::Analytics;

/// How many schedules are looked at in one go.
const STEP: u64 = 100;

/// Enqueues the reports that are due.
#[derive(Debug, Default, Serialize, Deserialize)]
struct PlanReports {}

impl JobKind for PlanReports {
    const KIND: Kind = Kind::new("plan_reports", Duration::from_secs(5 * 60)).concurrency(1);
}

impl CronKind for PlanReports {
    const EVERY: Duration = Duration::from_secs(5 * 60);
}

pub(super) fn handlers(analytics: &Analytics) -> Handlers {
    let analytics = analytics.clone();
    Handlers::default().on_tick(move |_: PlanReports, _| {
        let analytics = analytics.clone();
        async move {
            // Each of them gets a time that lies ahead, so that this ends.
            while analytics.plan_reports(clock::now(), STEP).await? > 0 {}
            while analytics.plan_far_reports(clock::now(), STEP).await? > 0 {}
            Ok(())
        }
    })
}
