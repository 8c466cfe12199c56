//! Links that were deleted.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, EntityTrait, ExprTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select,
};

use super::Connection;
use super::entities::deleted_link;
use super::page::{Page, newest_first};
use crate::domain::error::Result;
use crate::domain::id::{FolderId, LinkChangeId, LinkId, WorkspaceId};
use crate::domain::recorded::Author;
use crate::domain::time::Timestamp;

pub use deleted_link::Model as DeletedLink;

/// How many rows one statement may carry, well below the limits of either database.
const ROWS_MAX: usize = 500;

/// Adds links that were deleted.
///
/// # Errors
/// Only those of the database.
pub async fn insert_many(connection: &impl Connection, links: Vec<DeletedLink>) -> Result<()> {
    let mut links = links.into_iter().map(IntoActiveModel::into_active_model).peekable();
    while links.peek().is_some() {
        let rows: Vec<deleted_link::ActiveModel> = links.by_ref().take(ROWS_MAX).collect();
        deleted_link::Entity::insert_many(rows).exec_without_returning(connection).await?;
    }
    Ok(())
}

/// Those links of a workspace that can be restored and are in none of the `hidden` folders, last deleted first.
///
/// # Errors
/// Only those of the database.
pub async fn list(
    connection: &impl Connection,
    workspace: WorkspaceId,
    hidden: Vec<FolderId>,
    page: Page,
) -> Result<Vec<DeletedLink>> {
    let folder = deleted_link::Column::FolderId;
    let query = restorable(workspace).filter(folder.is_null().or(folder.is_not_in(hidden)));
    Ok(newest_first(query, deleted_link::Column::CreatedAt, deleted_link::Column::Id, page).all(connection).await?)
}

/// A link of a workspace that can be restored, kept from others until the transaction ends.
///
/// # Errors
/// Only those of the database.
pub async fn lock(connection: &impl Connection, workspace: WorkspaceId, id: LinkId) -> Result<Option<DeletedLink>> {
    Ok(restorable(workspace).filter(deleted_link::Column::Id.eq(id)).lock_exclusive().one(connection).await?)
}

/// How many links of a folder can be restored.
///
/// # Errors
/// Only those of the database.
pub async fn count_in_folder(connection: &impl Connection, workspace: WorkspaceId, folder: FolderId) -> Result<u64> {
    Ok(restorable(workspace).filter(deleted_link::Column::FolderId.eq(folder)).count(connection).await?)
}

/// Deleted links of a workspace that were in these folders, whether they can be restored or not, at most `limit`.
///
/// # Errors
/// Only those of the database.
pub async fn ids_in_folders(
    connection: &impl Connection,
    workspace: WorkspaceId,
    folders: Vec<FolderId>,
    limit: u64,
) -> Result<Vec<LinkId>> {
    let query = deleted_link::Entity::find()
        .filter(deleted_link::Column::WorkspaceId.eq(workspace))
        .filter(deleted_link::Column::FolderId.is_in(folders));
    Ok(query.select_only().column(deleted_link::Column::Id).limit(limit).into_tuple().all(connection).await?)
}

/// The last link that this author deleted since a moment.
///
/// # Errors
/// Only those of the database.
pub async fn last_of_author(
    connection: &impl Connection,
    workspace: WorkspaceId,
    author: Author,
    since: Timestamp,
) -> Result<Option<DeletedLink>> {
    let query = restorable(workspace)
        .filter(deleted_link::Column::Author.eq(author))
        .filter(deleted_link::Column::CreatedAt.gte(since))
        .order_by_desc(deleted_link::Column::CreatedAt);
    Ok(query.limit(1).one(connection).await?)
}

/// The links that a change of a workspace deleted and that can be restored, at most `limit`, kept from others until the
/// transaction ends.
///
/// # Errors
/// Only those of the database.
pub async fn lock_of_change(
    connection: &impl Connection,
    workspace: WorkspaceId,
    change: LinkChangeId,
    limit: u64,
) -> Result<Vec<DeletedLink>> {
    let query = restorable(workspace)
        .filter(deleted_link::Column::ChangeId.eq(change))
        .order_by_asc(deleted_link::Column::Id)
        .limit(limit);
    Ok(query.lock_exclusive().all(connection).await?)
}

/// Links of everybody that were deleted before `time` and can still be restored, at most `limit`.
///
/// # Errors
/// Only those of the database.
pub async fn deleted_before(connection: &impl Connection, time: Timestamp, limit: u64) -> Result<Vec<LinkId>> {
    let query = deleted_link::Entity::find()
        .filter(deleted_link::Column::Content.is_not_null())
        .filter(deleted_link::Column::CreatedAt.lt(time));
    Ok(query.select_only().column(deleted_link::Column::Id).limit(limit).into_tuple().all(connection).await?)
}

/// Takes links out, because they are restored.
///
/// # Errors
/// Only those of the database.
pub async fn take_out(connection: &impl Connection, links: &[LinkId]) -> Result<()> {
    for links in links.chunks(ROWS_MAX) {
        deleted_link::Entity::delete_many()
            .filter(deleted_link::Column::Id.is_in(links.iter().copied()))
            .exec(connection)
            .await?;
    }
    Ok(())
}

/// Forgets what these links were. Of those in folders it stays known in which one.
///
/// # Errors
/// Only those of the database.
pub async fn purge(connection: &impl Connection, links: &[LinkId]) -> Result<()> {
    for links in links.chunks(ROWS_MAX) {
        let these = deleted_link::Column::Id.is_in(links.iter().copied());
        deleted_link::Entity::delete_many()
            .filter(these.clone())
            .filter(deleted_link::Column::FolderId.is_null())
            .exec(connection)
            .await?;
        deleted_link::Entity::update_many()
            .col_expr(deleted_link::Column::Content, Expr::value(Option::<String>::None))
            .filter(these)
            .exec(connection)
            .await?;
    }
    Ok(())
}

fn restorable(workspace: WorkspaceId) -> Select<deleted_link::Entity> {
    deleted_link::Entity::find()
        .filter(deleted_link::Column::WorkspaceId.eq(workspace))
        .filter(deleted_link::Column::Content.is_not_null())
}
