//! Shipping of click journals to the bus: beside edges, and beside ingesters, which may have the disk of an edge that is gone.

use std::path::Path;
use std::time::Duration;

use super::platform::Platform;
use super::readiness::{Condition, Readiness};
use super::start_error::StartError;
use crate::config::Config;
use crate::infra::bus::{Bus, BusError, Producer};
use crate::infra::click_topic;
use crate::infra::journal::ShippingLock;
use crate::runtime::tasks::Tasks;
use crate::services::click_shipper::{ClickShipper, Health, ShipError};

/// Starts click-shipper where there is a bus.
pub(super) async fn start(platform: &Platform, readiness: &mut Readiness, tasks: &Tasks) -> Result<(), StartError> {
    let config = platform.config();
    let Some(bus) = platform.bus()? else { return Ok(()) };
    let objects = if config.edge.journal.hand_over { Some(platform.objects().await?) } else { None };
    let shipper = ClickShipper::new(&config.journal_folder(), Producer::new(bus, click_topic::clicks(&config.bus)))
        .handing_over_to(objects);
    let health = shipper.health();
    readiness.add("click_shipping", move || {
        let shipping = *health.borrow() == Health::Shipping;
        std::future::ready(if shipping { Condition::Up } else { Condition::Degraded })
    });
    let drain = Duration::from_secs(config.shutdown.drain_seconds);
    tasks.spawn("click-shipper", shipper.run(tasks.stopping(), drain));
    Ok(())
}

/// Why the journals of a folder were not shipped.
#[derive(Debug, thiserror::Error)]
pub enum JournalShippingError {
    /// The settings name no bus.
    #[error(
        "bus.url is not set: put the folder into data_folder/journal of a process with the ingester role, which stores what is in it"
    )]
    NoBus,
    /// The settings of the bus cannot be used.
    #[error(transparent)]
    Bus(#[from] BusError),
    /// Another process ships them.
    #[error("another process ships the journals of this folder")]
    Taken,
    /// Shipping failed.
    #[error(transparent)]
    Shipping(#[from] ShipError),
}

/// Ships what lies in the journals of a folder to the bus of these settings, for at most `patience`. Returns how many records.
///
/// # Errors
/// There is no bus, it does not take all of it in time, the journals cannot be read, or another process ships them.
pub async fn ship_journals(config: &Config, folder: &Path, patience: Duration) -> Result<u64, JournalShippingError> {
    let bus = Bus::new(&config.bus)?.ok_or(JournalShippingError::NoBus)?;
    let producer = Producer::new(bus, click_topic::clicks(&config.bus));
    let turn = ShippingLock::try_take(folder).map_err(ShipError::from)?.ok_or(JournalShippingError::Taken)?;
    Ok(ClickShipper::new(folder, producer).ship_once(&turn, patience).await?)
}
