//! Analytics over REST.
//!
//! Invariant: handlers reach a workspace only through [`crate::services::api_core::rest::Authorized`].

mod click_exports;
pub(super) mod filters;
mod handlers;
mod parameters;
mod query_limits;
mod report_schedules;
mod shares;
#[cfg(test)]
mod tests;

use axum::extract::FromRef;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Analytics;
use crate::services::api_core::ApiCore;

impl FromRef<Analytics> for ApiCore {
    fn from_ref(analytics: &Analytics) -> Self {
        analytics.core().clone()
    }
}

/// The sections of the API's document that are about this service: their names, and what they say.
pub const TAGS: &[(&str, &str)] = &[
    ("analytics", "What became of the links' clicks."),
    ("shares", "Pages of statistics that whoever has their address sees."),
];

/// Every operation of analytics. Wrap them in api-core's authentication.
#[must_use]
pub fn operations() -> OpenApiRouter<Analytics> {
    OpenApiRouter::new()
        .routes(routes!(handlers::summary))
        .routes(routes!(handlers::timeseries))
        .routes(routes!(handlers::sparklines))
        .routes(routes!(handlers::hours_of_week))
        .routes(routes!(handlers::breakdown))
        .routes(routes!(handlers::funnel))
        .routes(routes!(handlers::live))
        .routes(routes!(handlers::events))
        .routes(routes!(handlers::export))
        .routes(routes!(handlers::erase))
        .routes(routes!(handlers::processing_record))
        .merge(click_exports::routes())
        .merge(query_limits::routes())
        .merge(report_schedules::routes())
        .merge(shares::routes())
}
