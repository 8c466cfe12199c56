//! What people let programs do. A person's consents are only ever reached through the person.

use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QuerySelect};

use super::Connection;
use super::entities::oauth_consent;
use super::page::{Page, newest_first};
use crate::domain::error::Result;
use crate::domain::id::{OAuthClientId, OAuthConsentId, UserId, WorkspaceId};

pub use oauth_consent::Model as OAuthConsent;

/// Adds a consent.
///
/// # Errors
/// Only those of the database, which refuses a second one of the same person, client and workspace, and one without a membership.
pub async fn insert(connection: &impl Connection, consent: OAuthConsent) -> Result<()> {
    oauth_consent::Entity::insert(consent.into_active_model()).exec_without_returning(connection).await?;
    Ok(())
}

/// How many consents a person has given.
///
/// # Errors
/// Only those of the database.
pub async fn count(connection: &impl Connection, user: UserId) -> Result<u64> {
    Ok(oauth_consent::Entity::find().filter(oauth_consent::Column::UserId.eq(user)).count(connection).await?)
}

/// The consents of a person, newest first.
///
/// # Errors
/// Only those of the database.
pub async fn list(connection: &impl Connection, user: UserId, page: Page) -> Result<Vec<OAuthConsent>> {
    let query = oauth_consent::Entity::find().filter(oauth_consent::Column::UserId.eq(user));
    Ok(newest_first(query, oauth_consent::Column::CreatedAt, oauth_consent::Column::Id, page).all(connection).await?)
}

/// One of a person's consents, kept from changing until the transaction ends.
///
/// # Errors
/// Only those of the database.
pub async fn lock(connection: &impl Connection, user: UserId, id: OAuthConsentId) -> Result<Option<OAuthConsent>> {
    let query = oauth_consent::Entity::find_by_id(id).filter(oauth_consent::Column::UserId.eq(user));
    Ok(query.lock_exclusive().one(connection).await?)
}

/// What a person lets a client do in a workspace.
///
/// # Errors
/// Only those of the database.
pub async fn find(
    connection: &impl Connection,
    user: UserId,
    client: OAuthClientId,
    workspace: WorkspaceId,
) -> Result<Option<OAuthConsent>> {
    let query = oauth_consent::Entity::find()
        .filter(oauth_consent::Column::UserId.eq(user))
        .filter(oauth_consent::Column::ClientId.eq(client))
        .filter(oauth_consent::Column::WorkspaceId.eq(workspace));
    Ok(query.one(connection).await?)
}

/// Writes a consent over what it was before.
///
/// # Errors
/// Only those of the database.
pub async fn update(connection: &impl Connection, consent: OAuthConsent) -> Result<()> {
    oauth_consent::Entity::update(consent.into_active_model().reset_all()).exec(connection).await?;
    Ok(())
}

/// Revokes one of a person's consents, with all tokens that came of it. False if there is no such consent.
///
/// # Errors
/// Only those of the database.
pub async fn delete(connection: &impl Connection, user: UserId, id: OAuthConsentId) -> Result<bool> {
    let deleted = oauth_consent::Entity::delete_many()
        .filter(oauth_consent::Column::UserId.eq(user))
        .filter(oauth_consent::Column::Id.eq(id))
        .exec(connection)
        .await?;
    Ok(deleted.rows_affected == 1)
}
