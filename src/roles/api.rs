//! The api role: identity, api-core and analytics-api, behind one listener.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use tokio::net::TcpListener;
use url::Url;
use utoipa::openapi::OpenApi;

use super::direct_origin::DirectOrigin;
use super::platform::Platform;
use super::probe::Probe;
use super::readiness::{Condition, Readiness};
use super::running::StartError;
use crate::config::Config;
use crate::config::sections::ApiConfig;
use crate::domain::destination_policy::DestinationPolicy;
use crate::http::idempotency::{Idempotency, repeat_responses};
use crate::http::middleware::{ServiceLimits, complete};
use crate::http::openapi;
use crate::http::rate_limit::{RateLimit, limit};
use crate::http::server::{ListenerSettings, serve};
use crate::infra::cache::redis::Redis;
use crate::infra::click_store::ClickStore;
use crate::infra::grpc::tls;
use crate::infra::store::Store;
use crate::runtime::tasks::Tasks;
use crate::runtime::token_bucket::Rate;
use crate::services::analytics_api::{self, Analytics};
use crate::services::api_core::rest::{self as core_rest, IdempotencyRecords};
use crate::services::api_core::{ApiCore, Limits, Settings, grpc};
use crate::services::edge_redirect::origin::Origin;
use crate::services::identity::{self, Identity};

/// The sections of the API's document, in their order.
const TAGS: [(&str, &str); 7] = [
    ("auth", "Sessions, and who you are."),
    ("workspaces", "The tenants that own everything else, and their members."),
    ("api-keys", "Credentials for programs."),
    ("domains", "The host names that links live on."),
    ("links", "Short links and their smart-link rules."),
    ("tags", "Labels on links."),
    ("analytics", "What became of the links' clicks."),
];
/// How long a connection may take to send a request's head, and may idle between requests.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);
/// Connections at once. Where there are more, those that were silent for longest are ended.
const CONNECTIONS_MAX: usize = 4096;
/// Connections at once of one address.
const CONNECTIONS_PER_ADDRESS_MAX: usize = 1024;
const MINUTE: Duration = Duration::from_secs(60);

/// What the role listens on.
pub(super) struct ApiSockets {
    /// REST.
    pub(super) http: TcpListener,
    /// gRPC.
    pub(super) grpc: TcpListener,
}

/// What other parts of the process want of the api role.
pub(super) struct Api {
    /// What it answers on the internal listener.
    pub(super) internal_router: Router,
    /// Where an edge in the same process gets its links from.
    pub(super) origin: Arc<dyn Origin>,
}

/// Starts the services of the role on these sockets.
pub(super) async fn start(
    config: &Config,
    platform: &Platform,
    (store, click_store): (&Store, &ClickStore),
    sockets: ApiSockets,
    beside_an_edge: bool,
    readiness: &mut Readiness,
    tasks: &Tasks,
) -> Result<Api, StartError> {
    let redis = platform.shared_links.as_ref().map(|shared| shared.redis().clone());
    let core = ApiCore::new(
        store.clone(),
        platform.invalidations.clone(),
        platform.passwords.clone(),
        tasks.clone(),
        Settings {
            default_domain_url: config.links.default_domain_url.clone(),
            default_domain_workspace: config.links.workspace(),
            destinations: DestinationPolicy::new(config.links.schemes()),
            lifetimes: config.edge.cache.lifetimes(),
            geo: platform.geo.clone(),
            user_agents: platform.agents.clone(),
        },
    )
    .counting_clicks(click_store.clone())
    .writing_through(platform.shared_links.clone())
    .limiting(Limits::new(&config.api, redis.clone()));
    core.begin_history().await?;
    core.ensure_default_domain().await?;
    tasks.spawn("api-housekeeping", core.clone().keep_house());
    let session_lifetime = Duration::from_secs(u64::from(config.api.session_hours) * 60 * 60);
    let services = Services {
        identity: Identity::new(store.clone(), platform.passwords.clone(), session_lifetime, redis.clone()),
        analytics: Analytics::new(click_store.clone(), core.clone()),
        idempotency: Idempotency::new(Arc::new(IdempotencyRecords::new(core.clone())), tasks.clone()),
        core: core.clone(),
        redis,
    };
    let router = services.router(&config.api)?;
    let settings = ListenerSettings {
        name: "api",
        connections_max: CONNECTIONS_MAX,
        // Behind a proxy all connections have its address.
        per_address_max: if config.api.trusted_proxy_hops == 0 && !config.api.proxy_protocol {
            CONNECTIONS_PER_ADDRESS_MAX
        } else {
            0
        },
        header_timeout: HEADER_TIMEOUT,
        proxy_protocol: config.api.proxy_protocol,
    };
    tasks.spawn("api-listener", serve(sockets.http, router, settings, tasks.clone()));
    let server = grpc::server(tls::server(&config.grpc)?).map_err(tls::with_reason)?;
    listen_for_cluster(server, sockets.grpc, core.clone(), tasks);
    check_stores(store.clone(), click_store.clone(), beside_an_edge, readiness, tasks);
    let internal_router = core_rest::internal_router(core.clone(), &config.data_folder).await?;
    Ok(Api { internal_router, origin: Arc::new(DirectOrigin(core)) })
}

/// The OpenAPI document of every operation.
#[must_use]
pub fn document(public_url: &Url) -> OpenApi {
    let mut document = openapi::frame(public_url.as_str(), &TAGS);
    document.merge(identity::rest::operations().into_openapi());
    document.merge(core_rest::operations().into_openapi());
    document.merge(analytics_api::rest::operations().into_openapi());
    document
}

struct Services {
    identity: Identity,
    core: ApiCore,
    analytics: Analytics,
    idempotency: Idempotency,
    redis: Option<Redis>,
}

impl Services {
    fn router(self, config: &ApiConfig) -> Result<Router, StartError> {
        let operations = Router::new()
            .merge(Router::from(identity::rest::operations()).with_state(self.identity))
            .merge(Router::from(core_rest::operations()).with_state(self.core.clone()))
            .merge(Router::from(analytics_api::rest::operations()).with_state(self.analytics));
        let rate = Rate::new(config.rate_limit_per_minute, MINUTE, config.rate_limit_burst);
        // Innermost, because a response is repeated only to the credential that it was given to.
        let operations = operations.layer(from_fn_with_state(self.idempotency, repeat_responses));
        let operations = match rate {
            Some(rate) => operations.layer(from_fn_with_state(RateLimit::new(rate, self.redis), limit)),
            None => operations,
        };
        // Outermost, because limits and repetition go by the credential.
        let operations = operations.layer(from_fn_with_state(self.core, core_rest::authenticate));
        let documents = openapi::routes(&document(&config.public_url)).map_err(std::io::Error::from)?;
        let limits = ServiceLimits {
            body_bytes_max: config.body_bytes_max,
            request_timeout: Duration::from_secs(config.request_timeout_seconds),
            trusted_proxies: config.trusted_proxies(),
        };
        Ok(complete(operations.merge(documents), limits))
    }
}

fn listen_for_cluster(server: grpc::Server, socket: TcpListener, core: ApiCore, tasks: &Tasks) {
    let stopping = tasks.stopping();
    tasks.spawn("grpc-listener", async move {
        if let Err(error) = grpc::serve(server, socket, core, stopping).await {
            tracing::error!(%error, "the gRPC listener failed");
        }
    });
}

/// Without its database the API can do nothing; without its click store, everything but analytics.
fn check_stores(store: Store, click_store: ClickStore, beside_an_edge: bool, readiness: &mut Readiness, tasks: &Tasks) {
    // An edge in the same process serves what it knows, which no balancer must keep visitors from.
    let away = if beside_an_edge { Condition::Degraded } else { Condition::Down };
    let database = Probe::start("database", tasks, move || {
        let store = store.clone();
        async move { store.check().await }
    });
    readiness.add_probe(database, away);
    let clicks = Probe::start("click_store", tasks, move || {
        let click_store = click_store.clone();
        async move { click_store.check().await.map_err(Into::into) }
    });
    readiness.add_probe(clicks, Condition::Degraded);
}
