//! The internal listener: health, readiness, metrics, and what only the cluster may reach.
//!
//! It answers from the first moment on, also while the process waits for its servers.

use std::io;
use std::net::TcpListener as StdListener;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tower::ServiceExt;

use super::readiness::{Condition, Readiness, Report};
use super::startup::Startup;
use crate::http::server::{ListenerSettings, serve};
use crate::runtime::tasks::Tasks;
use crate::telemetry;

/// Connections at once.
const CONNECTIONS_MAX: usize = 256;
/// How long a connection may take to send the head of a request.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// What is at the root, for whoever looks what this port is.
const CONTENTS: &str = "The internal listener of Elido: /livez, /readyz, /metrics. Nothing here is for visitors.\n";

/// The listener of a process, which knows the parts of it only when they have started.
pub(super) struct Internal(Arc<OnceLock<Parts>>);

struct Parts {
    router: Router,
    readiness: Arc<Readiness>,
}

/// Answers what every process does.
///
/// # Errors
/// The machine refuses the socket.
pub(super) fn start(socket: StdListener, startup: Arc<Startup>, tasks: &Tasks) -> io::Result<Internal> {
    telemetry::upkeep(tasks);
    let settings = ListenerSettings {
        name: "internal",
        connections_max: CONNECTIONS_MAX,
        per_address_max: 0,
        header_timeout: HEADER_TIMEOUT,
        proxy_protocol: false,
    };
    let parts = Arc::new(OnceLock::new());
    let router = router(Arc::clone(&parts), startup);
    tasks.spawn("internal-listener", serve(TcpListener::from_std(socket)?, router, settings, tasks.clone()));
    Ok(Internal(parts))
}

impl Internal {
    /// From now on the parts of the process answer too: what they have on this listener, and how they are.
    pub(super) fn add(&self, router: Router, readiness: Arc<Readiness>) {
        // A process begins once.
        let _again = self.0.set(Parts { router, readiness });
    }
}

fn router(parts: Arc<OnceLock<Parts>>, startup: Arc<Startup>) -> Router {
    let for_ready = Arc::clone(&parts);
    Router::new()
        .route("/", get(|| async { CONTENTS }))
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(move || ready(Arc::clone(&for_ready), Arc::clone(&startup))))
        .route("/metrics", get(metrics))
        .fallback(move |request| of_a_part(Arc::clone(&parts), request))
}

async fn of_a_part(parts: Arc<OnceLock<Parts>>, request: Request) -> Response {
    match parts.get() {
        Some(parts) => parts.router.clone().oneshot(request).await.into_response(),
        None => (StatusCode::SERVICE_UNAVAILABLE, "The process is starting.\n").into_response(),
    }
}

async fn ready(parts: Arc<OnceLock<Parts>>, startup: Arc<Startup>) -> Response {
    let (ready, report) = match parts.get() {
        Some(parts) => Arc::clone(&parts.readiness).report().await,
        None => (false, Report::not_ready(startup.missing().map(|part| (part, Condition::Down)))),
    };
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(report)).into_response()
}

/// The Prometheus text format, version 0.0.4.
async fn metrics() -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], telemetry::render()).into_response()
}
