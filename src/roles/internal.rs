//! The internal listener: health, readiness, metrics, and what only the cluster may reach.

use std::io;
use std::net::TcpListener as StdListener;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use tokio::net::TcpListener;

use super::readiness::Readiness;
use crate::http::server::{ListenerSettings, serve};
use crate::runtime::tasks::Tasks;
use crate::telemetry;

/// Connections at once.
const CONNECTIONS_MAX: usize = 256;
/// How long a connection may take to send the head of a request.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// Answers what every process does, and `router`.
///
/// # Errors
/// The machine refuses the socket.
pub(super) fn start(socket: StdListener, router: Router, readiness: Arc<Readiness>, tasks: &Tasks) -> io::Result<()> {
    telemetry::upkeep(tasks);
    let settings = ListenerSettings {
        name: "internal",
        connections_max: CONNECTIONS_MAX,
        per_address_max: 0,
        header_timeout: HEADER_TIMEOUT,
        proxy_protocol: false,
    };
    let router = router.merge(own_router(readiness));
    tasks.spawn("internal-listener", serve(TcpListener::from_std(socket)?, router, settings, tasks.clone()));
    Ok(())
}

fn own_router(readiness: Arc<Readiness>) -> Router {
    Router::new()
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(move || ready(Arc::clone(&readiness))))
        .route("/metrics", get(metrics))
}

async fn ready(readiness: Arc<Readiness>) -> Response {
    let (ready, report) = readiness.report().await;
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(report)).into_response()
}

/// The Prometheus text format, version 0.0.4.
async fn metrics() -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], telemetry::render()).into_response()
}
