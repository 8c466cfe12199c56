//! Sends the report of a period to a webhook.
//!
//! Invariant: a receiver that answers slowly holds up few others. Where it took a message and did not say so, it comes twice, under the same id.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::id::{ReportScheduleId, WorkspaceId};
use crate::domain::time::Timestamp;
use crate::infra::jobs::{Handlers, JobKind, Kind};
use crate::services::analytics_api::Analytics;

/// Sends this report.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::services::analytics_api) struct PostReport {
    pub(in crate::services::analytics_api) workspace_id: WorkspaceId,
    pub(in crate::services::analytics_api) schedule_id: ReportScheduleId,
    pub(in crate::services::analytics_api) from: Timestamp,
    pub(in crate::services::analytics_api) to: Timestamp,
    /// The same at every attempt.
    pub(in crate::services::analytics_api) message_id: String,
    /// Whether somebody wants to see what it looks like.
    pub(in crate::services::analytics_api) is_test: bool,
}

impl JobKind for PostReport {
    const KIND: Kind = Kind::new("post_report", Duration::from_secs(5 * 60)).concurrency(4).concurrency_per_key(2);
}

pub(super) fn handlers(analytics: &Analytics) -> Handlers {
    let analytics = analytics.clone();
    Handlers::default().on(move |job: PostReport, attempt| {
        let analytics = analytics.clone();
        async move {
            let is_last = attempt.number() >= PostReport::KIND.attempts_max();
            analytics.post_report(&job, attempt.number(), is_last).await
        }
    })
}
