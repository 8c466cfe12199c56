//! The embedded form: one SQLite file in WAL mode with one writer and a few readers, beside the source of truth and not in it.

mod accounts;
mod compaction;
mod condition;
mod connection;
mod day_ranges;
mod erasure;
mod events;
mod health;
mod partitions;
mod reading;
mod reports;
mod row;
mod rows;
mod scan;
mod segments;
mod tags;
mod thread;
mod totals;
mod verification;
mod write;

pub(super) use connection::questions_max;
pub use connection::{ClickStore, file};
