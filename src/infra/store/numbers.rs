//! The one row from which a commit takes the numbers of its change and of its events.
//!
//! Invariants: numbers are given in the order of the commits, because the row stays locked from [`take`] to the commit, so
//! call it last. Those of events have no gaps for ever; those of changes begin anew with each history of the log.

use sea_orm::sea_query::Expr;
use sea_orm::{DbBackend, EntityTrait, ExprTrait, Statement};

use super::Connection;
use super::entities::change_sequence;
use crate::domain::change::Sequence;
use crate::domain::error::{Error, Result};
use crate::domain::time::Timestamp;

/// Which incarnation of the database a connection of PostgreSQL sees. A standby that takes over has another timeline, and a
/// restored dump other tables; files that were put back as they once were have both of before, and a server that began later.
pub(super) const POSTGRES_INCARNATION: &str = "concat_ws(' ', left(pg_walfile_name(pg_current_wal_insert_lsn()), 8), 'change_sequence'::regclass::oid, \
     extract(epoch from pg_postmaster_start_time()))";

/// What a commit has taken.
pub(super) struct Numbers {
    /// The number of its change, if it makes one.
    pub change: Option<Sequence>,
    /// The number of its first event.
    pub first_event: i64,
}

/// Takes the next number of a change, if the commit makes one, and those of its events.
pub(super) async fn take(transaction: &impl Connection, change: bool, events: i64, now: Timestamp) -> Result<Numbers> {
    let (last, last_event) = match transaction.get_database_backend() {
        DbBackend::Postgres => take_on_postgres(transaction, change, events, now).await?,
        _ => take_on_sqlite(transaction, change, events).await?,
    };
    Ok(Numbers {
        change: change.then_some(Sequence::new(last)),
        first_event: last_event.saturating_sub(events).saturating_add(1),
    })
}

/// The log belongs to the one process that has the file, which begins a history at every start.
async fn take_on_sqlite(transaction: &impl Connection, change: bool, events: i64) -> Result<(i64, i64)> {
    let (last, last_event) = (change_sequence::Column::Last, change_sequence::Column::LastEvent);
    let updated = change_sequence::Entity::update_many()
        .col_expr(last, Expr::col(last).add(i64::from(change)))
        .col_expr(last_event, Expr::col(last_event).add(events))
        .exec_with_returning(transaction)
        .await?;
    let row = updated.first().ok_or_else(no_row)?;
    Ok((row.last, row.last_event))
}

/// In one statement, so that no change gets a number of a history that a failover has ended.
async fn take_on_postgres(
    transaction: &impl Connection,
    change: bool,
    events: i64,
    now: Timestamp,
) -> Result<(i64, i64)> {
    let seconds = now.as_micros().div_euclid(1_000_000);
    let next_change = format!(
        "incarnation = {POSTGRES_INCARNATION}, last = 1 + CASE WHEN incarnation = {POSTGRES_INCARNATION} THEN last \
         ELSE greatest((last >> 32) + 1, $2) << 32 END, "
    );
    let (next_change, values) =
        if change { (next_change.as_str(), vec![events.into(), seconds.into()]) } else { ("", vec![events.into()]) };
    let sql =
        format!("UPDATE change_sequence SET {next_change}last_event = last_event + $1 RETURNING last, last_event");
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, values);
    let row = transaction.query_one_raw(statement).await?.ok_or_else(no_row)?;
    Ok((row.try_get("", "last")?, row.try_get("", "last_event")?))
}

pub(super) fn no_row() -> Error {
    Error::internal("change_sequence has no row")
}
