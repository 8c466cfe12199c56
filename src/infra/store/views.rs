//! Saved views of pages. Whoever asks finds their own and those that are shared.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QuerySelect,
    Select,
};

use super::Connection;
use super::entities::view;
use super::page::{Page, newest_first};
use crate::domain::error::Result;
use crate::domain::id::{ViewId, WorkspaceId};
use crate::domain::recorded::Author;
use crate::domain::view::ViewPage;

pub use view::Model as View;

/// Adds a view.
///
/// # Errors
/// Only those of the database.
pub async fn insert(connection: &impl Connection, view: View) -> Result<()> {
    view::Entity::insert(view.into_active_model()).exec_without_returning(connection).await?;
    Ok(())
}

/// How many views a workspace has, whoever made them.
///
/// # Errors
/// Only those of the database.
pub async fn count(connection: &impl Connection, workspace: WorkspaceId) -> Result<u64> {
    let query = view::Entity::find().filter(view::Column::WorkspaceId.eq(workspace));
    Ok(query.count(connection).await?)
}

/// One view of a workspace, if `reader` sees it.
///
/// # Errors
/// Only those of the database.
pub async fn find(
    connection: &impl Connection,
    workspace: WorkspaceId,
    reader: Author,
    id: ViewId,
) -> Result<Option<View>> {
    Ok(seen_by(workspace, reader).filter(view::Column::Id.eq(id)).one(connection).await?)
}

/// The same, kept from changing until the transaction ends.
///
/// # Errors
/// Only those of the database.
pub async fn lock(
    connection: &impl Connection,
    workspace: WorkspaceId,
    reader: Author,
    id: ViewId,
) -> Result<Option<View>> {
    Ok(seen_by(workspace, reader).filter(view::Column::Id.eq(id)).lock_exclusive().one(connection).await?)
}

/// The views of a workspace that `reader` sees, newest first; those of one page, if it is named.
///
/// # Errors
/// Only those of the database.
pub async fn list(
    connection: &impl Connection,
    workspace: WorkspaceId,
    reader: Author,
    of_page: Option<ViewPage>,
    page: Page,
) -> Result<Vec<View>> {
    let query =
        of_page.into_iter().fold(seen_by(workspace, reader), |query, page| query.filter(view::Column::Page.eq(page)));
    Ok(newest_first(query, view::Column::CreatedAt, view::Column::Id, page).all(connection).await?)
}

/// Writes a view over the version before it.
///
/// # Errors
/// Only those of the database.
pub async fn update(connection: &impl Connection, view: View) -> Result<()> {
    view::Entity::update(view.into_active_model().reset_all()).exec(connection).await?;
    Ok(())
}

/// Deletes a view of a workspace.
///
/// # Errors
/// Only those of the database.
pub async fn delete(connection: &impl Connection, workspace: WorkspaceId, id: ViewId) -> Result<()> {
    view::Entity::delete_many()
        .filter(view::Column::WorkspaceId.eq(workspace))
        .filter(view::Column::Id.eq(id))
        .exec(connection)
        .await?;
    Ok(())
}

fn seen_by(workspace: WorkspaceId, reader: Author) -> Select<view::Entity> {
    let is_seen = Condition::any().add(view::Column::IsShared.eq(true)).add(view::Column::Owner.eq(reader));
    view::Entity::find().filter(view::Column::WorkspaceId.eq(workspace)).filter(is_seen)
}
