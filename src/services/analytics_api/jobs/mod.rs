//! What analytics leaves to workers: one file a kind.

mod forget_click_exports;
mod write_clicks;

pub(super) use write_clicks::WriteClicks;

use super::Analytics;
use crate::infra::jobs::Handlers;

/// The kinds of jobs of the service, and how they are done.
#[must_use]
pub fn handlers(analytics: &Analytics) -> Handlers {
    Handlers::default().and(forget_click_exports::handlers(analytics)).and(write_clicks::handlers(analytics))
}
