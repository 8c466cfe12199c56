//! What click-shipper leaves to workers: one file a kind.

mod ship_journals;

use std::path::Path;

use crate::infra::bus::{Bus, Topic};
use crate::infra::jobs::Handlers;
use crate::infra::objects::Objects;

/// The kinds of jobs of the service, and how they are done: with this folder in between, to this topic.
#[must_use]
pub fn handlers(objects: &Objects, folder: &Path, bus: &Bus, clicks: &Topic) -> Handlers {
    ship_journals::handlers(objects, folder, bus, clicks)
}
