//! Host names that workspaces bring along: how they are written, what DNS has to say of them, and when they are in use.
//!
//! Invariants: a name is in use only after DNS has shown that whoever claims it controls it. That DNS cannot be asked
//! counts neither for a name nor against it.

mod check;
mod domain_status;
mod finding;
mod name;

pub use check::{
    Answered, DomainCheck, Expected, FoundRecords, Looked, Purpose, RecordStatus, RecordToSet, RecordType,
};
pub use domain_status::{CheckPolicy, DomainState, DomainStatus, StateReason};
pub use finding::{Finding, FindingCode, Observed, expiry, findings, keep_since};
pub use name::{ClaimedName, ClaimedNameError, display_name};
