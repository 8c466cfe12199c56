//! API keys of workspaces.

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter};

use super::Connection;
use super::entities::api_key;
use super::page::{Page, newest_first};
use crate::domain::error::Result;
use crate::domain::id::{ApiKeyId, WorkspaceId};
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

/// The key whose token has this hash.
///
/// # Errors
/// Only those of the database.
pub async fn find_by_token(connection: &impl Connection, token_hash: &[u8]) -> Result<Option<ApiKey>> {
    Ok(api_key::Entity::find().filter(api_key::Column::TokenHash.eq(token_hash)).one(connection).await?)
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
