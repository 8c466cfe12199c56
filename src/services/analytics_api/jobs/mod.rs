//! What analytics leaves to workers: one file a kind.

mod erase_purged_workspaces;
mod forget_click_exports;
mod plan_reports;
mod post_report;
mod send_report;
mod write_clicks;

pub(super) use post_report::PostReport;
pub(super) use send_report::SendReport;
pub(super) use write_clicks::WriteClicks;

use super::Analytics;
use crate::infra::jobs::Handlers;
use crate::infra::mail::Mail;

/// The kinds of jobs of the service, and how they are done.
#[must_use]
pub fn handlers(analytics: &Analytics, mail: &Mail) -> Handlers {
    Handlers::default()
        .and(erase_purged_workspaces::handlers(analytics))
        .and(forget_click_exports::handlers(analytics))
        .and(plan_reports::handlers(analytics))
        .and(post_report::handlers(analytics))
        .and(send_report::handlers(analytics, mail))
        .and(write_clicks::handlers(analytics))
}
