//! The ingester role: click-ingester.

use std::time::Duration;

use tokio::sync::watch;

use super::platform::Platform;
use super::readiness::{Condition, Readiness};
use super::start_error::StartError;
use crate::infra::bus::Bus;
use crate::infra::click_topic;
use crate::runtime::tasks::Tasks;
use crate::services::click_ingester::{
    Accounts, BusIngester, BusSources, ClickIngester, ClickPolicies, Enricher, Health, PolicyWatch, Retention, Sources,
    delete_old_clicks, pack_clicks,
};

/// Starts click-ingester into the click store: from the bus where there is one, and else from this host's journals.
pub(super) async fn start(platform: &Platform, readiness: &mut Readiness, tasks: &Tasks) -> Result<(), StartError> {
    let config = platform.config();
    let policy_watch = PolicyWatch::begin(platform.store().await?).await?;
    let policies = policy_watch.policies();
    let (health, accounts) = match platform.bus()? {
        Some(bus) => start_from_bus(platform, bus, policies.clone(), tasks).await?,
        None => start_from_journals(platform, policies.clone(), tasks).await?,
    };
    tasks.spawn("click-policies", policy_watch.run(tasks.stopping()));
    readiness.add("click_ingester", move || {
        let working = *health.borrow() == Health::Working;
        std::future::ready(if working { Condition::Up } else { Condition::Degraded })
    });
    readiness.add("click_account", move || {
        let add_up = accounts.borrow().add_up();
        std::future::ready(if add_up { Condition::Up } else { Condition::Degraded })
    });
    let (store, retention) = (platform.click_store().await?, Retention::of(&config.click_store));
    if !config.click_store.is_clickhouse() {
        tasks.spawn("click-packing", pack_clicks(store.clone(), tasks.stopping()));
    }
    tasks.spawn("click-retention", delete_old_clicks(store, retention, policies, tasks.stopping()));
    Ok(())
}

/// How an ingester is, and what it makes of the account.
type Watched = (watch::Receiver<Health>, watch::Receiver<Accounts>);

async fn start_from_journals(
    platform: &Platform,
    policies: ClickPolicies,
    tasks: &Tasks,
) -> Result<Watched, StartError> {
    let config = platform.config();
    let sources = Sources {
        journal_folder: &config.journal_folder(),
        data_folder: &config.data_folder,
        geo: platform.geo().await?,
        user_agents: platform.user_agents().await,
        policies,
    };
    let ingester = ClickIngester::new(&config.ingester, sources, platform.click_store().await?);
    let watched = (ingester.health(), ingester.accounts());
    let drain = Duration::from_secs(config.shutdown.drain_seconds);
    tasks.spawn("click-ingester", ingester.run(tasks.stopping(), drain));
    Ok(watched)
}

async fn start_from_bus(
    platform: &Platform,
    bus: Bus,
    policies: ClickPolicies,
    tasks: &Tasks,
) -> Result<Watched, StartError> {
    let config = platform.config();
    let sources = BusSources {
        bus,
        clicks: click_topic::clicks(&config.bus),
        dead: click_topic::dead_clicks(&config.bus),
        enricher: Enricher::new(platform.geo().await?, platform.user_agents().await, policies),
        store: platform.store().await?,
    };
    let ingester = BusIngester::new(&config.ingester, sources, platform.click_store().await?);
    let watched = (ingester.health(), ingester.accounts());
    tasks.spawn("click-ingester", ingester.run(tasks.clone()));
    Ok(watched)
}
