//! The first administrator, on the internal listener.

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use http::StatusCode;

use crate::http::extract::Json;
use crate::http::problem::Problem;
use crate::services::api_core::{ApiCore, BootstrapDraft, NewAccount};

/// `POST /internal/admin/bootstrap`. Never serve this where the world can reach it: whoever comes first owns the instance.
pub fn internal_router(core: ApiCore) -> Router {
    Router::new().route("/internal/admin/bootstrap", post(bootstrap)).with_state(core)
}

async fn bootstrap(
    State(core): State<ApiCore>,
    Json(draft): Json<BootstrapDraft>,
) -> Result<(StatusCode, axum::Json<NewAccount>), Problem> {
    Ok((StatusCode::CREATED, axum::Json(core.bootstrap(draft).await?)))
}
