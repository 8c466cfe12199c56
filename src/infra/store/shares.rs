//! Shared pages of statistics. Only those that are not revoked are listed; by its token a revoked one is still found.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QuerySelect, Select,
};

use super::Connection;
use super::entities::share;
use super::page::{Page, newest_first};
use crate::domain::error::Result;
use crate::domain::id::{ShareId, WorkspaceId};
use crate::domain::time::Timestamp;

pub use share::Model as Share;

/// Adds a share.
///
/// # Errors
/// Only those of the database.
pub async fn insert(connection: &impl Connection, share: Share) -> Result<()> {
    share::Entity::insert(share.into_active_model()).exec_without_returning(connection).await?;
    Ok(())
}

/// How many shares a workspace has.
///
/// # Errors
/// Only those of the database.
pub async fn count(connection: &impl Connection, workspace: WorkspaceId) -> Result<u64> {
    Ok(of(workspace).count(connection).await?)
}

/// One share of a workspace.
///
/// # Errors
/// Only those of the database.
pub async fn find(connection: &impl Connection, workspace: WorkspaceId, id: ShareId) -> Result<Option<Share>> {
    Ok(of(workspace).filter(share::Column::Id.eq(id)).one(connection).await?)
}

/// The same, kept from changing until the transaction ends.
///
/// # Errors
/// Only those of the database.
pub async fn lock(connection: &impl Connection, workspace: WorkspaceId, id: ShareId) -> Result<Option<Share>> {
    Ok(of(workspace).filter(share::Column::Id.eq(id)).lock_exclusive().one(connection).await?)
}

/// The share whose token has this hash, also where it is revoked or over.
///
/// # Errors
/// Only those of the database.
pub async fn find_by_token(connection: &impl Connection, token_hash: &[u8]) -> Result<Option<Share>> {
    let query = share::Entity::find().filter(share::Column::TokenHash.eq(token_hash.to_vec()));
    Ok(query.one(connection).await?)
}

/// The shares of a workspace, newest first.
///
/// # Errors
/// Only those of the database.
pub async fn list(connection: &impl Connection, workspace: WorkspaceId, page: Page) -> Result<Vec<Share>> {
    let query = newest_first(of(workspace), share::Column::CreatedAt, share::Column::Id, page);
    Ok(query.all(connection).await?)
}

/// Writes a share over the version before it.
///
/// # Errors
/// Only those of the database.
pub async fn update(connection: &impl Connection, share: Share) -> Result<()> {
    share::Entity::update(share.into_active_model().reset_all()).exec(connection).await?;
    Ok(())
}

/// Forgets the shares of a workspace that were revoked before a moment.
///
/// # Errors
/// Only those of the database.
pub async fn forget_revoked(connection: &impl Connection, workspace: WorkspaceId, before: Timestamp) -> Result<()> {
    share::Entity::delete_many()
        .filter(share::Column::WorkspaceId.eq(workspace))
        .filter(share::Column::RevokedAt.lt(before))
        .exec(connection)
        .await?;
    Ok(())
}

fn of(workspace: WorkspaceId) -> Select<share::Entity> {
    share::Entity::find().filter(share::Column::WorkspaceId.eq(workspace)).filter(share::Column::RevokedAt.is_null())
}
