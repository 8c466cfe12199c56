//! What is in the archive of events, and what is to go into it.

use std::ops::RangeInclusive;

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::entities::{event, event_archive};
use super::{Connection, events};
use crate::domain::error::{Error, Result};
use crate::domain::event::Event;
use crate::domain::id::WorkspaceId;
use crate::domain::time::Timestamp;

/// The number of the last event that is in a file; 0 if none is.
///
/// # Errors
/// Only those of the database.
pub async fn through(connection: &impl Connection) -> Result<i64> {
    let row = event_archive::Entity::find().one(connection).await?;
    row.map(|row| row.through).ok_or_else(|| Error::internal("the table event_archive has lost its row"))
}

/// Notes that all events up to this one are in files.
///
/// # Errors
/// Only those of the database.
pub async fn note_through(connection: &impl Connection, sequence: i64) -> Result<()> {
    let further = event_archive::Column::Through.lt(sequence);
    let update = event_archive::Entity::update_many().filter(further);
    update.col_expr(event_archive::Column::Through, Expr::value(sequence)).exec(connection).await?;
    Ok(())
}

/// The number of the first event from `sequence` on that was written at this time or later, or else the one that the next event will get.
///
/// # Errors
/// Only those of the database.
pub async fn first_since(connection: &impl Connection, sequence: i64, time: Timestamp) -> Result<i64> {
    let next = events::last(connection).await?.saturating_add(1);
    let found: Option<i64> = event::Entity::find()
        .select_only()
        .column(event::Column::Sequence)
        .filter(event::Column::Sequence.gte(sequence))
        .filter(event::Column::CreatedAt.gte(time))
        .order_by_asc(event::Column::Sequence)
        .into_tuple()
        .one(connection)
        .await?;
    Ok(found.unwrap_or(next))
}

/// Whose the events in this range are; none for what concerns the instance.
///
/// # Errors
/// Only those of the database.
pub async fn owners(connection: &impl Connection, range: RangeInclusive<i64>) -> Result<Vec<Option<WorkspaceId>>> {
    let query = event::Entity::find().select_only().column(event::Column::WorkspaceId).distinct();
    let owners = query.filter(event::Column::Sequence.between(*range.start(), *range.end()));
    Ok(owners.into_tuple().all(connection).await?)
}

/// The events of one owner in this range, in their order, at most `limit` of them.
///
/// # Errors
/// Only those of the database.
pub async fn list(
    connection: &impl Connection,
    owner: Option<WorkspaceId>,
    range: RangeInclusive<i64>,
    limit: u64,
) -> Result<Vec<Event>> {
    let is_theirs = match owner {
        Some(workspace) => event::Column::WorkspaceId.eq(workspace),
        None => event::Column::WorkspaceId.is_null(),
    };
    let query = event::Entity::find().filter(is_theirs);
    let query = query.filter(event::Column::Sequence.between(*range.start(), *range.end()));
    let rows = query.order_by_asc(event::Column::Sequence).limit(limit).all(connection).await?;
    rows.into_iter().map(events::event_of).collect()
}
