//! The use cases of api-core, connected to everything that they use.

use super::platform::Platform;
use super::slug_words;
use super::start_error::StartError;
use crate::domain::destination_policy::DestinationPolicy;
use crate::infra::sealing::Sealing;
use crate::runtime::tasks::Tasks;
use crate::services::api_core::{ApiCore, DomainSettings, Settings};

/// The use cases, on what the settings name.
pub(super) async fn connected(platform: &Platform, tasks: &Tasks) -> Result<ApiCore, StartError> {
    let settings = settings(platform).await?;
    let (store, passwords) = (platform.store().await?, platform.passwords().await);
    Ok(ApiCore::new(store, platform.invalidations().await?, passwords, tasks.clone(), settings)
        .counting_clicks(platform.click_store().await?)
        .mailing(platform.mail().await?)
        .keeping(platform.objects().await?)
        .asking(platform.dns().await)
        .signing_by(platform.signing().await?)
        .certifying(certifying(platform).await?)
        .writing_through(platform.shared_links().await?))
}

async fn settings(platform: &Platform) -> Result<Settings, StartError> {
    let config = platform.config();
    Ok(Settings {
        public_url: config.api.public_url.clone(),
        default_domain_url: config.links.default_domain_url.clone(),
        default_domain_workspace: config.links.workspace(),
        deletion_grace: config.api.deletion_grace(),
        domains: DomainSettings::new(config),
        destinations: DestinationPolicy::new(config.links.schemes()),
        events_kept_for: config.events.kept_for(),
        events_archived_for: config.events.archived_for(),
        slug_words: slug_words::load(platform)?.into(),
        link_history: config.links.history(),
        lifetimes: config.edge.cache.lifetimes(),
        geo: platform.geo().await?,
        user_agents: platform.user_agents().await,
    })
}

/// What seals the keys of certificates, where they are ordered.
async fn certifying(platform: &Platform) -> Result<Option<Sealing>, StartError> {
    Ok(if platform.config().acme.is_on() { Some(platform.sealing().await?) } else { None })
}
