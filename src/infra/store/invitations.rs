//! Invitations to workspaces. Members reach them through the workspace, the invited by the token.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveModelTrait, ColumnTrait, Condition, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter};

use super::Connection;
use super::entities::invitation;
use super::page::{Page, newest_first};
use crate::domain::error::Result;
use crate::domain::id::{InvitationId, UserId, WorkspaceId};
use crate::domain::time::Timestamp;

pub use invitation::Model as Invitation;

/// Adds an invitation. False if the workspace has one for this address.
///
/// # Errors
/// Only those of the database.
pub async fn insert(connection: &impl Connection, invitation: Invitation) -> Result<bool> {
    let conflict =
        OnConflict::columns([invitation::Column::WorkspaceId, invitation::Column::EmailKey]).do_nothing().to_owned();
    let rows = invitation::Entity::insert(invitation.into_active_model())
        .on_conflict(conflict)
        .exec_without_returning(connection)
        .await?;
    Ok(rows == 1)
}

/// How many invitations a workspace has.
///
/// # Errors
/// Only those of the database.
pub async fn count(connection: &impl Connection, workspace: WorkspaceId) -> Result<u64> {
    Ok(invitation::Entity::find().filter(invitation::Column::WorkspaceId.eq(workspace)).count(connection).await?)
}

/// The invitations of a workspace, newest first.
///
/// # Errors
/// Only those of the database.
pub async fn list(connection: &impl Connection, workspace: WorkspaceId, page: Page) -> Result<Vec<Invitation>> {
    let query = invitation::Entity::find().filter(invitation::Column::WorkspaceId.eq(workspace));
    Ok(newest_first(query, invitation::Column::CreatedAt, invitation::Column::Id, page).all(connection).await?)
}

/// One invitation of a workspace.
///
/// # Errors
/// Only those of the database.
pub async fn find(
    connection: &impl Connection,
    workspace: WorkspaceId,
    id: InvitationId,
) -> Result<Option<Invitation>> {
    let query = invitation::Entity::find_by_id(id).filter(invitation::Column::WorkspaceId.eq(workspace));
    Ok(query.one(connection).await?)
}

/// The invitation whose token has this hash.
///
/// # Errors
/// Only those of the database.
pub async fn find_by_token(connection: &impl Connection, token_hash: &[u8]) -> Result<Option<Invitation>> {
    Ok(invitation::Entity::find().filter(invitation::Column::TokenHash.eq(token_hash)).one(connection).await?)
}

/// Writes an invitation over what it was.
///
/// # Errors
/// Only those of the database.
pub async fn update(connection: &impl Connection, invitation: Invitation) -> Result<()> {
    invitation::Entity::update(invitation.into_active_model().reset_all()).exec(connection).await?;
    Ok(())
}

/// Takes an invitation away. False if the workspace has no such invitation, as when somebody else was quicker.
///
/// # Errors
/// Only those of the database.
pub async fn delete(connection: &impl Connection, workspace: WorkspaceId, id: InvitationId) -> Result<bool> {
    let deleted = invitation::Entity::delete_many()
        .filter(invitation::Column::WorkspaceId.eq(workspace))
        .filter(invitation::Column::Id.eq(id))
        .exec(connection)
        .await?;
    Ok(deleted.rows_affected == 1)
}

/// Forgets everybody's invitations that expired before `time`.
///
/// # Errors
/// Only those of the database.
pub async fn delete_expired_before(connection: &impl Connection, time: Timestamp) -> Result<()> {
    invitation::Entity::delete_many().filter(invitation::Column::ExpiresAt.lt(time)).exec(connection).await?;
    Ok(())
}

/// Takes back the invitations that a person sent, and says which those were. Lock the workspace first.
///
/// # Errors
/// Only those of the database.
pub async fn take_made_by(
    connection: &impl Connection,
    workspace: WorkspaceId,
    inviter: UserId,
) -> Result<Vec<Invitation>> {
    let of_inviter = Condition::all()
        .add(invitation::Column::WorkspaceId.eq(workspace))
        .add(invitation::Column::InvitedBy.eq(inviter));
    let taken = invitation::Entity::find().filter(of_inviter.clone()).all(connection).await?;
    invitation::Entity::delete_many().filter(of_inviter).exec(connection).await?;
    Ok(taken)
}

/// The workspace's invitation for an address, lower-cased.
///
/// # Errors
/// Only those of the database.
pub async fn find_for(
    connection: &impl Connection,
    workspace: WorkspaceId,
    email_key: &str,
) -> Result<Option<Invitation>> {
    let query = invitation::Entity::find()
        .filter(invitation::Column::WorkspaceId.eq(workspace))
        .filter(invitation::Column::EmailKey.eq(email_key));
    Ok(query.one(connection).await?)
}
