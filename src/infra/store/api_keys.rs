//! API keys of workspaces.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, ExprTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QuerySelect,
};

use super::Connection;
use super::entities::api_key;
use super::page::{Page, newest_first};
use crate::domain::error::Result;
use crate::domain::id::{ApiKeyId, UserId, WorkspaceId};
use crate::domain::time::Timestamp;

pub use api_key::Model as ApiKey;

/// Adds a key.
///
/// # Errors
/// Only those of the database.
pub async fn insert(connection: &impl Connection, key: ApiKey) -> Result<()> {
    api_key::Entity::insert(key.into_active_model()).exec_without_returning(connection).await?;
    Ok(())
}

/// How many keys a workspace has.
///
/// # Errors
/// Only those of the database.
pub async fn count(connection: &impl Connection, workspace: WorkspaceId) -> Result<u64> {
    Ok(api_key::Entity::find().filter(api_key::Column::WorkspaceId.eq(workspace)).count(connection).await?)
}

/// The keys of a workspace, newest first.
///
/// # Errors
/// Only those of the database.
pub async fn list(connection: &impl Connection, workspace: WorkspaceId, page: Page) -> Result<Vec<ApiKey>> {
    let query = api_key::Entity::find().filter(api_key::Column::WorkspaceId.eq(workspace));
    Ok(newest_first(query, api_key::Column::CreatedAt, api_key::Column::Id, page).all(connection).await?)
}

/// One key of a workspace.
///
/// # Errors
/// Only those of the database.
pub async fn find(connection: &impl Connection, workspace: WorkspaceId, id: ApiKeyId) -> Result<Option<ApiKey>> {
    Ok(api_key::Entity::find_by_id(id).filter(api_key::Column::WorkspaceId.eq(workspace)).one(connection).await?)
}

/// The same, kept from changing until the transaction ends.
///
/// # Errors
/// Only those of the database.
pub async fn lock(connection: &impl Connection, workspace: WorkspaceId, id: ApiKeyId) -> Result<Option<ApiKey>> {
    let query = api_key::Entity::find_by_id(id).filter(api_key::Column::WorkspaceId.eq(workspace));
    Ok(query.lock_exclusive().one(connection).await?)
}

/// The key whose token, or whose token before this one, has this hash.
///
/// # Errors
/// Only those of the database.
pub async fn find_by_token(connection: &impl Connection, token_hash: &[u8]) -> Result<Option<ApiKey>> {
    let is_token = api_key::Column::TokenHash.eq(token_hash).or(api_key::Column::PreviousTokenHash.eq(token_hash));
    Ok(api_key::Entity::find().filter(is_token).one(connection).await?)
}

/// The same, kept from changing until the transaction ends.
///
/// # Errors
/// Only those of the database.
pub async fn lock_by_token(connection: &impl Connection, token_hash: &[u8]) -> Result<Option<ApiKey>> {
    let is_token = api_key::Column::TokenHash.eq(token_hash).or(api_key::Column::PreviousTokenHash.eq(token_hash));
    Ok(api_key::Entity::find().filter(is_token).lock_exclusive().one(connection).await?)
}

/// Writes a key over the version before it.
///
/// # Errors
/// Only those of the database.
pub async fn update(connection: &impl Connection, key: ApiKey) -> Result<()> {
    api_key::Entity::update(key.into_active_model().reset_all()).exec(connection).await?;
    Ok(())
}

/// The keys of a workspace that a person made, kept from changing until the transaction ends.
///
/// # Errors
/// Only those of the database.
pub async fn lock_made_by(connection: &impl Connection, workspace: WorkspaceId, maker: UserId) -> Result<Vec<ApiKey>> {
    let query = api_key::Entity::find()
        .filter(api_key::Column::WorkspaceId.eq(workspace))
        .filter(api_key::Column::CreatedBy.eq(maker));
    Ok(query.lock_exclusive().all(connection).await?)
}

/// Notes that the key was used.
///
/// # Errors
/// Only those of the database.
pub async fn touch(connection: &impl Connection, id: ApiKeyId, now: Timestamp) -> Result<()> {
    api_key::Entity::update_many()
        .col_expr(api_key::Column::LastUsedAt, Expr::value(now))
        .filter(api_key::Column::Id.eq(id))
        .exec(connection)
        .await?;
    Ok(())
}

/// Revokes a key for good. False if the workspace has no such key.
///
/// # Errors
/// Only those of the database.
pub async fn delete(connection: &impl Connection, workspace: WorkspaceId, id: ApiKeyId) -> Result<bool> {
    let deleted = api_key::Entity::delete_many()
        .filter(api_key::Column::WorkspaceId.eq(workspace))
        .filter(api_key::Column::Id.eq(id))
        .exec(connection)
        .await?;
    Ok(deleted.rows_affected == 1)
}
