//! The click store: every click, enriched, and the questions that analytics asks of them.
//!
//! Embedded form: one SQLite file in WAL mode with one writer and a few
//! readers, beside the source of truth and not in it.
//!
//! Invariants: a journal's record is in the store at most once, because its
//! rows and its high-water mark move in one transaction. Every question starts
//! from a workspace, and ends when its time is up.

mod accounts;
mod click;
mod connection;
mod dimension;
mod error;
mod events;
mod health;
mod labels;
mod reading;
mod reports;
mod retention;
mod row;
mod selection;
mod tags;
mod totals;
mod write;

#[cfg(test)]
pub(crate) mod test_clicks;
#[cfg(test)]
mod tests;

pub use accounts::ClickAccount;
pub use click::{ClickBatch, EnrichedClick, JournalledClick, Utm};
pub use connection::ClickStore;
pub use dimension::{Dimension, ParseValueError, Value};
pub use error::ClickStoreError;
pub use events::{Event, EventPosition};
pub use labels::{agent_label, device_label, kind_label};
pub use reports::{Breakdown, BreakdownItem, Counts, LeftOut};
pub use selection::{Filter, Include, Period, Selection};
pub use tags::TagMembership;
pub use totals::LinkTotal;
pub use write::Stored;
