//! Clicks as columns: packed into bytes, filtered and counted. Invariant: knows no database and no SQL.
//!
//! Visitors are told apart by hashes under a key of their UTC day, so those of different days are different visitors: what is counted in
//! blocks that share no day adds up.

mod aggregation;
mod block;
mod column;
mod condition;
mod packing;
mod property;
mod tally;

pub(super) use aggregation::{Aggregation, Grouping, Labels};
pub(super) use block::{Block, BlockBuilder, Part};
pub(super) use condition::{selected, selecting_parts};
pub(super) use packing::Damaged;
pub(super) use property::{Class, Property};
