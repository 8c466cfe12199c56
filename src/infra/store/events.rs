//! The stream of events, and the end of each commit that has some.

use std::ops::RangeInclusive;

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, EntityTrait, ExprTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect};

use super::columns::Json;
use super::entities::{change_sequence, event};
use super::{Connection, changes, numbers, page_bytes};
use crate::domain::change::{Change, Invalidation};
use crate::domain::error::{Error, Result};
use crate::domain::event::Event;
use crate::domain::id::WorkspaceId;
use crate::domain::time::Timestamp;

/// How many events one statement may insert: each has nine values, and SQLite binds at most 32,766.
const INSERT_ROWS_MAX: usize = 500;

/// Numbers the events of a transaction, and what it makes wrong for edges, and writes both down. Call it last: until the commit
/// no other transaction gets a number.
///
/// # Errors
/// Only those of the database.
pub async fn append(
    transaction: &impl Connection,
    mut events: Vec<Event>,
    stale: Vec<Invalidation>,
    now: Timestamp,
) -> Result<Option<Change>> {
    if events.is_empty() && stale.is_empty() {
        return Ok(None);
    }
    let count = i64::try_from(events.len()).map_err(Error::internal)?;
    let numbers = numbers::take(transaction, !stale.is_empty(), count, now).await?;
    for (event, sequence) in events.iter_mut().zip(numbers.first_event..) {
        event.sequence = sequence;
    }
    let mut rows = events.into_iter().map(row).peekable();
    while rows.peek().is_some() {
        let chunk: Vec<_> = rows.by_ref().take(INSERT_ROWS_MAX).map(IntoActiveModel::into_active_model).collect();
        event::Entity::insert_many(chunk).exec_without_returning(transaction).await?;
    }
    match numbers.change {
        Some(sequence) => changes::insert(transaction, sequence, stale, now).await.map(Some),
        None => Ok(None),
    }
}

/// Which events somebody wants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Only those of this workspace.
    pub workspace: Option<WorkspaceId>,
    /// Only those of these types, such as `link.created`, or `link.*`; of every type if empty.
    pub types: Vec<String>,
}

/// Events that fit, and how far one has come with them.
#[derive(Debug, Clone, PartialEq)]
pub struct EventPage {
    /// The events, in their order.
    pub events: Vec<Event>,
    /// All up to this number that fit are among them.
    pub through: i64,
}

/// The events with a number in `range` that fit, in their order, at most `limit` of them, and fewer where they are long.
///
/// # Errors
/// Only those of the database.
pub async fn list(
    connection: &impl Connection,
    filter: &EventFilter,
    range: RangeInclusive<i64>,
    limit: u64,
) -> Result<EventPage> {
    let mut query = event::Entity::find();
    if let Some(workspace) = filter.workspace {
        query = query.filter(event::Column::WorkspaceId.eq(workspace));
    }
    if !filter.types.is_empty() {
        query = query.filter(filter.types.iter().fold(Condition::any(), |any, name| any.add(is_type(name))));
    }
    let query = query
        .filter(event::Column::Sequence.gte(*range.start()))
        .filter(event::Column::Sequence.lte(*range.end()))
        .order_by_asc(event::Column::Sequence)
        .limit(limit);
    let end = page_bytes::end(connection, query.clone(), event::Column::Sequence, &[event::Column::Data]).await?;
    let Some(end) = end else { return Ok(EventPage { events: Vec::new(), through: *range.end() }) };
    let rows = query.filter(event::Column::Sequence.lte(end.sequence)).all(connection).await?;
    let is_full = end.is_cut || u64::try_from(rows.len()).unwrap_or(u64::MAX) >= limit;
    let through = if is_full { end.sequence } else { *range.end() };
    Ok(EventPage { events: rows.into_iter().map(event_of).collect::<Result<_>>()?, through })
}

fn is_type(name: &str) -> Expr {
    match name.strip_suffix('*') {
        // A slash comes right after the full stop at the end of the prefix, so that this is a range of an index.
        Some(prefix) => {
            let end = format!("{}/", prefix.trim_end_matches('.'));
            event::Column::Type.gte(prefix).and(event::Column::Type.lt(end))
        }
        None => event::Column::Type.eq(name),
    }
}

/// The number of the last event; 0 before the first.
///
/// # Errors
/// Only those of the database.
pub async fn last(connection: &impl Connection) -> Result<i64> {
    let row = change_sequence::Entity::find().one(connection).await?;
    row.map(|row| row.last_event).ok_or_else(numbers::no_row)
}

/// The number before the oldest event that is still kept: whoever has read up to there, or further, misses nothing.
///
/// # Errors
/// Only those of the database.
pub async fn kept_from(connection: &impl Connection) -> Result<i64> {
    let oldest = event::Entity::find()
        .select_only()
        .column(event::Column::Sequence)
        .order_by_asc(event::Column::Sequence)
        .into_tuple::<i64>()
        .one(connection)
        .await?;
    match oldest {
        Some(sequence) => Ok(sequence.saturating_sub(1)),
        None => last(connection).await,
    }
}

/// Forgets the oldest events from before `time` and none with a number above `through`, at most `limit` of them, and says how many those were.
///
/// # Errors
/// Only those of the database.
pub async fn delete_before(connection: &impl Connection, time: Timestamp, through: i64, limit: u64) -> Result<u64> {
    let end: Option<i64> = event::Entity::find()
        .select_only()
        .column(event::Column::Sequence)
        .filter(event::Column::CreatedAt.gte(time))
        .order_by_asc(event::Column::Sequence)
        .into_tuple()
        .one(connection)
        .await?;
    let first = kept_from(connection).await?.saturating_add(1);
    let end = match end {
        Some(end) => end,
        None => last(connection).await?.saturating_add(1),
    };
    let end = Ord::min(end, through.saturating_add(1));
    let end = Ord::min(end, first.saturating_add(i64::try_from(limit).unwrap_or(i64::MAX)));
    // From the front alone, so that what is kept has no gaps, whatever the clocks said.
    let deleted = event::Entity::delete_many().filter(event::Column::Sequence.lt(end)).exec(connection).await?;
    Ok(deleted.rows_affected)
}

fn row(event: Event) -> event::Model {
    event::Model {
        sequence: event.sequence,
        id: event.id,
        r#type: event.r#type,
        schema_version: event.schema_version.into(),
        workspace_id: event.workspace_id,
        subject: event.subject,
        actor: event.actor,
        data: Json(event.data),
        created_at: event.at,
    }
}

pub(super) fn event_of(row: event::Model) -> Result<Event> {
    Ok(Event {
        sequence: row.sequence,
        id: row.id,
        r#type: row.r#type,
        schema_version: row.schema_version.try_into().map_err(Error::internal)?,
        workspace_id: row.workspace_id,
        subject: row.subject,
        actor: row.actor,
        at: row.created_at,
        data: row.data.0,
    })
}
