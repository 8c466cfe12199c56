//! Host names that workspaces bring along: how they are written, what DNS has to say of them, and when they are in use.
//!
//! Invariants: a name is in use only after DNS has shown that whoever claims it controls it. That DNS cannot be asked
//! counts neither for a name nor against it.

mod check;
mod finding;
mod name;
mod standing;

pub use check::{
    Answered, DomainCheck, Expected, FoundRecords, Looked, Purpose, RecordStatus, RecordToSet, RecordType,
};
pub use finding::{Finding, FindingCode, Observed, expiry, findings, keep_since};
pub use name::{ClaimedName, ClaimedNameError, display_name};
pub use standing::{CheckPolicy, DomainState, Standing, StateReason};
