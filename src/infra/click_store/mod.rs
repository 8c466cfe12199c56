//! The click store: every click, enriched, and the questions that analytics asks of them.
//!
//! Invariants: a journal's record is in the store at most once. In the embedded form its rows and its high-water mark move in one
//! transaction, and with them the offset of the partition that it came by; ClickHouse is given an insert again, under the same token, until
//! those have moved in the source of truth. Every question starts from a workspace, and ends when its time is up.

mod account;
mod click;
mod clickhouse;
mod columns;
mod error;
mod limits;
mod metrics;
mod question;
mod sqlite;
mod store;
mod totals;
mod turns;
mod upkeep;

#[cfg(test)]
pub(crate) mod test_clicks;
#[cfg(test)]
mod tests;

pub use account::ClickAccount;
pub use click::{
    ClickBatch, EnrichedClick, HeldPartition, JournalledClick, PartitionBatch, PartitionPosition, Stored, Utm,
};
pub use error::ClickStoreError;
pub use limits::QuestionLimits;
pub use question::{
    Breakdown, BreakdownItem, Counts, Dimension, Erasure, Event, EventPosition, Filter, Include, LeftOut,
    ParseValueError, Period, Selection, TagMembership, Value, agent_label, device_label, kind_label,
};
pub use sqlite::file;
pub use store::ClickStore;
pub use totals::LinkTotal;
pub use upkeep::{Compacted, Deleted, Verified};
