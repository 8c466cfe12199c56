//! Which tick of each kind that is due from time to time has been enqueued.

use std::time::Duration;

use sea_orm::Statement;

use crate::domain::error::Result;
use crate::domain::time::Timestamp;
use crate::infra::store::{Connection, Transaction};

/// A tick that lies further ahead than the present one and this was enqueued while a clock was wrong.
const CLOCKS_DIFFER: Duration = Duration::from_secs(60 * 60);

/// Takes the tick at this moment of a kind that is due every `every`. False if somebody has taken it, or a later one.
///
/// # Errors
/// Only those of the database.
pub async fn advance_schedule(transaction: &Transaction, kind: &str, tick: Timestamp, every: Duration) -> Result<bool> {
    let sql = "INSERT INTO job_schedules (kind, last_at) VALUES ($1, $2) ON CONFLICT (kind) DO UPDATE \
               SET last_at = excluded.last_at WHERE job_schedules.last_at < excluded.last_at OR job_schedules.last_at > $3";
    let impossible = tick.plus(every).plus(CLOCKS_DIFFER);
    let values = [kind.into(), tick.into(), impossible.into()];
    let statement = Statement::from_sql_and_values(transaction.get_database_backend(), sql, values);
    Ok(transaction.execute_raw(statement).await?.rows_affected() == 1)
}
