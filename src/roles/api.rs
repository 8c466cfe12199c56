//! The api role: identity, api-core and analytics-api, behind one listener.

use std::io::IsTerminal;
use std::sync::Arc;

use axum::Router;
use secrecy::SecretString;
use url::Url;
use utoipa::openapi::OpenApi;

use super::api_listener::{self, Gates};
use super::direct_origin::DirectOrigin;
use super::platform::Platform;
use super::probe::{watch_objects, watch_stores};
use super::readiness::Readiness;
use super::slug_words;
use super::sockets::ApiSockets;
use super::start_error::StartError;
use crate::domain::destination_policy::DestinationPolicy;
use crate::http::browser_cookie::{BrowserCookie, SIGN_IN};
use crate::http::idempotency::Idempotency;
use crate::http::openapi;
use crate::http::session_cookie::SessionCookie;
use crate::infra::sealing::Sealing;
use crate::runtime::tasks::Tasks;
use crate::services::analytics_api::{self, Analytics};
use crate::services::api_bff::{self, Bff};
use crate::services::api_core::rest::{self as core_rest, Authentication, IdempotencyRecords};
use crate::services::api_core::{ApiCore, DomainSettings, Limits, Settings};
use crate::services::edge_redirect::origin::Origin;
use crate::services::identity::rest::IdentityApi;
use crate::services::identity::{self, Identity, Providers};

/// What other parts of the process want of the api role.
pub(super) struct Api {
    /// What it answers on the internal listener.
    pub(super) internal_router: Router,
    /// Where an edge in the same process gets its links from.
    pub(super) origin: Arc<dyn Origin>,
    /// The dashboard, where it is part of this executable.
    pub(super) dashboard: Option<Dashboard>,
}

/// What the person who started the process wants to know of the dashboard.
pub(super) struct Dashboard {
    /// What opens the page on which the first administrator is made.
    pub(super) setup_token: Option<SecretString>,
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
    let core =
        core(platform, tasks).await?.limiting(Limits::new(&config.api, &config.domains, platform.redis().await?));
    core.begin_history().await?;
    core.ensure_default_domain().await?;
    core.enqueue_filing_of_older_links().await?;
    let cookie = SessionCookie::new(&config.api.public_url);
    let sign_in_cookie = BrowserCookie::new(SIGN_IN, &config.api.public_url);
    let identity = identity(platform, core.clone()).await?;
    let core = core.recognising(Arc::new(identity.clone()));
    let identity = IdentityApi { identity, cookie: cookie.clone(), sign_in_cookie };
    let analytics = Analytics::new(platform.click_store().await?, core.clone());
    let beside = identity::grpc::services(identity.identity.clone());
    let oauth = Router::from(identity::rest::oauth_operations()).with_state(identity.clone());
    let operations = Router::new()
        .merge(Router::from(identity::rest::operations()).with_state(identity))
        .merge(Router::from(core_rest::operations()).with_state(core.clone()))
        .merge(Router::from(analytics_api::rest::operations()).with_state(analytics));
    let gates = Gates {
        authentication: Authentication { core: core.clone(), cookie },
        idempotency: Idempotency::new(Arc::new(IdempotencyRecords::new(core.clone())), tasks.clone()),
        redis: platform.redis().await?,
    };
    let dashboard = |api| api_bff::rest::router(Bff::new(core.clone(), api, &config.api.public_url));
    api_listener::start(&config.api, (operations, oauth), dashboard, gates, sockets.http, tasks)?;
    let dashboard = dashboard_of(&core).await?;
    api_listener::start_for_cluster(&config.grpc, (core.clone(), beside), sockets.grpc, tasks)?;
    watch_stores(platform.store().await?, platform.click_store().await?, beside_an_edge, readiness, tasks);
    watch_objects(platform.objects().await?, readiness, tasks);
    let internal_router = core_rest::internal_router(core.clone(), &config.data_folder).await?;
    Ok(Api { internal_router, origin: Arc::new(DirectOrigin(core)), dashboard })
}

/// A token that opens the page on which the first administrator is made is there where a person looks at the process and nobody has done it
/// yet. It is in no log: whatever else reads standard output gets none.
async fn dashboard_of(core: &ApiCore) -> Result<Option<Dashboard>, StartError> {
    if !api_bff::has_dashboard() {
        return Ok(None);
    }
    let is_wanted = std::io::stdout().is_terminal() && !core.is_bootstrapped().await?;
    let setup_token = if is_wanted { Some(core.make_setup_token().await?.token) } else { None };
    Ok(Some(Dashboard { setup_token }))
}

/// The use cases of api-core, for services of any role that call them.
pub(super) async fn core(platform: &Platform, tasks: &Tasks) -> Result<ApiCore, StartError> {
    let config = platform.config();
    let settings = Settings {
        public_url: config.api.public_url.clone(),
        default_domain_url: config.links.default_domain_url.clone(),
        default_domain_workspace: config.links.workspace(),
        deletion_grace: config.api.deletion_grace(),
        domains: DomainSettings::new(config),
        destinations: DestinationPolicy::new(config.links.schemes()),
        events_kept_for: config.events.kept_for(),
        slug_words: slug_words::load(platform)?.into(),
        link_history: config.links.history(),
        lifetimes: config.edge.cache.lifetimes(),
        geo: platform.geo().await?,
        user_agents: platform.user_agents().await,
    };
    let (store, passwords) = (platform.store().await?, platform.passwords().await);
    Ok(ApiCore::new(store, platform.invalidations().await?, passwords, tasks.clone(), settings)
        .counting_clicks(platform.click_store().await?)
        .mailing(platform.mail().await?)
        .keeping(platform.objects().await?)
        .asking(platform.dns().await)
        .signing_by(platform.signing().await?)
        .certifying(certifying(platform).await?)
        .writing_through(platform.shared_links().await?)
        .describing(identity::ACTIONS))
}

/// What seals the keys of certificates, where they are ordered.
async fn certifying(platform: &Platform) -> Result<Option<Sealing>, StartError> {
    Ok(if platform.config().acme.is_on() { Some(platform.sealing().await?) } else { None })
}

async fn identity(platform: &Platform, core: ApiCore) -> Result<Identity, StartError> {
    let config = platform.config();
    let settings = identity::Settings {
        session_lifetime: config.api.session_lifetime(),
        open_registration: config.identity.open_registration,
        public_url: config.api.public_url.clone(),
    };
    let providers = Providers::new(&config.identity, &config.api.public_url)?;
    Ok(Identity::new(core, platform.sealing().await?, platform.redis().await?.as_ref(), providers, settings))
}

/// The OpenAPI document of every operation.
#[must_use]
pub fn document(public_url: &Url) -> OpenApi {
    let tags = [identity::rest::TAGS, core_rest::TAGS, analytics_api::rest::TAGS].concat();
    let mut document = openapi::frame(public_url.as_str(), &tags);
    document.merge(identity::rest::operations().into_openapi());
    document.merge(identity::rest::oauth_operations().into_openapi());
    document.merge(core_rest::operations().into_openapi());
    document.merge(analytics_api::rest::operations().into_openapi());
    openapi::describe_permissions(&mut document);
    openapi::refer_to_items(&mut document);
    openapi::title_variants(&mut document);
    document
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where two forms had one name, the document would describe one of them alone.
    #[test]
    fn forms_of_different_services_have_names_of_their_own() {
        let documents = [
            identity::rest::operations().into_openapi(),
            identity::rest::oauth_operations().into_openapi(),
            core_rest::operations().into_openapi(),
            analytics_api::rest::operations().into_openapi(),
        ];
        let forms = |document: &OpenApi| document.components.clone().map(|all| all.schemas).unwrap_or_default();
        let whole = forms(&document(&"http://localhost:8090".parse().expect("a URL")));
        for document in &documents {
            for (name, form) in forms(document) {
                let others = documents.iter().filter_map(|other| forms(other).get(&name).cloned());
                assert!(whole.contains_key(&name), "{name} is in the document");
                for other in others {
                    assert!(other == form, "{name} stands for two forms");
                }
            }
        }
    }
}
