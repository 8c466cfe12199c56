//! The workers role: the jobs of every service, which nobody waits for.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::api;
use super::platform::Platform;
use super::probe::{watch_database, watch_objects};
use super::readiness::{Condition, Readiness};
use super::start_error::StartError;
use crate::infra::bus::{Producer, Topic};
use crate::infra::certificates::{Authority, Handshakes};
use crate::infra::click_topic;
use crate::infra::events;
use crate::infra::jobs::{self, Handlers, Worker};
use crate::infra::objects;
use crate::runtime::tasks::Tasks;
use crate::services::analytics_api::{self, Analytics, Webhooks};
use crate::services::api_core::{self, ApiCore, EventPublisher, ProcessingFacts};
use crate::services::domain_manager::{self, CertificateIssuer};
use crate::services::identity::jobs::AccountMails;

/// Starts a worker for the jobs of these services. Beside the api role the database is watched already.
pub(super) async fn start(
    platform: &Platform,
    beside_the_api: bool,
    readiness: &mut Readiness,
    tasks: &Tasks,
) -> Result<(), StartError> {
    let store = platform.store().await?;
    let core = api::core(platform, tasks).await?;
    let handlers = jobs::handlers(&store)
        .and(handed_over_journals(platform).await?)
        .and(objects::handlers(
            &platform.objects().await?,
            &store,
            [core.object_kinds().as_slice(), analytics_api::OBJECT_KINDS].concat(),
        ))
        .and(api_core::jobs::handlers(&core))
        .and(crate::services::analytics_api::jobs::handlers(
            &analytics(platform, &core).await?,
            &platform.mail().await?,
        ))
        .and(domain_manager::jobs::handlers(&core, issuer(platform, &core).await?.as_ref()))
        .and(crate::services::identity::jobs::handlers(&account_mails(platform).await?));
    let drain = Duration::from_secs(platform.config().shutdown.drain_seconds);
    Worker::new(store.clone(), handlers, drain).start(tasks);
    publish_events(platform, &core, tasks).await?;
    if !beside_the_api {
        watch_database(store, Condition::Down, readiness, tasks);
        watch_objects(platform.objects().await?, readiness, tasks);
    }
    Ok(())
}

/// Ships what processes handed over that had no time to, where there is a bus.
async fn handed_over_journals(platform: &Platform) -> Result<Handlers, StartError> {
    let config = platform.config();
    let Some(bus) = platform.bus()? else { return Ok(Handlers::default()) };
    let (objects, folder) = (platform.objects().await?, config.data_folder.join("handed-over"));
    let clicks = click_topic::clicks(&config.bus);
    Ok(crate::services::click_shipper::jobs::handlers(&objects, &folder, &bus, &clicks))
}

/// Analytics of the clicks that this process reaches; `core` says who may see them.
pub(super) async fn analytics(platform: &Platform, core: &ApiCore) -> Result<Analytics, StartError> {
    let webhooks = Webhooks { outbound: platform.outbound().await?, sealing: platform.sealing().await? };
    let facts = ProcessingFacts::of(platform.config());
    Ok(Analytics::new(platform.click_store().await?, core.clone(), facts, webhooks))
}

/// Publishes events where there is a bus.
async fn publish_events(platform: &Platform, core: &ApiCore, tasks: &Tasks) -> Result<(), StartError> {
    let config = &platform.config().bus;
    let Some(bus) = platform.bus()? else { return Ok(()) };
    let topic = Topic {
        name: config.events_topic.clone(),
        partitions: i32::try_from(config.partitions).unwrap_or(i32::MAX),
        replication: i16::try_from(config.replication).unwrap_or(i16::MAX),
    };
    let publisher = Arc::new(EventPublisher::new(Producer::new(bus, topic)));
    let consumer = events::run(platform.store().await?, publisher, core.word_of_events(), tasks.stopping());
    tasks.spawn("event-publisher", consumer);
    Ok(())
}

/// Orders certificates, where the settings name an authority.
async fn issuer(platform: &Platform, core: &ApiCore) -> Result<Option<CertificateIssuer>, StartError> {
    let Some(authority) = Authority::new(&platform.config().acme)? else { return Ok(None) };
    let handshakes = Handshakes::new().map_err(io::Error::other)?;
    Ok(Some(CertificateIssuer::new(core.clone(), authority, platform.sealing().await?, handshakes)))
}

async fn account_mails(platform: &Platform) -> Result<AccountMails, StartError> {
    let instance = platform.config().api.public_url.clone();
    let (store, mail) = (platform.store().await?, platform.mail().await?);
    Ok(AccountMails::new(store, mail, platform.user_agents().await, instance))
}
