//! `/v1/api-keys/revoke`: the end of a key that has leaked, for whoever holds it.

use axum::extract::{DefaultBodyLimit, State};
use http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::extract::Json as Body;
use crate::http::problem::Problem;
use crate::http::responses::PlainBodyProblems;
use crate::services::api_core::{ApiCore, LeakedApiKey, api_keys};

/// The longest request, in bytes: nobody is known who sends it.
const BYTES_MAX: usize = 4 * 1024;

pub(super) fn routes() -> OpenApiRouter<ApiCore> {
    OpenApiRouter::new().routes(routes!(revoke)).layer(DefaultBodyLimit::max(BYTES_MAX))
}

/// Revoke an API key that has leaked
///
/// Whoever holds the secret of a key can revoke it, at once and for good, without another credential. The response is the same where there
/// is no such key or none any more, so that it can be repeated. An `Idempotency-Key` has no effect here.
#[utoipa::path(
    post, path = "/v1/api-keys/revoke", operation_id = "revoke_leaked_api_key", tag = "api-keys", security(()),
    extensions(("x-audit-action" = json!(api_keys::REVOKED.name()))),
    request_body = LeakedApiKey,
    responses((status = 204, description = "No key has this secret any more."), PlainBodyProblems)
)]
async fn revoke(State(core): State<ApiCore>, Body(leaked): Body<LeakedApiKey>) -> Result<StatusCode, Problem> {
    core.revoke_leaked_api_key(&leaked).await?;
    Ok(StatusCode::NO_CONTENT)
}
