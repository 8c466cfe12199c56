//! The click journal: an append-only log on the edge's own disk, and at once
//! the buffer between a redirect and everything that happens to its click.
//!
//! A journal is a folder, named by its random id, that one worker of one
//! process writes and no later process ever continues: after a crash there is
//! nothing to recover, only something left to read. It holds numbered segments
//! of equal span; a record's position is its segment's number times that span
//! plus its offset, so positions grow. There is no ledger: a reader finds the
//! records by their checksums.
//!
//! Invariants:
//! - A record's bytes are with the kernel before its ticket is released.
//! - A position is never used twice, whatever is lost.
//! - A full or failing disk is a state with a number of drops; it is never a
//!   panic, and it never keeps a redirect from its response.
//! - A segment is removed only after a cursor beyond it is durable.
//! - A file is removed only as it was when it was read, and a folder only when it is empty. A copy of a journal, which a mark in the folder of every
//!   journal tells from where it was written, is read only when it is whole and has settled (arrival.rs says why).
//! - All records of a journal go into one partition of the bus, whose number stands beside them before the first of them leaves.
//! - Each sync, and the end of a process, is followed by a tally of all records before it.

mod arrival;
mod contents;
mod damage;
mod file_system;
mod frame;
#[cfg(fuzzing)]
pub mod fuzzing;
mod group_commit;
mod hand_over;
mod home;
mod inspection;
mod reader;
mod reader_metrics;
mod segment;
mod shipping;
mod tally;
mod watched_reader;
mod writer;

pub use damage::Damage;
pub use file_system::{DiskFileSystem, File, FileIdentity, FileStamp, FileSystem};
pub use frame::PAYLOAD_BYTES_MAX;
pub use group_commit::{Committed, GroupCommit};
pub use hand_over::{ArrivingJournal, JournalFile};
pub use home::accept;
pub use inspection::{Inspected, inspect};
pub use reader::{Batch, Failure, JournalReader};
pub use segment::JournalId;
pub use shipping::{Route, ShippingLock};
pub use tally::{PlacedTally, Tally};
pub use watched_reader::WatchedReader;
pub use writer::{Flushed, JournalLimits, JournalState, Maintenance, UpkeepError, Writer};
