//! The audit trail.
//!
//! Invariant: the row of a chain's head stays locked from [`append`] to the commit, so that its rows are numbered and sealed one
//! transaction after another. Other chains go on meanwhile.

use sea_orm::sea_query::{Expr, ExprTrait, LockType, OnConflict, Query, SimpleExpr};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect};

use serde::Serialize;

use super::columns::Json;
use super::entities::{audit_event, audit_head};
use super::{Connection, page_bytes};
use crate::domain::audit::{AuditEvent, ChainHash, ChainHead};
use crate::domain::error::{Error, Result};
use crate::domain::recorded::{Author, Chain};
use crate::domain::time::Timestamp;

/// How many rows one statement may insert: each has twelve values, and SQLite binds at most 32,766.
const INSERT_ROWS_MAX: usize = 500;
/// The columns of a row that may be long.
const LONG: [audit_event::Column; 2] = [audit_event::Column::Before, audit_event::Column::After];

/// Which rows of a chain a list shows. What is absent does not limit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct AuditFilter {
    /// Only what this one did.
    pub actor: Option<Author>,
    /// Only this action.
    pub action: Option<String>,
    /// Only what was done to this.
    pub target: Option<String>,
    /// Only from this moment on.
    pub from: Option<Timestamp>,
    /// Only before this moment.
    pub until: Option<Timestamp>,
}

/// Numbers and seals rows of one chain, in their order, and writes them down.
///
/// # Errors
/// Only those of the database.
pub async fn append(transaction: &impl Connection, chain: Chain, mut rows: Vec<AuditEvent>) -> Result<()> {
    let mut head = lock_head(transaction, chain).await?;
    for row in &mut rows {
        row.sequence = head.sequence.saturating_add(1);
        row.hash = row.hash_after(head.hash).map_err(Error::internal)?;
        head = ChainHead { sequence: row.sequence, hash: row.hash };
    }
    let mut rows = rows.into_iter().map(row).peekable();
    while rows.peek().is_some() {
        let chunk: Vec<_> = rows.by_ref().take(INSERT_ROWS_MAX).map(IntoActiveModel::into_active_model).collect();
        audit_event::Entity::insert_many(chunk).exec_without_returning(transaction).await?;
    }
    let head = audit_head::Model { chain, sequence: head.sequence, hash: head.hash };
    audit_head::Entity::update(head.into_active_model().reset_all()).exec(transaction).await?;
    Ok(())
}

/// The head of a chain, made if there is none, and kept from changing until the transaction ends.
async fn lock_head(transaction: &impl Connection, chain: Chain) -> Result<ChainHead> {
    if let Some(head) = locked_head(transaction, chain).await? {
        return Ok(head);
    }
    let first = audit_head::Model { chain, sequence: 0, hash: ChainHash::default() };
    audit_head::Entity::insert(first.into_active_model())
        .on_conflict(OnConflict::column(audit_head::Column::Chain).do_nothing().to_owned())
        .exec_without_returning(transaction)
        .await?;
    locked_head(transaction, chain).await?.ok_or_else(|| Error::internal("a chain without a head"))
}

async fn locked_head(transaction: &impl Connection, chain: Chain) -> Result<Option<ChainHead>> {
    let head = audit_head::Entity::find_by_id(chain).lock(LockType::NoKeyUpdate).one(transaction).await?;
    Ok(head.map(|head| ChainHead { sequence: head.sequence, hash: head.hash }))
}

/// How far a chain goes.
///
/// # Errors
/// Only those of the database.
pub async fn head(connection: &impl Connection, chain: Chain) -> Result<ChainHead> {
    Ok(find_head(connection, chain).await?.unwrap_or_default())
}

/// How far a chain goes, if its head is there.
///
/// # Errors
/// Only those of the database.
pub async fn find_head(connection: &impl Connection, chain: Chain) -> Result<Option<ChainHead>> {
    let head = audit_head::Entity::find_by_id(chain).one(connection).await?;
    Ok(head.map(|head| ChainHead { sequence: head.sequence, hash: head.hash }))
}

/// The next chain after this one that has rows, with a head or without.
///
/// # Errors
/// Only those of the database.
pub async fn next_chain_of_rows(connection: &impl Connection, after: Option<Chain>) -> Result<Option<Chain>> {
    let mut query = audit_event::Entity::find().select_only().column(audit_event::Column::Chain);
    if let Some(after) = after {
        query = query.filter(audit_event::Column::Chain.gt(after));
    }
    Ok(query.order_by_asc(audit_event::Column::Chain).into_tuple().one(connection).await?)
}

/// Every chain after this one with its head, at most `limit` of them.
///
/// # Errors
/// Only those of the database.
pub async fn heads(connection: &impl Connection, after: Option<Chain>, limit: u64) -> Result<Vec<(Chain, ChainHead)>> {
    let mut query = audit_head::Entity::find();
    if let Some(after) = after {
        query = query.filter(audit_head::Column::Chain.gt(after));
    }
    let rows = query.order_by_asc(audit_head::Column::Chain).limit(limit).all(connection).await?;
    Ok(rows.into_iter().map(|row| (row.chain, ChainHead { sequence: row.sequence, hash: row.hash })).collect())
}

/// Rows of a chain that fit, and whether more of them do.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditPage {
    /// The rows, newest first.
    pub rows: Vec<AuditEvent>,
    /// Whether there are more behind them.
    pub has_more: bool,
}

/// Rows of a chain that fit, newest first, from before the row of the number `before` on, at most `limit` of them, and fewer where
/// they are long.
///
/// # Errors
/// Only those of the database.
pub async fn list(
    connection: &impl Connection,
    chain: Chain,
    filter: &AuditFilter,
    before: Option<i64>,
    limit: u64,
) -> Result<AuditPage> {
    let mut query = audit_event::Entity::find().filter(audit_event::Column::Chain.eq(chain));
    if let Some(actor) = filter.actor {
        query = query.filter(audit_event::Column::Actor.eq(actor));
    }
    if let Some(action) = &filter.action {
        query = query.filter(audit_event::Column::Action.eq(action));
    }
    if let Some(target) = &filter.target {
        query = query.filter(audit_event::Column::Target.eq(target));
    }
    if let Some(from) = filter.from {
        query = query.filter(audit_event::Column::CreatedAt.gte(from));
    }
    if let Some(until) = filter.until {
        query = query.filter(audit_event::Column::CreatedAt.lt(until));
    }
    if let Some(before) = before {
        query = query.filter(audit_event::Column::Sequence.lt(before));
    }
    let query = query.order_by_desc(audit_event::Column::Sequence);
    let one_more = query.clone().limit(limit.saturating_add(1));
    let Some(end) = page_bytes::end(connection, one_more, audit_event::Column::Sequence, &LONG).await? else {
        return Ok(AuditPage { rows: Vec::new(), has_more: false });
    };
    let mut rows = query
        .filter(audit_event::Column::Sequence.gte(end.sequence))
        .limit(limit.saturating_add(1))
        .all(connection)
        .await?;
    let length = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = end.is_cut || rows.len() > length;
    rows.truncate(length);
    Ok(AuditPage { rows: rows.into_iter().map(audit_event_of).collect(), has_more })
}

/// The number of the first row of a chain that was written at this moment or later.
///
/// # Errors
/// Only those of the database.
pub async fn first_from(connection: &impl Connection, chain: Chain, from: Timestamp) -> Result<Option<i64>> {
    let query = audit_event::Entity::find()
        .select_only()
        .column_as(audit_event::Column::Sequence.min(), "sequence")
        .filter(audit_event::Column::Chain.eq(chain))
        .filter(audit_event::Column::CreatedAt.gte(from));
    Ok(query.into_tuple::<Option<i64>>().one(connection).await?.flatten())
}

/// The number of the last row of a chain that was written before this moment.
///
/// # Errors
/// Only those of the database.
pub async fn last_before(connection: &impl Connection, chain: Chain, until: Timestamp) -> Result<Option<i64>> {
    let query = audit_event::Entity::find()
        .select_only()
        .column_as(audit_event::Column::Sequence.max(), "sequence")
        .filter(audit_event::Column::Chain.eq(chain))
        .filter(audit_event::Column::CreatedAt.lt(until));
    Ok(query.into_tuple::<Option<i64>>().one(connection).await?.flatten())
}

/// The rows of a chain after the number `after` up to the number `until`, in their order, at most `limit` of them, and fewer where they
/// are long; none only where there is none.
///
/// # Errors
/// Only those of the database.
pub async fn range(
    connection: &impl Connection,
    chain: Chain,
    after: i64,
    until: i64,
    limit: u64,
) -> Result<Vec<AuditEvent>> {
    let query = audit_event::Entity::find()
        .filter(audit_event::Column::Chain.eq(chain))
        .filter(audit_event::Column::Sequence.gt(after))
        .filter(audit_event::Column::Sequence.lte(until))
        .order_by_asc(audit_event::Column::Sequence)
        .limit(limit);
    let Some(end) = page_bytes::end(connection, query.clone(), audit_event::Column::Sequence, &LONG).await? else {
        return Ok(Vec::new());
    };
    let rows = query.filter(audit_event::Column::Sequence.lte(end.sequence)).all(connection).await?;
    Ok(rows.into_iter().map(audit_event_of).collect())
}

/// Whether a chain has rows behind its head, which nobody writes who seals them. The two are compared at one moment.
///
/// # Errors
/// Only those of the database.
pub async fn has_rows_behind_head(connection: &impl Connection, chain: Chain) -> Result<bool> {
    let mut head = Query::select();
    head.column(audit_head::Column::Sequence).from(audit_head::Entity).and_where(audit_head::Column::Chain.eq(chain));
    let behind = audit_event::Entity::find()
        .filter(audit_event::Column::Chain.eq(chain))
        .filter(Expr::col(audit_event::Column::Sequence).gt(SimpleExpr::from(head)))
        .select_only()
        .column(audit_event::Column::Sequence)
        .limit(1);
    Ok(behind.into_tuple::<i64>().one(connection).await?.is_some())
}

fn row(event: AuditEvent) -> audit_event::Model {
    audit_event::Model {
        chain: event.chain,
        sequence: event.sequence,
        id: event.id,
        actor: event.actor,
        action: event.action,
        target: event.target,
        before: event.before.map(Json),
        after: event.after.map(Json),
        address: event.address,
        request_id: event.request_id,
        created_at: event.at,
        hash: event.hash,
    }
}

fn audit_event_of(row: audit_event::Model) -> AuditEvent {
    AuditEvent {
        chain: row.chain,
        sequence: row.sequence,
        id: row.id,
        at: row.created_at,
        actor: row.actor,
        action: row.action,
        target: row.target,
        before: row.before.map(|json| json.0),
        after: row.after.map(|json| json.0),
        address: row.address,
        request_id: row.request_id,
        hash: row.hash,
    }
}
