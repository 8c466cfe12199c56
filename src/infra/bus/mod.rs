//! The bus: records with a key, for programs outside and for other processes, by the Kafka protocol.
//!
//! Invariants: it carries bytes and knows no click and no event; a record was taken when every replica in sync has it, and until then its sender
//! is told so or gets an error within a time limit; records of one key come into one partition, in the order in which they were sent. What was
//! given up may have been taken all the same, so that a record can come twice, and carries what it is known by.

mod connection;
mod metrics;
mod partitioner;
mod producer;
mod reader;
mod topic;

pub use connection::Bus;
pub use producer::Producer;
pub use reader::{Fetched, PartitionReader, Received, Unreadable};

use std::collections::BTreeMap;

use crate::domain::time::Timestamp;

/// A stream of records that many may read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    /// Its name.
    pub name: String,
    /// How many partitions it gets when it is made here; one that is there keeps those that it has.
    pub partitions: i32,
    /// On how many brokers each is when it is made here.
    pub replication: i16,
}

/// What is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Records of one key keep their order.
    pub key: Vec<u8>,
    /// What it says.
    pub value: Vec<u8>,
    /// What there is to say besides, by name.
    pub headers: BTreeMap<String, Vec<u8>>,
    /// When it came about.
    pub at: Timestamp,
}

/// Why records were not taken or not given.
#[derive(Debug, Clone, thiserror::Error)]
pub enum BusError {
    /// The same records may be taken later.
    #[error("the bus is unavailable: {0}")]
    Unavailable(String),
    /// One of them is longer than the brokers allow.
    #[error("the brokers take no record of this length: {0}")]
    TooLong(String),
    /// What was asked for is not kept any more, or was never there.
    #[error("the partition does not reach to this offset: {0}")]
    OutOfRange(String),
    /// The brokers gave something that is not understood: a batch of records of a form that is not known, unless they speak another language.
    #[error("what the brokers gave cannot be read: {0}")]
    Unreadable(String),
    /// A setting, or a file that it names, cannot be used.
    #[error("{0}")]
    Unusable(String),
}
