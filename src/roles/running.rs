//! A process from start to drain.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use secrecy::ExposeSecret;
use serde_json::json;

use super::api::{Dashboard, ProcessStatus};
use super::platform::Platform;
use super::readiness::Readiness;
use super::role::{Role, Roles};
use super::sockets::Sockets;
use super::start_error::StartError;
use super::startup::Startup;
use super::{api, click_shipping, edge, ingester, internal, workers};
use crate::config::{Config, Loaded};
use crate::runtime::clock;
use crate::runtime::tasks::Tasks;

/// How much longer than its own deadline a stage of the drain may take.
const GRACE: Duration = Duration::from_secs(2);

/// Where a process answers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Addresses {
    /// Redirects.
    pub edge: Option<SocketAddr>,
    /// Redirects over TLS.
    pub edge_over_tls: Option<SocketAddr>,
    /// The API.
    pub api: Option<SocketAddr>,
    /// The link resolver.
    pub grpc: Option<SocketAddr>,
    /// Health, metrics, bootstrap.
    pub internal: Option<SocketAddr>,
}

/// The parts of a process, in the order in which they stop.
#[derive(Default)]
struct Stages {
    whole: Tasks,
    edge: Tasks,
    api: Tasks,
    fetches: Tasks,
    ingester: Tasks,
    workers: Tasks,
    internal: Tasks,
}

/// A process that serves.
pub struct Running {
    addresses: Addresses,
    roles: Roles,
    config: Config,
    stages: Stages,
    platform: Platform,
    readiness: Arc<Readiness>,
    dashboard: Option<Dashboard>,
}

impl Stages {
    fn new() -> Self {
        let whole = Tasks::new();
        let part = || whole.child();
        Self { edge: part(), api: part(), fetches: part(), ingester: part(), workers: part(), internal: part(), whole }
    }
}

/// Starts these roles. When it returns, every listener answers.
///
/// # Errors
/// What kept the process from starting; what had begun by then has ended.
pub async fn start(loaded: &Loaded, roles: Roles) -> Result<Running, StartError> {
    let sockets = Sockets::bind(loaded, &roles)?;
    let addresses = sockets.addresses();
    let stages = Stages::new();
    let startup = Arc::new(Startup::new(patience(loaded, &roles)));
    let platform = Platform::new(loaded, Arc::clone(&startup), stages.fetches.clone())?;
    match Box::pin(start_roles(&platform, &roles, sockets, startup, &stages)).await {
        Ok((readiness, dashboard)) => {
            let config = loaded.config.clone();
            Ok(Running { addresses, roles, config, stages, platform, readiness, dashboard })
        }
        Err(error) => {
            // What does not end in time ends with the process.
            drop(stages.whole.stop(GRACE).await);
            platform.close().await;
            Err(error)
        }
    }
}

/// How long servers may be unavailable at the start. Visitors would wait as long for an edge in the same process, and go elsewhere when it ends.
fn patience(loaded: &Loaded, roles: &Roles) -> Duration {
    if roles.has(Role::Edge) { Duration::ZERO } else { Duration::from_secs(loaded.config.startup.wait_seconds) }
}

/// Each role connects what it uses, so that a process has no connection that none of its services asked for.
async fn start_roles(
    platform: &Platform,
    roles: &Roles,
    sockets: Sockets,
    startup: Arc<Startup>,
    stages: &Stages,
) -> Result<(Arc<Readiness>, Option<Dashboard>), StartError> {
    let internal = internal::start(sockets.internal, startup, &stages.internal)?;
    let mut readiness = Readiness::default();
    let api = match sockets.api {
        Some(sockets) => {
            Some(Box::pin(api::start(platform, sockets, roles.has(Role::Edge), &mut readiness, &stages.api)).await?)
        }
        None => None,
    };
    let (mut internal_router, origin, dashboard, status) = match api {
        Some(api) => (api.internal_router, Some(api.origin), api.dashboard, Some(api.status)),
        None => (Router::default(), None, None, None),
    };
    if !sockets.edge.clear.is_empty() {
        let stages = (&stages.edge, &stages.fetches);
        let edge_router = edge::start(platform, origin, sockets.edge, &mut readiness, stages).await?;
        internal_router = internal_router.merge(edge_router);
    }
    if roles.has(Role::Edge) || roles.has(Role::Ingester) {
        click_shipping::start(platform, &mut readiness, &stages.ingester).await?;
    }
    if roles.has(Role::Ingester) {
        ingester::start(platform, &mut readiness, &stages.ingester).await?;
    }
    if roles.has(Role::Workers) {
        Box::pin(workers::start(platform, roles.has(Role::Api), &mut readiness, &stages.workers)).await?;
    }
    let readiness = Arc::new(readiness);
    readiness.set_serving(true);
    internal.add(internal_router, Arc::clone(&readiness));
    if let Some(status) = status {
        tell_status(&status, roles, Arc::clone(&readiness));
    }
    Ok((readiness, dashboard))
}

fn tell_status(status: &ProcessStatus, roles: &Roles, readiness: Arc<Readiness>) {
    let (roles, started_at) = (roles.to_string(), clock::now());
    status.ask_by(move || {
        let (roles, readiness) = (roles.clone(), Arc::clone(&readiness));
        Box::pin(async move {
            let (_, report) = readiness.report().await;
            let version = env!("CARGO_PKG_VERSION");
            json!({ "version": version, "roles": roles, "started_at": started_at, "readiness": report })
        })
    });
}

/// What nobody has stopped is told to end all the same: threads of edge workers would otherwise hold their stores for ever.
impl Drop for Running {
    fn drop(&mut self) {
        self.stages.whole.stopping().cancel();
    }
}

impl Running {
    /// Where the process answers.
    #[must_use]
    pub fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// Resolves with the name of the first task that ends without being asked to.
    pub async fn failed(&self) -> &'static str {
        self.stages.whole.failed().await
    }

    /// Drains and ends: new work is refused, work in hand is finished, the journal is shipped as far as time allows; the
    /// rest is on disk. Says whether everything was done in time.
    pub async fn stop(&self) -> bool {
        let drain = Duration::from_secs(self.config.shutdown.drain_seconds);
        self.readiness.set_serving(false);
        tokio::time::sleep(Duration::from_millis(self.config.shutdown.balancer_wait_ms)).await;
        let (edge, api, workers) = tokio::join!(
            self.stages.edge.stop(drain + GRACE),
            self.stages.api.stop(drain),
            self.stages.workers.stop(drain + GRACE)
        );
        let fetches = self.stages.fetches.stop(GRACE).await;
        // Edge workers are gone by now and have sealed their journals, so that they can be shipped or stored to their end.
        let ingester = self.stages.ingester.stop(drain + GRACE).await;
        let internal = self.stages.internal.stop(GRACE).await;
        self.platform.close().await;
        let unfinished: Vec<&str> =
            [edge, api, workers, fetches, ingester, internal].into_iter().filter_map(Result::err).flatten().collect();
        if !unfinished.is_empty() {
            tracing::warn!(?unfinished, "stopped before these tasks had ended");
        }
        unfinished.is_empty()
    }

    /// What a person who started the process wants to know.
    pub(super) fn welcome(&self) -> String {
        let mut lines = vec![format!("Elido is running as {}.", self.roles)];
        let mut say = |what: &str, address: Option<SocketAddr>, path: &str| {
            lines.extend(address.map(|address| format!("  {what:<10} http://{}{path}", reachable(address))));
        };
        say("redirects", self.addresses.edge, "/");
        if self.dashboard.is_some() {
            say("dashboard", self.addresses.api, "/");
        }
        say("API", self.addresses.api, "/docs");
        say("internal", self.addresses.internal, "/readyz");
        if let Some(api) = self.addresses.api {
            lines.extend(self.first_steps(api));
        }
        lines.join("\n")
    }

    /// How the first account is made.
    fn first_steps(&self, api: SocketAddr) -> [String; 2] {
        match self.dashboard.as_ref().and_then(|dashboard| dashboard.setup_token.as_ref()) {
            Some(token) => [
                "Create the first account, once and within a day, at:".to_owned(),
                format!("  http://{}/setup#token={}", reachable(api), token.expose_secret()),
            ],
            None => [
                "Create the first account, once, with:".to_owned(),
                "  elido admin bootstrap --email you@example.com".to_owned(),
            ],
        }
    }
}

/// Where a listener is reached from this machine.
fn reachable(address: SocketAddr) -> String {
    if address.ip().is_unspecified() { format!("localhost:{}", address.port()) } else { address.to_string() }
}
