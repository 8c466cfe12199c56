//! The api role: identity, api-core and analytics-api, behind one listener.

use std::sync::Arc;

use axum::Router;
use utoipa::openapi::OpenApi;

use super::api_core;
use super::api_listener::{self, Gates};
use super::direct_origin::DirectOrigin;
use super::grpc_listener;
use super::platform::Platform;
use super::probe::{watch_objects, watch_stores};
use super::readiness::Readiness;
use super::sockets::ApiSockets;
use super::start_error::StartError;
use crate::http::browser_cookie::{BrowserCookie, SIGN_IN};
use crate::http::idempotency::Idempotency;
use crate::http::session_cookie::SessionCookie;
use crate::runtime::tasks::Tasks;
use crate::services::analytics_api;
use crate::services::api_bff::{self, Bff};
pub(super) use crate::services::api_bff::{Dashboard, ProcessStatus};
use crate::services::api_core::rest::{self as core_rest, Authentication, IdempotencyRecords};
use crate::services::api_core::{ApiCore, Limits};
use crate::services::edge_redirect::origin::Origin;
use crate::services::identity::rest::IdentityApi;
use crate::services::identity::{self, Identity};

/// What other parts of the process want of the api role.
pub(super) struct Api {
    /// What it answers on the internal listener.
    pub(super) internal_router: Router,
    /// Where an edge in the same process gets its links from.
    pub(super) origin: Arc<dyn Origin>,
    /// The dashboard, where it is part of this executable.
    pub(super) dashboard: Option<Dashboard>,
    /// What the dashboard says of the process.
    pub(super) status: ProcessStatus,
}

/// Starts the services of the role on these sockets.
pub(super) async fn start(
    platform: &Platform,
    sockets: ApiSockets,
    beside_an_edge: bool,
    readiness: &mut Readiness,
    tasks: &Tasks,
) -> Result<Api, StartError> {
    let config = platform.config();
    let (sealing, redis) = (platform.sealing().await?, platform.redis().await?);
    let core = core(platform, tasks).await?.limiting(Limits::new(&config.api, &config.domains, redis.clone()));
    core.begin_history().await?;
    core.ensure_default_domain().await?;
    core.enqueue_filing_of_older_links().await?;
    let cookie = SessionCookie::new(&config.api.public_url);
    let sign_in_cookie = BrowserCookie::new(SIGN_IN, &config.api.public_url);
    let identity = Identity::new(config, core.clone(), sealing, redis.as_ref())?;
    let core = core.recognising(Arc::new(identity.clone()));
    let identity = IdentityApi { identity, cookie: cookie.clone(), sign_in_cookie };
    let analytics = super::workers::analytics(platform, &core).await?;
    let beside = identity::grpc::services(identity.identity.clone(), core.clone());
    let beside = analytics_api::grpc::services(&analytics, beside);
    let oauth = Router::from(identity::rest::oauth_operations()).with_state(identity.clone());
    let operations = Router::new()
        .merge(Router::from(identity::rest::operations()).with_state(identity))
        .merge(Router::from(core_rest::operations()).with_state(core.clone()))
        .merge(Router::from(analytics_api::rest::operations()).with_state(analytics));
    let gates = Gates {
        authentication: Authentication { core: core.clone(), cookie },
        idempotency: Idempotency::new(Arc::new(IdempotencyRecords::new(core.clone())), tasks.clone()),
        rate_limit: core.rate_limit(),
    };
    let status = ProcessStatus::default();
    let dashboard = |api| api_bff::rest::router(Bff::new(core.clone(), api, &config.api.public_url, status.clone()));
    api_listener::start(&config.api, (operations, oauth), dashboard, gates, sockets.http, tasks)?;
    let dashboard = api_bff::dashboard(&core).await?;
    grpc_listener::start(&config.grpc, (core.clone(), beside), sockets.grpc, tasks)?;
    watch_stores(platform.store().await?, platform.click_store().await?, beside_an_edge, readiness, tasks);
    watch_objects(platform.objects().await?, readiness, tasks);
    let internal_router = core_rest::internal_router(core.clone(), &config.data_folder).await?;
    Ok(Api { internal_router, origin: Arc::new(DirectOrigin(core)), dashboard, status })
}

/// The use cases of api-core, for services of any role that call them.
pub(super) async fn core(platform: &Platform, tasks: &Tasks) -> Result<ApiCore, StartError> {
    let core = api_core::connected(platform, tasks).await?;
    Ok(core.describing(identity::ACTIONS).describing(analytics_api::ACTIONS))
}

/// The operations of each service, and what the sections of the OpenAPI document are about.
pub(super) fn described() -> (Vec<OpenApi>, Vec<(&'static str, &'static str)>) {
    let operations = vec![
        identity::rest::operations().into_openapi(),
        identity::rest::oauth_operations().into_openapi(),
        core_rest::operations().into_openapi(),
        analytics_api::rest::operations().into_openapi(),
    ];
    (operations, [identity::rest::TAGS, core_rest::TAGS, analytics_api::rest::TAGS].concat())
}
