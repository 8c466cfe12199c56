//! The topic of clicks: what its records are, who reads which of its partitions, and what is replayed into it.
//!
//! Invariants: all records of a journal are in one partition, and a record is sent only when all before it were taken, so that the first
//! time that a position of a journal stands in the partition, all lower ones stand before it. So whoever reads it in order and remembers
//! the highest position of each journal takes every record once, however often it was sent.

mod leases;
mod parts;
mod record;
mod replay;

pub use leases::{Held, Leases};
pub use parts::{PART_HEADER, split};
pub use record::{Content, Entry, EnvelopeError, REPLAY_HEADER, Replay, key_of, record_of, tally_of};
pub use replay::{ReplayError, replay_dead_clicks};

use crate::config::bus_section::BusConfig;
use crate::infra::bus::Topic;

/// The topic of clicks.
#[must_use]
pub fn clicks(config: &BusConfig) -> Topic {
    topic(config, config.clicks_topic.clone())
}

/// The topic of records that are no clicks, each with the reason.
#[must_use]
pub fn dead_clicks(config: &BusConfig) -> Topic {
    topic(config, format!("{}.dead", config.clicks_topic))
}

fn topic(config: &BusConfig, name: String) -> Topic {
    Topic {
        name,
        partitions: i32::try_from(config.partitions).unwrap_or(i32::MAX),
        replication: i16::try_from(config.replication).unwrap_or(i16::MAX),
    }
}
