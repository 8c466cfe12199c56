//! The ingester role: click-ingester.

use std::time::Duration;

use super::platform::Platform;
use super::readiness::{Condition, Readiness};
use crate::config::Config;
use crate::infra::click_store::ClickStore;
use crate::runtime::tasks::Tasks;
use crate::services::click_ingester::{ClickIngester, Health, Retention, Sources, delete_old_clicks};

/// Starts click-ingester from this host's journals into the click store.
pub(super) fn start(
    config: &Config,
    platform: &Platform,
    store: &ClickStore,
    readiness: &mut Readiness,
    tasks: &Tasks,
) {
    let sources = Sources {
        journal_folder: &config.journal_folder(),
        data_folder: &config.data_folder,
        geo: platform.geo.clone(),
        user_agents: platform.agents.clone(),
    };
    let ingester = ClickIngester::new(&config.ingester, sources, store.clone());
    let health = ingester.health();
    readiness.add("click_ingester", move || {
        let working = *health.borrow() == Health::Working;
        std::future::ready(if working { Condition::Up } else { Condition::Degraded })
    });
    let accounts = ingester.accounts();
    readiness.add("click_account", move || {
        let add_up = accounts.borrow().add_up();
        std::future::ready(if add_up { Condition::Up } else { Condition::Degraded })
    });
    let drain = Duration::from_secs(config.shutdown.drain_seconds);
    tasks.spawn("click-ingester", ingester.run(tasks.stopping(), drain));
    tasks.spawn(
        "click-retention",
        delete_old_clicks(store.clone(), Retention::of(&config.click_store), tasks.stopping()),
    );
}
