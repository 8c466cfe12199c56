//! The api role: api-core.

use std::sync::Arc;

use axum::Router;
use tokio::net::TcpListener;

use super::direct_origin::DirectOrigin;
use super::platform::Platform;
use super::readiness::{Condition, Readiness};
use super::running::StartError;
use crate::config::Config;
use crate::infra::store::Store;
use crate::runtime::tasks::Tasks;
use crate::services::api_core::{ApiCore, Settings};
use crate::services::edge_redirect::origin::Origin;

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
    store: &Store,
    _socket: TcpListener,
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
    let store = store.clone();
    readiness.add("database", move || {
        let store = store.clone();
        async move { if store.ping().await.is_ok() { Condition::Up } else { Condition::Down } }
    });
    Ok(Api { internal_router: Router::new(), origin: Arc::new(DirectOrigin(api_core)) })
}
