//! What Caddy asks before it gets a certificate for a host name: whether a domain has it.
//!
//! Invariant: the answer comes from the memory of the edge, so that it is there while the database and the api role are unavailable.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::get;
use serde::Deserialize;

use crate::services::edge_redirect::{Edge, Known};

/// The question, as Caddy puts it (`on_demand_tls.ask`).
#[derive(Deserialize)]
struct Question {
    /// The host name.
    domain: String,
}

/// Answers for this edge.
pub(super) fn router(edge: Arc<Edge>) -> Router {
    Router::new().route("/internal/tls/ask", get(ask)).with_state(edge)
}

async fn ask(State(edge): State<Arc<Edge>>, Query(question): Query<Question>) -> StatusCode {
    match edge.serves(&question.domain) {
        Known::Yes => StatusCode::OK,
        Known::No | Known::Unknown => StatusCode::NOT_FOUND,
    }
}
