//! The embedded form: one SQLite file in WAL mode with one writer and a few readers, beside the source of truth and not in it.

mod accounts;
mod condition;
mod connection;
mod events;
mod health;
mod partitions;
mod reading;
mod reports;
mod retention;
mod row;
mod tags;
mod totals;
mod write;

pub use connection::{ClickStore, file};
