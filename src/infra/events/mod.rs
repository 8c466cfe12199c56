//! Consumers of events: what goes on in the platform after a change, without anybody waiting for it.
//!
//! Invariants: what a consumer does of a batch and its new position are one transaction, so that a process that is killed has
//! either done both or neither; of one subject events are taken in order, and later ones wait behind one that is tried again;
//! an event that fails again and again is set aside, and the consumer goes on.

mod batch;
mod consumer;
mod metrics;

pub use consumer::{Consumer, run};
