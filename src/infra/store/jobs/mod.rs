//! Jobs: work that goes on after a response.
//!
//! Invariants: a job is enqueued in the transaction of its cause. Whoever runs it holds it by its own id and the number of the
//! attempt; every statement about a running job names both, so that nobody changes a job whose lease has gone to another.

mod administration;
mod claims;
mod leases;
mod listed;
mod schedules;

pub use super::entities::job::Model as Job;
pub use administration::{JobFilter, count_ready, delete, delete_finished, find, list, lock, make_ready, ready_kinds};
pub use claims::{Candidates, Waiting, candidates, lock_kind, running_by_key, take, waiting};
pub use leases::{Ending, Held, Lease, end, expired, finish, renew};
pub use schedules::advance_schedule;

use sea_orm::sea_query::OnConflict;
use sea_orm::{DbBackend, EntityTrait, IntoActiveModel};

use super::entities::job;
use super::new_jobs::CHANNEL;
use super::{Connection, Transaction};
use crate::domain::error::Result;

/// How many rows one statement may carry, well below the limits of either database.
const ROWS_MAX: usize = 500;

/// Adds jobs, and leaves out those whose unique key is in use. Workers look for them once the transaction is committed.
/// Returns how many were added.
///
/// # Errors
/// Only those of the database.
pub async fn insert(transaction: &Transaction, jobs: Vec<Job>) -> Result<u64> {
    let mut added = 0;
    let mut jobs = jobs.into_iter().peekable();
    while jobs.peek().is_some() {
        let rows = jobs.by_ref().take(ROWS_MAX).map(IntoActiveModel::into_active_model);
        let insert = job::Entity::insert_many::<job::ActiveModel, _>(rows);
        let conflict = OnConflict::new().do_nothing().to_owned();
        added += insert.on_conflict(conflict).exec_without_returning(transaction).await?;
    }
    if added > 0 {
        announce(transaction).await?;
    }
    Ok(added)
}

/// Lets workers look for jobs once the transaction is committed.
async fn announce(transaction: &Transaction) -> Result<()> {
    if transaction.note_job() && transaction.get_database_backend() == DbBackend::Postgres {
        transaction.execute_unprepared(&format!("NOTIFY {CHANNEL}")).await?;
    }
    Ok(())
}
