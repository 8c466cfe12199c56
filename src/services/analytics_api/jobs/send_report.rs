//! Sends the report of a period to one recipient.
//!
//! Invariant: whoever could not be reached keeps no other from theirs. Where a relay took a message and did not say so, it comes twice.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::error::{Error, ErrorKind};
use crate::domain::id::{ReportScheduleId, UserId, WorkspaceId};
use crate::domain::time::Timestamp;
use crate::infra::click_store::Period;
use crate::infra::jobs::{Handlers, JobFailure, JobKind, Kind};
use crate::infra::mail::Mail;
use crate::infra::store::report_schedules::ReportSchedule;
use crate::services::analytics_api::Analytics;

/// Sends this report to this person.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::services::analytics_api) struct SendReport {
    pub(in crate::services::analytics_api) workspace_id: WorkspaceId,
    pub(in crate::services::analytics_api) schedule_id: ReportScheduleId,
    pub(in crate::services::analytics_api) recipient: UserId,
    pub(in crate::services::analytics_api) from: Timestamp,
    pub(in crate::services::analytics_api) to: Timestamp,
    /// Whether somebody wants to see what it looks like.
    pub(in crate::services::analytics_api) is_test: bool,
}

impl SendReport {
    /// The report of this period.
    pub(in crate::services::analytics_api) fn of(
        schedule: &ReportSchedule,
        recipient: UserId,
        period: Period,
        is_test: bool,
    ) -> Self {
        let (workspace_id, schedule_id) = (schedule.workspace_id, schedule.id);
        Self { workspace_id, schedule_id, recipient, from: period.from, to: period.to, is_test }
    }
}

impl JobKind for SendReport {
    const KIND: Kind = Kind::new("send_report", Duration::from_secs(5 * 60)).concurrency(2);
}

pub(super) fn handlers(analytics: &Analytics, mail: &Mail) -> Handlers {
    let (analytics, mail) = (analytics.clone(), mail.clone());
    Handlers::default().on(move |job: SendReport, _| {
        let (analytics, mail) = (analytics.clone(), mail.clone());
        async move {
            let Some(message) = analytics.report_message(&job).await.map_err(failure)? else { return Ok(()) };
            mail.send(message).await.map_err(|error| match error.is_passing() {
                true => JobFailure::new(error.to_string()),
                false => JobFailure::for_good(error.to_string()),
            })
        }
    })
}

/// What cannot be made at all is not tried again.
fn failure(error: Error) -> JobFailure {
    match error.kind {
        ErrorKind::Invalid => JobFailure::for_good(error.to_string()),
        _ => error.into(),
    }
}
