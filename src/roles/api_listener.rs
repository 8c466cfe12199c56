//! The listener of the API: what every request passes through before it reaches a service.

use std::net::TcpListener as StdListener;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use tokio::net::TcpListener;

use super::api_document::document;
use super::start_error::StartError;
use crate::config::sections::ApiConfig;
use crate::http::idempotency::{Idempotency, repeat_responses};
use crate::http::middleware::{ServiceLimits, complete};
use crate::http::openapi;
use crate::http::rate_limit::{RateLimit, limit};
use crate::http::server::{ListenerSettings, serve};
use crate::runtime::tasks::Tasks;
use crate::services::api_core::rest::{Authentication, authenticate};

/// How long a connection may take to send a request's head, and may idle between requests.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);
/// Connections at once. Where there are more, those that were silent for longest are ended.
const CONNECTIONS_MAX: usize = 4096;
/// Connections at once of one address.
const CONNECTIONS_PER_ADDRESS_MAX: usize = 1024;

/// What a request passes through.
pub(super) struct Gates {
    /// Knows credentials.
    pub(super) authentication: Authentication,
    /// Knows what was answered before.
    pub(super) idempotency: Idempotency,
    /// The limit of each credential, and of each address without one; none if the settings have none.
    pub(super) rate_limit: Option<RateLimit>,
}

/// Answers `operations` on this socket, `open` operations, which find out by themselves who asks, and whatever the dashboard makes of the
/// operations.
///
/// # Errors
/// The machine refuses the socket.
pub(super) fn start(
    config: &ApiConfig,
    (operations, open): (Router, Router),
    dashboard: impl FnOnce(Router) -> Router,
    gates: Gates,
    socket: StdListener,
    tasks: &Tasks,
) -> Result<(), StartError> {
    let is_direct = config.trusted_proxy_hops == 0 && !config.proxy_protocol;
    let settings = ListenerSettings {
        name: "api",
        connections_max: CONNECTIONS_MAX,
        // Behind a proxy all connections have its address.
        per_address_max: if is_direct { CONNECTIONS_PER_ADDRESS_MAX } else { 0 },
        header_timeout: HEADER_TIMEOUT,
        proxy_protocol: config.proxy_protocol,
    };
    let router = gates.before(operations, open, dashboard, config)?;
    tasks.spawn("api-listener", serve(TcpListener::from_std(socket)?, router, settings, tasks.clone()));
    Ok(())
}

impl Gates {
    fn before(
        self,
        operations: Router,
        open: Router,
        dashboard: impl FnOnce(Router) -> Router,
        config: &ApiConfig,
    ) -> Result<Router, StartError> {
        let limited = |router: Router| match &self.rate_limit {
            Some(rate_limit) => router.layer(from_fn_with_state(rate_limit.clone(), limit)),
            None => router,
        };
        // Innermost, because a response is repeated only to the credential that it was given to.
        let operations = operations.layer(from_fn_with_state(self.idempotency, repeat_responses));
        // Outermost, because limits and repetition go by the credential.
        let operations = limited(operations).layer(from_fn_with_state(self.authentication, authenticate));
        let documents = openapi::routes(&document(&config.public_url)).map_err(std::io::Error::from)?;
        let limits = ServiceLimits {
            body_bytes_max: config.body_bytes_max,
            request_timeout: Duration::from_secs(config.request_timeout_seconds),
            trusted_proxies: config.trusted_proxies(),
        };
        let dashboard = dashboard(operations.clone());
        Ok(complete(operations.merge(limited(open)).merge(documents).merge(dashboard), limits))
    }
}
