//! Workspaces that are gone for good, so that what is kept of them outside of the source of truth can follow, whenever it comes.
//!
//! Invariant: a workspace is among them from the transaction on that deletes it, for ever.

use std::collections::HashSet;

use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect};

use super::Connection;
use super::entities::purged_workspace::{Column, Entity, Model};
use crate::domain::error::Result;
use crate::domain::id::WorkspaceId;
use crate::domain::time::Timestamp;

/// Notes that a workspace is gone, in the transaction that deletes it.
///
/// # Errors
/// Only those of the database.
pub async fn insert(connection: &impl Connection, id: WorkspaceId, purged_at: Timestamp) -> Result<()> {
    let row = Model { id, purged_at };
    Entity::insert(row.into_active_model()).exec_without_returning(connection).await?;
    Ok(())
}

/// Those after this one, at most `limit` of them.
///
/// # Errors
/// Only those of the database.
pub async fn ids(connection: &impl Connection, after: Option<WorkspaceId>, limit: u64) -> Result<Vec<WorkspaceId>> {
    let mut query = Entity::find().select_only().column(Column::Id);
    if let Some(after) = after {
        query = query.filter(Column::Id.gt(after));
    }
    Ok(query.order_by_asc(Column::Id).limit(limit).into_tuple().all(connection).await?)
}

/// Which of these are gone.
///
/// # Errors
/// Only those of the database.
pub async fn among(
    connection: &impl Connection,
    ids: impl IntoIterator<Item = WorkspaceId>,
) -> Result<HashSet<WorkspaceId>> {
    let query = Entity::find().select_only().column(Column::Id).filter(Column::Id.is_in(ids));
    let found: Vec<WorkspaceId> = query.into_tuple().all(connection).await?;
    Ok(found.into_iter().collect())
}
