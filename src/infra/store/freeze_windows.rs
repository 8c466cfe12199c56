//! Times in which links are left as they are.

use sea_orm::sea_query::{Expr, Query, SimpleExpr};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, ExprTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, Select,
};

use super::Connection;
use super::entities::{freeze_window, link, link_tag};
use super::page::{Page, newest_first};
use crate::domain::error::Result;
use crate::domain::id::{DomainId, FolderId, FreezeWindowId, TagId, WorkspaceId};
use crate::domain::time::Timestamp;

pub use freeze_window::Model as FreezeWindow;

/// Adds a window.
///
/// # Errors
/// Only those of the database.
pub async fn insert(connection: &impl Connection, window: FreezeWindow) -> Result<()> {
    freeze_window::Entity::insert(window.into_active_model()).exec_without_returning(connection).await?;
    Ok(())
}

/// How many windows of a workspace have not ended.
///
/// # Errors
/// Only those of the database.
pub async fn count_to_come(connection: &impl Connection, workspace: WorkspaceId, now: Timestamp) -> Result<u64> {
    Ok(of(workspace).filter(freeze_window::Column::EndsAt.gt(now)).count(connection).await?)
}

/// The windows of a workspace that a moment is in, those that end last first, at most `limit`.
///
/// # Errors
/// Only those of the database.
pub async fn open_at(
    connection: &impl Connection,
    workspace: WorkspaceId,
    now: Timestamp,
    limit: u64,
) -> Result<Vec<FreezeWindow>> {
    let query = of(workspace)
        .filter(freeze_window::Column::EndsAt.gt(now))
        .filter(freeze_window::Column::StartsAt.lte(now))
        .order_by_desc(freeze_window::Column::EndsAt)
        .limit(limit);
    Ok(query.all(connection).await?)
}

/// A window, of whichever workspace, that a moment is in and that holds a link on this domain.
///
/// # Errors
/// Only those of the database.
pub async fn holding_links_on(
    connection: &impl Connection,
    domain: DomainId,
    now: Timestamp,
) -> Result<Option<FreezeWindow>> {
    holding(connection, Expr::col((link::Entity, link::Column::DomainId)).eq(domain), now).await
}

/// A window that a moment is in and that holds a link with this tag.
///
/// # Errors
/// Only those of the database.
pub async fn holding_links_with(
    connection: &impl Connection,
    tag: TagId,
    now: Timestamp,
) -> Result<Option<FreezeWindow>> {
    let tagged = Query::select()
        .column(link_tag::Column::LinkId)
        .from(link_tag::Entity)
        .and_where(Expr::col((link_tag::Entity, link_tag::Column::TagId)).eq(tag))
        .to_owned();
    holding(connection, Expr::col((link::Entity, link::Column::Id)).in_subquery(tagged), now).await
}

/// A window, of whichever workspace, that a moment is in and that holds one of these links; the one that ends last.
async fn holding(connection: &impl Connection, links: SimpleExpr, now: Timestamp) -> Result<Option<FreezeWindow>> {
    let same = |link: link::Column, window: freeze_window::Column| {
        Expr::col((link::Entity, link)).equals((freeze_window::Entity, window))
    };
    let folder = freeze_window::Column::FolderId;
    let held = Query::select()
        .expr(Expr::val(1))
        .from(link::Entity)
        .and_where(links)
        .and_where(same(link::Column::WorkspaceId, freeze_window::Column::WorkspaceId))
        .and_where(Expr::col((freeze_window::Entity, folder)).is_null().or(same(link::Column::FolderId, folder)))
        .to_owned();
    let query = freeze_window::Entity::find()
        .filter(freeze_window::Column::EndsAt.gt(now))
        .filter(freeze_window::Column::StartsAt.lte(now))
        .filter(Expr::exists(held))
        .order_by_desc(freeze_window::Column::EndsAt);
    Ok(query.one(connection).await?)
}

/// One window of a workspace.
///
/// # Errors
/// Only those of the database.
pub async fn find(
    connection: &impl Connection,
    workspace: WorkspaceId,
    id: FreezeWindowId,
) -> Result<Option<FreezeWindow>> {
    Ok(of(workspace).filter(freeze_window::Column::Id.eq(id)).one(connection).await?)
}

/// The same, kept from changing until the transaction ends.
///
/// # Errors
/// Only those of the database.
pub async fn lock(
    connection: &impl Connection,
    workspace: WorkspaceId,
    id: FreezeWindowId,
) -> Result<Option<FreezeWindow>> {
    Ok(of(workspace).filter(freeze_window::Column::Id.eq(id)).lock_exclusive().one(connection).await?)
}

/// The windows of a folder, those that are over included, kept from changing until the transaction ends.
///
/// # Errors
/// Only those of the database.
pub async fn lock_of_folder(
    connection: &impl Connection,
    workspace: WorkspaceId,
    folder: FolderId,
) -> Result<Vec<FreezeWindow>> {
    let query = of(workspace).filter(freeze_window::Column::FolderId.eq(folder));
    Ok(query.order_by_asc(freeze_window::Column::Id).lock_exclusive().all(connection).await?)
}

/// A page of the windows of a workspace that are of none of the `hidden` folders, newest first.
///
/// # Errors
/// Only those of the database.
pub async fn list(
    connection: &impl Connection,
    workspace: WorkspaceId,
    hidden: Vec<FolderId>,
    page: Page,
) -> Result<Vec<FreezeWindow>> {
    let folder = freeze_window::Column::FolderId;
    let query = of(workspace).filter(folder.is_null().or(folder.is_not_in(hidden)));
    let query = newest_first(query, freeze_window::Column::CreatedAt, freeze_window::Column::Id, page);
    Ok(query.all(connection).await?)
}

/// Writes a window over the version before it.
///
/// # Errors
/// Only those of the database.
pub async fn update(connection: &impl Connection, window: FreezeWindow) -> Result<()> {
    freeze_window::Entity::update(window.into_active_model().reset_all()).exec(connection).await?;
    Ok(())
}

/// Deletes a window of a workspace.
///
/// # Errors
/// Only those of the database.
pub async fn delete(connection: &impl Connection, workspace: WorkspaceId, id: FreezeWindowId) -> Result<()> {
    freeze_window::Entity::delete_many()
        .filter(freeze_window::Column::WorkspaceId.eq(workspace))
        .filter(freeze_window::Column::Id.eq(id))
        .exec(connection)
        .await?;
    Ok(())
}

fn of(workspace: WorkspaceId) -> Select<freeze_window::Entity> {
    freeze_window::Entity::find().filter(freeze_window::Column::WorkspaceId.eq(workspace))
}
