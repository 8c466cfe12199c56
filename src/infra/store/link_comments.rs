//! What people said about links.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QuerySelect, Select,
};

use super::Connection;
use super::entities::link_comment;
use super::page::{Page, newest_first};
use crate::domain::error::Result;
use crate::domain::id::{LinkCommentId, LinkId, WorkspaceId};

pub use link_comment::Model as LinkComment;

/// How many ids one statement may name.
const ROWS_MAX: usize = 500;

/// Adds a comment.
///
/// # Errors
/// Only those of the database.
pub async fn insert(connection: &impl Connection, comment: LinkComment) -> Result<()> {
    link_comment::Entity::insert(comment.into_active_model()).exec_without_returning(connection).await?;
    Ok(())
}

/// How many comments a link of a workspace has.
///
/// # Errors
/// Only those of the database.
pub async fn count(connection: &impl Connection, workspace: WorkspaceId, link: LinkId) -> Result<u64> {
    Ok(on(workspace, link).count(connection).await?)
}

/// The comments on a link of a workspace, newest first.
///
/// # Errors
/// Only those of the database.
pub async fn list(
    connection: &impl Connection,
    workspace: WorkspaceId,
    link: LinkId,
    page: Page,
) -> Result<Vec<LinkComment>> {
    let query = newest_first(on(workspace, link), link_comment::Column::CreatedAt, link_comment::Column::Id, page);
    Ok(query.all(connection).await?)
}

/// One comment on a link of a workspace, kept from changing until the transaction ends.
///
/// # Errors
/// Only those of the database.
pub async fn lock(
    connection: &impl Connection,
    workspace: WorkspaceId,
    link: LinkId,
    id: LinkCommentId,
) -> Result<Option<LinkComment>> {
    let query = on(workspace, link).filter(link_comment::Column::Id.eq(id));
    Ok(query.lock_exclusive().one(connection).await?)
}

/// Writes a comment over the version before it.
///
/// # Errors
/// Only those of the database.
pub async fn update(connection: &impl Connection, comment: LinkComment) -> Result<()> {
    link_comment::Entity::update(comment.into_active_model().reset_all()).exec(connection).await?;
    Ok(())
}

/// Deletes a comment of a workspace.
///
/// # Errors
/// Only those of the database.
pub async fn delete(connection: &impl Connection, workspace: WorkspaceId, id: LinkCommentId) -> Result<()> {
    link_comment::Entity::delete_many()
        .filter(link_comment::Column::WorkspaceId.eq(workspace))
        .filter(link_comment::Column::Id.eq(id))
        .exec(connection)
        .await?;
    Ok(())
}

/// Takes every comment on a link along to another workspace.
///
/// # Errors
/// Only those of the database.
pub async fn move_to(connection: &impl Connection, link: LinkId, workspace: WorkspaceId) -> Result<()> {
    link_comment::Entity::update_many()
        .col_expr(link_comment::Column::WorkspaceId, Expr::value(workspace))
        .filter(link_comment::Column::LinkId.eq(link))
        .exec(connection)
        .await?;
    Ok(())
}

/// Forgets every comment on these links.
///
/// # Errors
/// Only those of the database.
pub async fn forget_all(connection: &impl Connection, links: &[LinkId]) -> Result<()> {
    for links in links.chunks(ROWS_MAX) {
        link_comment::Entity::delete_many()
            .filter(link_comment::Column::LinkId.is_in(links.iter().copied()))
            .exec(connection)
            .await?;
    }
    Ok(())
}

fn on(workspace: WorkspaceId, link: LinkId) -> Select<link_comment::Entity> {
    link_comment::Entity::find()
        .filter(link_comment::Column::WorkspaceId.eq(workspace))
        .filter(link_comment::Column::LinkId.eq(link))
}
