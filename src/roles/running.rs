//! A process from start to drain.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;

use super::api::ApiSockets;
use super::platform::Platform;
use super::readiness::Readiness;
use super::role::{Role, Roles};
use super::sockets::Sockets;
use super::{api, edge, ingester, internal};
use crate::config::{Config, ConfigError, ConfigErrors, Loaded};
use crate::domain::error::Error;
use crate::http::server::{ListenerSettings, serve};
use crate::infra::click_store::ClickStoreError;
use crate::infra::grpc::tls;
use crate::runtime::tasks::Tasks;
use crate::services::edge_redirect::GrpcOrigin;
use crate::services::edge_redirect::origin::Origin;
use crate::telemetry;

/// Connections to the internal listener at once.
const INTERNAL_CONNECTIONS_MAX: usize = 256;
/// How long the internal listener waits for the head of a request.
const INTERNAL_HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// How much longer than its own deadline a stage of the drain may take.
const GRACE: Duration = Duration::from_secs(2);

/// What keeps a process from starting.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The settings are wrong.
    #[error(transparent)]
    Config(#[from] ConfigErrors),
    /// The source of truth cannot be had.
    #[error("the database cannot be used: {}", with_source(.0))]
    Database(#[from] Error),
    /// The database is new although the data folder is not.
    #[error(
        "the database {database} is empty, but {} holds links or clicks of an earlier one. Put the database or a backup of it in its place. \
         If a new one is meant, make it with `elido migrate up` and start again, or name another data_folder",
        data_folder.display()
    )]
    DatabaseLost {
        /// The address of the database.
        database: String,
        /// Where the rest of the data is.
        data_folder: PathBuf,
    },
    /// The click store cannot be had.
    #[error("the click store cannot be used: {0}")]
    ClickStore(#[from] ClickStoreError),
    /// The machine refuses a thread, a socket or a file.
    #[error("the process cannot start: {0}")]
    Machine(#[from] io::Error),
}

impl From<ConfigError> for StartError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error.into())
    }
}

/// The operator who starts the process may read what clients may not.
fn with_source(error: &Error) -> String {
    error.source.as_ref().map_or_else(|| error.message.clone(), |source| format!("{} {source}", error.message))
}

/// Where a process answers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Addresses {
    /// Redirects.
    pub edge: Option<SocketAddr>,
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
}

impl Stages {
    fn new() -> Self {
        let whole = Tasks::new();
        let part = || whole.child();
        Self { edge: part(), api: part(), fetches: part(), ingester: part(), internal: part(), whole }
    }
}

/// Starts these roles. When it returns, every listener answers.
///
/// # Errors
/// What kept the process from starting.
pub async fn start(loaded: &Loaded, roles: Roles) -> Result<Running, StartError> {
    let config = loaded.config.clone();
    let sockets = Sockets::bind(loaded, &roles)?;
    let addresses = sockets.addresses();
    let stages = Stages::new();
    let platform = Box::pin(Platform::connect(loaded, &roles, &stages.fetches)).await?;
    telemetry::upkeep(&stages.internal);
    let mut readiness = Readiness::default();
    if let Some(store) = platform.click_store.as_ref().filter(|_| roles.has(Role::Ingester)) {
        ingester::start(&config, &platform, store, &mut readiness, &stages.ingester);
    }
    let mut internal_router = axum::Router::new();
    let mut origin: Option<Arc<dyn Origin>> = None;
    if let (Some(http), Some(grpc), Some(store), Some(clicks)) =
        (sockets.api, sockets.grpc, &platform.store, &platform.click_store)
    {
        let api_sockets = ApiSockets { http: TcpListener::from_std(http)?, grpc: TcpListener::from_std(grpc)? };
        let (beside_an_edge, tasks) = (roles.has(Role::Edge), &stages.api);
        let stores = (store, clicks);
        let api = api::start(&config, &platform, stores, api_sockets, beside_an_edge, &mut readiness, tasks);
        let api = Box::pin(api).await?;
        internal_router = internal_router.merge(api.internal_router);
        origin = Some(api.origin);
    }
    if !sockets.edge.is_empty() {
        let origin = origin.map_or_else(|| remote_origin(loaded), Ok)?;
        edge::start(&config, &platform, origin, sockets.edge, &mut readiness, (&stages.edge, &stages.fetches))?;
    }
    let readiness = Arc::new(readiness);
    let internal_router = internal_router.merge(internal::router(Arc::clone(&readiness)));
    let settings = ListenerSettings {
        name: "internal",
        connections_max: INTERNAL_CONNECTIONS_MAX,
        per_address_max: 0,
        header_timeout: INTERNAL_HEADER_TIMEOUT,
        proxy_protocol: false,
    };
    let listener = TcpListener::from_std(sockets.internal)?;
    stages.internal.spawn("internal-listener", serve(listener, internal_router, settings, stages.internal.clone()));
    readiness.set_serving(true);
    Ok(Running { addresses, roles, config, stages, platform, readiness })
}

/// An edge without the api role beside it asks that of another process.
fn remote_origin(loaded: &Loaded) -> Result<Arc<dyn Origin>, StartError> {
    let config = &loaded.config;
    let deadline = Duration::from_millis(config.edge.cache.origin_timeout_ms);
    let certificates = tls::client(&config.grpc)?;
    let origin = GrpcOrigin::new(&config.grpc.origin_url, deadline, certificates).map_err(|error| {
        let key = "grpc.origin_url";
        ConfigError::new(
            key,
            loaded.source_of(key),
            tls::with_reason(error).to_string(),
            "Name an address such as http://127.0.0.1:50051",
        )
    })?;
    Ok(Arc::new(origin))
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
        let (edge, api) = tokio::join!(self.stages.edge.stop(drain + GRACE), self.stages.api.stop(drain));
        let fetches = self.stages.fetches.stop(GRACE).await;
        // Edge workers are gone by now and have sealed their journals, so the ingester can read them to their end.
        let ingester = self.stages.ingester.stop(drain + GRACE).await;
        let internal = self.stages.internal.stop(GRACE).await;
        self.platform.close().await;
        let unfinished: Vec<&str> =
            [edge, api, fetches, ingester, internal].into_iter().filter_map(Result::err).flatten().collect();
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
        say("API", self.addresses.api, "/docs");
        say("internal", self.addresses.internal, "/readyz");
        if self.addresses.api.is_some() {
            lines.push("Create the first account, once, with:".to_owned());
            lines.push("  elido admin bootstrap --email you@example.com".to_owned());
        }
        lines.join("\n")
    }
}

/// Where a listener is reached from this machine.
fn reachable(address: SocketAddr) -> String {
    if address.ip().is_unspecified() { format!("localhost:{}", address.port()) } else { address.to_string() }
}
