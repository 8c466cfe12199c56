//! Authorizations of programs: a code each, and the tokens that come of it.
//!
//! Invariant: whoever changes what comes of a code locks its row first, so that of two who use a code or a token at once, one sees what
//! the other did.

use sea_orm::sea_query::{Expr, Query};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect};

use super::Connection;
use super::entities::{oauth_client, oauth_consent, oauth_grant, user, workspace};
use crate::domain::error::Result;
use crate::domain::id::{OAuthConsentId, OAuthGrantId, UserId};
use crate::domain::time::Timestamp;

pub use oauth_grant::Model as OAuthGrant;

/// What an authorization rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct Basis {
    /// The consent.
    pub consent: oauth_consent::Model,
    /// The client.
    pub client: oauth_client::Model,
}

/// Adds an authorization.
///
/// # Errors
/// Only those of the database.
pub async fn insert(connection: &impl Connection, grant: OAuthGrant) -> Result<()> {
    oauth_grant::Entity::insert(grant.into_active_model()).exec_without_returning(connection).await?;
    Ok(())
}

/// The authorization whose code has this hash, kept from changing until the transaction ends.
///
/// # Errors
/// Only those of the database.
pub async fn lock_by_code(connection: &impl Connection, code_hash: &[u8]) -> Result<Option<OAuthGrant>> {
    let query = oauth_grant::Entity::find().filter(oauth_grant::Column::CodeHash.eq(code_hash));
    Ok(query.lock_exclusive().one(connection).await?)
}

/// One authorization, kept from changing until the transaction ends.
///
/// # Errors
/// Only those of the database.
pub async fn lock(connection: &impl Connection, id: OAuthGrantId) -> Result<Option<OAuthGrant>> {
    Ok(oauth_grant::Entity::find_by_id(id).lock_exclusive().one(connection).await?)
}

/// One authorization.
///
/// # Errors
/// Only those of the database.
pub async fn find(connection: &impl Connection, id: OAuthGrantId) -> Result<Option<OAuthGrant>> {
    Ok(oauth_grant::Entity::find_by_id(id).one(connection).await?)
}

/// What a consent rests on; none while the person's account is disabled, or the workspace of the client is being deleted.
///
/// # Errors
/// Only those of the database.
pub async fn basis(connection: &impl Connection, consent: OAuthConsentId) -> Result<Option<Basis>> {
    let Some(consent) = oauth_consent::Entity::find_by_id(consent).one(connection).await? else { return Ok(None) };
    let enabled = user::Entity::find_by_id(consent.user_id).filter(user::Column::DisabledAt.is_null());
    if enabled.one(connection).await?.is_none() {
        return Ok(None);
    }
    let Some(client) = oauth_client::Entity::find_by_id(consent.client_id).one(connection).await? else {
        return Ok(None);
    };
    let in_use = workspace::Entity::find_by_id(client.workspace_id).filter(workspace::Column::DeletedAt.is_null());
    Ok(in_use.one(connection).await?.map(|_| Basis { consent, client }))
}

/// Notes that the code was exchanged, and how long what came of it holds.
///
/// # Errors
/// Only those of the database.
pub async fn set_used(
    connection: &impl Connection,
    id: OAuthGrantId,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<()> {
    oauth_grant::Entity::update_many()
        .col_expr(oauth_grant::Column::CodeUsedAt, Expr::value(now))
        .col_expr(oauth_grant::Column::ExpiresAt, Expr::value(expires_at))
        .filter(oauth_grant::Column::Id.eq(id))
        .exec(connection)
        .await?;
    Ok(())
}

/// Notes that what came of an authorization holds for longer.
///
/// # Errors
/// Only those of the database.
pub async fn extend(connection: &impl Connection, id: OAuthGrantId, expires_at: Timestamp) -> Result<()> {
    oauth_grant::Entity::update_many()
        .col_expr(oauth_grant::Column::ExpiresAt, Expr::value(expires_at))
        .filter(oauth_grant::Column::Id.eq(id))
        .exec(connection)
        .await?;
    Ok(())
}

/// Ends an authorization with all of its tokens. False if it ended before.
///
/// # Errors
/// Only those of the database.
pub async fn delete(connection: &impl Connection, id: OAuthGrantId) -> Result<bool> {
    Ok(oauth_grant::Entity::delete_by_id(id).exec(connection).await?.rows_affected == 1)
}

/// Ends every authorization that a person gave. What they consented to is remembered.
///
/// # Errors
/// Only those of the database.
pub async fn delete_of_user(connection: &impl Connection, user: UserId) -> Result<()> {
    let theirs = Query::select()
        .column(oauth_consent::Column::Id)
        .from(oauth_consent::Entity)
        .and_where(oauth_consent::Column::UserId.eq(user))
        .to_owned();
    oauth_grant::Entity::delete_many()
        .filter(oauth_grant::Column::ConsentId.in_subquery(theirs))
        .exec(connection)
        .await?;
    Ok(())
}

/// Ends the oldest authorizations of a consent beyond `keep` whose codes were exchanged, or were not.
///
/// # Errors
/// Only those of the database.
pub async fn prune(connection: &impl Connection, consent: OAuthConsentId, is_used: bool, keep: u64) -> Result<()> {
    let state = oauth_grant::Column::CodeUsedAt;
    let surplus: Vec<OAuthGrantId> = oauth_grant::Entity::find()
        .select_only()
        .column(oauth_grant::Column::Id)
        .filter(oauth_grant::Column::ConsentId.eq(consent))
        .filter(if is_used { state.is_not_null() } else { state.is_null() })
        .order_by_desc(oauth_grant::Column::CreatedAt)
        .order_by_desc(oauth_grant::Column::Id)
        .offset(keep)
        .limit(keep)
        .into_tuple()
        .all(connection)
        .await?;
    oauth_grant::Entity::delete_many().filter(oauth_grant::Column::Id.is_in(surplus)).exec(connection).await?;
    Ok(())
}

/// Forgets authorizations of which nothing is valid any more.
///
/// # Errors
/// Only those of the database.
pub async fn delete_expired(connection: &impl Connection, now: Timestamp) -> Result<u64> {
    let expired = oauth_grant::Column::ExpiresAt.lte(now);
    Ok(oauth_grant::Entity::delete_many().filter(expired).exec(connection).await?.rows_affected)
}
