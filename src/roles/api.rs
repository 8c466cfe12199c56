//! The api role: api-core, identity and analytics-api.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;

use super::api_router::{self, Services};
use super::direct_origin::DirectOrigin;
use super::platform::Platform;
use super::readiness::{Condition, Readiness};
use super::running::StartError;
use crate::config::Config;
use crate::http::server::{ListenerLimits, serve};
use crate::infra::click_store::ClickStore;
use crate::infra::store::Store;
use crate::runtime::tasks::Tasks;
use crate::services::analytics_api::Analytics;
use crate::services::api_core::rest::internal_router;
use crate::services::api_core::{ApiCore, Settings};
use crate::services::edge_redirect::origin::Origin;
use crate::services::identity::Identity;

/// Connections to the API at once.
const CONNECTIONS_MAX: usize = 10_000;
/// How long a connection may take to send the head of a request, and may idle between requests.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);

/// What other parts of the process want of the api role.
pub(super) struct Api {
    /// What it answers on the internal listener.
    pub(super) internal_router: Router,
    /// Where an edge in the same process gets its links from.
    pub(super) origin: Arc<dyn Origin>,
}

/// Starts api-core on this socket.
pub(super) async fn start(
    config: &Config,
    platform: &Platform,
    (store, click_store): (&Store, &ClickStore),
    socket: TcpListener,
    readiness: &mut Readiness,
    tasks: &Tasks,
) -> Result<Api, StartError> {
    let api_core = ApiCore::new(
        store.clone(),
        platform.invalidations.clone(),
        platform.passwords.clone(),
        tasks.clone(),
        Settings {
            default_domain_url: config.links.default_domain_url.clone(),
            geo: platform.geo.clone(),
            user_agents: platform.agents.clone(),
        },
    );
    api_core.ensure_default_domain().await?;
    tasks.spawn("api-housekeeping", api_core.clone().keep_house());
    let pinged = store.clone();
    readiness.add("database", move || {
        let store = pinged.clone();
        async move { if store.ping().await.is_ok() { Condition::Up } else { Condition::Down } }
    });
    let services = Services {
        identity: Identity::new(
            store.clone(),
            platform.passwords.clone(),
            Duration::from_secs(u64::from(config.api.session_hours) * 60 * 60),
        ),
        analytics: Analytics::new(click_store.clone(), api_core.clone()),
        api_core: api_core.clone(),
    };
    let router = api_router::router(config, services, tasks)?;
    let limits = ListenerLimits { connections_max: CONNECTIONS_MAX, header_timeout: HEADER_TIMEOUT };
    tasks.spawn("api-listener", serve(socket, router, limits, tasks.clone()));
    Ok(Api { internal_router: internal_router(api_core.clone()), origin: Arc::new(DirectOrigin(api_core)) })
}
