//! Work that goes on after a response: enqueued with its cause, done by a worker of any process, tried again until it is done.
//!
//! Invariants: a job is enqueued in the transaction of its cause, so that neither is there without the other. One worker at a
//! time holds a job, by a lease that it renews; what it writes about the job counts only while it holds it. A job is tried again
//! unless its kind forbids that, and what is given up stays readable. Jobs of kinds that a process does not know, such as those of
//! a newer release, are left to others.

mod attempt;
mod dispatcher;
mod failure;
mod forget_jobs;
mod handlers;
mod kind;
mod leases;
mod metrics;
mod new_job;
mod outcome;
mod results;
mod schedule;
mod shared;
mod slots;
mod unknown_kinds;
mod worker;

pub use attempt::Attempt;
pub use failure::JobFailure;
pub use forget_jobs::handlers;
pub use handlers::Handlers;
pub use kind::{CronKind, JobKind, Kind, Repeat};
pub use new_job::{NewJob, enqueue, enqueue_all};
pub use worker::Worker;
