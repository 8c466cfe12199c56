//! Programs that workspaces register with the OAuth2 provider.

use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QuerySelect};

use super::Connection;
use super::entities::{oauth_client, workspace};
use super::page::{Page, newest_first};
use crate::domain::error::Result;
use crate::domain::id::{OAuthClientId, WorkspaceId};

pub use oauth_client::Model as OAuthClient;

/// Adds a client.
///
/// # Errors
/// Only those of the database.
pub async fn insert(connection: &impl Connection, client: OAuthClient) -> Result<()> {
    oauth_client::Entity::insert(client.into_active_model()).exec_without_returning(connection).await?;
    Ok(())
}

/// How many clients a workspace has.
///
/// # Errors
/// Only those of the database.
pub async fn count(connection: &impl Connection, workspace: WorkspaceId) -> Result<u64> {
    Ok(oauth_client::Entity::find().filter(oauth_client::Column::WorkspaceId.eq(workspace)).count(connection).await?)
}

/// The clients of a workspace, newest first.
///
/// # Errors
/// Only those of the database.
pub async fn list(connection: &impl Connection, workspace: WorkspaceId, page: Page) -> Result<Vec<OAuthClient>> {
    let query = oauth_client::Entity::find().filter(oauth_client::Column::WorkspaceId.eq(workspace));
    Ok(newest_first(query, oauth_client::Column::CreatedAt, oauth_client::Column::Id, page).all(connection).await?)
}

/// One client of a workspace.
///
/// # Errors
/// Only those of the database.
pub async fn find(
    connection: &impl Connection,
    workspace: WorkspaceId,
    id: OAuthClientId,
) -> Result<Option<OAuthClient>> {
    let query = oauth_client::Entity::find_by_id(id).filter(oauth_client::Column::WorkspaceId.eq(workspace));
    Ok(query.one(connection).await?)
}

/// The same, kept from changing until the transaction ends.
///
/// # Errors
/// Only those of the database.
pub async fn lock(
    connection: &impl Connection,
    workspace: WorkspaceId,
    id: OAuthClientId,
) -> Result<Option<OAuthClient>> {
    let query = oauth_client::Entity::find_by_id(id).filter(oauth_client::Column::WorkspaceId.eq(workspace));
    Ok(query.lock_exclusive().one(connection).await?)
}

/// The client of this id, for whoever presents it, and the workspace that registered it; none while that workspace is being deleted.
///
/// # Errors
/// Only those of the database.
pub async fn find_in_use(
    connection: &impl Connection,
    id: OAuthClientId,
) -> Result<Option<(OAuthClient, workspace::Model)>> {
    let Some(client) = oauth_client::Entity::find_by_id(id).one(connection).await? else { return Ok(None) };
    let workspace = workspace::Entity::find_by_id(client.workspace_id)
        .filter(workspace::Column::DeletedAt.is_null())
        .one(connection)
        .await?;
    Ok(workspace.map(|workspace| (client, workspace)))
}

/// Those of these clients that there are.
///
/// # Errors
/// Only those of the database.
pub async fn find_all(connection: &impl Connection, ids: Vec<OAuthClientId>) -> Result<Vec<OAuthClient>> {
    Ok(oauth_client::Entity::find().filter(oauth_client::Column::Id.is_in(ids)).all(connection).await?)
}

/// Writes a client over the version before it.
///
/// # Errors
/// Only those of the database.
pub async fn update(connection: &impl Connection, client: OAuthClient) -> Result<()> {
    oauth_client::Entity::update(client.into_active_model().reset_all()).exec(connection).await?;
    Ok(())
}

/// Deletes a client of a workspace, with all that people let it do. False if the workspace has no such client.
///
/// # Errors
/// Only those of the database.
pub async fn delete(connection: &impl Connection, workspace: WorkspaceId, id: OAuthClientId) -> Result<bool> {
    let deleted = oauth_client::Entity::delete_many()
        .filter(oauth_client::Column::WorkspaceId.eq(workspace))
        .filter(oauth_client::Column::Id.eq(id))
        .exec(connection)
        .await?;
    Ok(deleted.rows_affected == 1)
}
