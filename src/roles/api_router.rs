//! Every operation of the API, in the layers that all of them wear.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::config::Config;
use crate::domain::error::{Error, Result};
use crate::http::idempotency::{Idempotency, repeat_answers};
use crate::http::openapi;
use crate::http::rate_limit::{RateLimit, limit};
use crate::http::standard::{ServiceLimits, complete};
use crate::runtime::tasks::Tasks;
use crate::runtime::token_bucket::Rate;
use crate::services::analytics_api::{self, Analytics};
use crate::services::api_core::rest::{IdempotencyRecords, authenticate};
use crate::services::api_core::{self, ApiCore};
use crate::services::identity::{self, Identity};

/// What the operations are sorted by.
const TAGS: [(&str, &str); 7] = [
    ("auth", "Signing in and out, and sessions."),
    ("workspaces", "Workspaces and their members."),
    ("api-keys", "Keys for programs."),
    ("domains", "Host names that short links live on."),
    ("links", "Short links and their rules."),
    ("tags", "Labels on links."),
    ("analytics", "Clicks: totals, series, breakdowns and raw events."),
];

/// The services behind the API.
pub(super) struct Services {
    pub(super) api_core: ApiCore,
    pub(super) identity: Identity,
    pub(super) analytics: Analytics,
}

/// The whole API with its document and the page to browse it.
///
/// # Errors
/// Settings that limit everything to nothing; a document that cannot be written.
pub(super) fn router(config: &Config, services: Services, tasks: &Tasks) -> Result<Router> {
    let (operations, document) = operations(config.api.public_url.as_str(), &services).split_for_parts();
    let records = IdempotencyRecords::new(services.api_core.store().clone());
    let idempotency = Idempotency::new(Arc::new(records), tasks.clone());
    let operations = operations
        // Innermost: what was refused before has claimed no key.
        .layer(from_fn_with_state(idempotency, repeat_answers))
        .layer(from_fn_with_state(RateLimit::new(rate(config)?), limit))
        // Outermost: limits and keys belong to a credential.
        .layer(from_fn_with_state(services.api_core, authenticate));
    let documents = openapi::routes(&document).map_err(Error::internal)?;
    let limits = ServiceLimits {
        body_bytes_max: config.api.body_bytes_max,
        request_timeout: Duration::from_secs(config.api.request_timeout_seconds),
        trusted_proxy_hops: config.api.trusted_proxy_hops,
    };
    Ok(complete(operations.merge(documents), limits))
}

fn operations(public_url: &str, services: &Services) -> OpenApiRouter {
    OpenApiRouter::with_openapi(openapi::frame(public_url, &TAGS))
        .merge(identity::rest::router(services.identity.clone()))
        .merge(api_core::rest::router(services.api_core.clone()))
        .merge(analytics_api::rest::router(services.analytics.clone()))
}

/// The OpenAPI document, without any service behind it.
#[must_use]
pub fn document(public_url: &str) -> OpenApi {
    let mut document = openapi::frame(public_url, &TAGS);
    document.merge(identity::rest::routes().into_openapi());
    document.merge(api_core::rest::routes().into_openapi());
    document.merge(analytics_api::rest::routes().into_openapi());
    document
}

fn rate(config: &Config) -> Result<Rate> {
    let rate = Rate::new(config.api.rate_limit_per_minute, Duration::from_secs(60), config.api.rate_limit_burst);
    rate.ok_or_else(|| {
        let message = "api.rate_limit_per_minute and api.rate_limit_burst must be at least 1.";
        Error::new(crate::domain::error::ErrorKind::Invalid, "rate_limit", message)
    })
}
