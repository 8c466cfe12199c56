//! Analytics over REST.

mod handlers;
mod parameters;
mod refusals;
#[cfg(test)]
mod tests;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Analytics;

/// Every operation of analytics. Authentication is the caller's: it leaves a `Principal` in the extensions of each request.
#[must_use]
pub fn operations() -> OpenApiRouter<Analytics> {
    OpenApiRouter::new()
        .routes(routes!(handlers::summary))
        .routes(routes!(handlers::timeseries))
        .routes(routes!(handlers::breakdown))
        .routes(routes!(handlers::events))
        .routes(routes!(handlers::export))
}
