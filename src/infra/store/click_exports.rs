//! Files of clicks of workspaces.

use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QuerySelect};

use super::Connection;
use super::entities::click_export;
use super::page::{Page, newest_first};
use crate::domain::click_export::ClickExportState;
use crate::domain::error::Result;
use crate::domain::id::{ClickExportId, WorkspaceId};
use crate::domain::time::Timestamp;

pub use click_export::Model as ClickExport;

/// Adds an export.
///
/// # Errors
/// Only those of the database.
pub async fn insert(connection: &impl Connection, export: ClickExport) -> Result<()> {
    click_export::Entity::insert(export.into_active_model()).exec_without_returning(connection).await?;
    Ok(())
}

/// How many exports a workspace has: in this state, or all of them.
///
/// # Errors
/// Only those of the database.
pub async fn count(
    connection: &impl Connection,
    workspace: WorkspaceId,
    state: Option<ClickExportState>,
) -> Result<u64> {
    let mut query = click_export::Entity::find().filter(click_export::Column::WorkspaceId.eq(workspace));
    if let Some(state) = state {
        query = query.filter(click_export::Column::State.eq(state));
    }
    Ok(query.count(connection).await?)
}

/// The exports of a workspace, newest first.
///
/// # Errors
/// Only those of the database.
pub async fn list(connection: &impl Connection, workspace: WorkspaceId, page: Page) -> Result<Vec<ClickExport>> {
    let query = click_export::Entity::find().filter(click_export::Column::WorkspaceId.eq(workspace));
    let query = newest_first(query, click_export::Column::CreatedAt, click_export::Column::Id, page);
    Ok(query.all(connection).await?)
}

/// One export of a workspace.
///
/// # Errors
/// Only those of the database.
pub async fn find(
    connection: &impl Connection,
    workspace: WorkspaceId,
    id: ClickExportId,
) -> Result<Option<ClickExport>> {
    let query = click_export::Entity::find_by_id(id).filter(click_export::Column::WorkspaceId.eq(workspace));
    Ok(query.one(connection).await?)
}

/// Writes an export over what it was.
///
/// # Errors
/// Only those of the database.
pub async fn update(connection: &impl Connection, export: ClickExport) -> Result<()> {
    click_export::Entity::update(export.into_active_model().reset_all()).exec(connection).await?;
    Ok(())
}

/// Exports of everybody that expired before `time`, at most `limit` of them.
///
/// # Errors
/// Only those of the database.
pub async fn expired_before(connection: &impl Connection, time: Timestamp, limit: u64) -> Result<Vec<ClickExport>> {
    let query = click_export::Entity::find().filter(click_export::Column::ExpiresAt.lt(time)).limit(limit);
    Ok(query.all(connection).await?)
}

/// Exports of everybody that were asked for before `time` and are still to be written, at most `limit` of them.
///
/// # Errors
/// Only those of the database.
pub async fn pending_since(connection: &impl Connection, time: Timestamp, limit: u64) -> Result<Vec<ClickExport>> {
    let query = click_export::Entity::find()
        .filter(click_export::Column::State.eq(ClickExportState::Pending))
        .filter(click_export::Column::CreatedAt.lt(time))
        .limit(limit);
    Ok(query.all(connection).await?)
}

/// Forgets an export.
///
/// # Errors
/// Only those of the database.
pub async fn delete(connection: &impl Connection, workspace: WorkspaceId, id: ClickExportId) -> Result<()> {
    click_export::Entity::delete_many()
        .filter(click_export::Column::WorkspaceId.eq(workspace))
        .filter(click_export::Column::Id.eq(id))
        .exec(connection)
        .await?;
    Ok(())
}
