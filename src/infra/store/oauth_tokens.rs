//! Tokens of programs that act for people. A token is found by its hash alone.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, EntityTrait, FromQueryResult, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, Statement,
};

use super::Connection;
use super::columns::Json;
use super::entities::oauth_token;
use crate::domain::error::Result;
use crate::domain::id::{OAuthClientId, OAuthGrantId, UserId, WorkspaceId};
use crate::domain::oauth::OAuthTokenKind;
use crate::domain::role::Scope;
use crate::domain::time::Timestamp;

pub use oauth_token::Model as OAuthToken;

/// For whom an access token speaks.
#[derive(Debug, Clone, PartialEq, FromQueryResult)]
pub struct Bearer {
    /// By which authorization.
    pub grant_id: OAuthGrantId,
    /// Which client holds it.
    pub client_id: OAuthClientId,
    /// For which person.
    pub user_id: UserId,
    /// Where.
    pub workspace_id: WorkspaceId,
    /// For what.
    pub scopes: Json<Vec<Scope>>,
}

/// Asked with every request of a program, so that it is one statement.
const BEARER: &str = "SELECT g.id AS grant_id, c.client_id, c.user_id, c.workspace_id, t.scopes FROM oauth_tokens t \
     JOIN oauth_grants g ON g.id = t.grant_id JOIN oauth_consents c ON c.id = g.consent_id \
     JOIN users u ON u.id = c.user_id JOIN oauth_clients a ON a.id = c.client_id JOIN workspaces w ON w.id = a.workspace_id \
     WHERE t.token_hash = $1 AND t.kind = 'access' AND t.expires_at > $2 AND u.disabled_at IS NULL AND w.deleted_at IS NULL";

/// Adds a token.
///
/// # Errors
/// Only those of the database.
pub async fn insert(connection: &impl Connection, token: OAuthToken) -> Result<()> {
    oauth_token::Entity::insert(token.into_active_model()).exec_without_returning(connection).await?;
    Ok(())
}

/// The token with this hash.
///
/// # Errors
/// Only those of the database.
pub async fn find(connection: &impl Connection, token_hash: &[u8]) -> Result<Option<OAuthToken>> {
    Ok(oauth_token::Entity::find_by_id(token_hash.to_vec()).one(connection).await?)
}

/// For whom the access token with this hash speaks; none if it has expired, the person's account is disabled, or the workspace of the
/// client is being deleted.
///
/// # Errors
/// Only those of the database.
pub async fn bearer(connection: &impl Connection, token_hash: &[u8], now: Timestamp) -> Result<Option<Bearer>> {
    let values = [token_hash.to_vec().into(), now.into()];
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), BEARER, values);
    Ok(Bearer::find_by_statement(statement).one(connection).await?)
}

/// Notes that a refresh token was exchanged.
///
/// # Errors
/// Only those of the database.
pub async fn set_replaced(connection: &impl Connection, token_hash: &[u8], now: Timestamp) -> Result<()> {
    oauth_token::Entity::update_many()
        .col_expr(oauth_token::Column::ReplacedAt, Expr::value(now))
        .filter(oauth_token::Column::TokenHash.eq(token_hash))
        .exec(connection)
        .await?;
    Ok(())
}

/// Revokes one token. False if there is no such token.
///
/// # Errors
/// Only those of the database.
pub async fn delete(connection: &impl Connection, token_hash: &[u8]) -> Result<bool> {
    let deleted = oauth_token::Entity::delete_by_id(token_hash.to_vec()).exec(connection).await?;
    Ok(deleted.rows_affected == 1)
}

/// Forgets the oldest tokens of a kind of an authorization beyond `keep`.
///
/// # Errors
/// Only those of the database.
pub async fn prune(connection: &impl Connection, grant: OAuthGrantId, kind: OAuthTokenKind, keep: u64) -> Result<()> {
    let surplus: Vec<Vec<u8>> = oauth_token::Entity::find()
        .select_only()
        .column(oauth_token::Column::TokenHash)
        .filter(oauth_token::Column::GrantId.eq(grant))
        .filter(oauth_token::Column::Kind.eq(kind))
        .order_by_desc(oauth_token::Column::CreatedAt)
        .order_by_desc(oauth_token::Column::TokenHash)
        .offset(keep)
        .limit(keep)
        .into_tuple()
        .all(connection)
        .await?;
    oauth_token::Entity::delete_many().filter(oauth_token::Column::TokenHash.is_in(surplus)).exec(connection).await?;
    Ok(())
}

/// Forgets tokens that have expired.
///
/// # Errors
/// Only those of the database.
pub async fn delete_expired(connection: &impl Connection, now: Timestamp) -> Result<u64> {
    let expired = oauth_token::Column::ExpiresAt.lte(now);
    Ok(oauth_token::Entity::delete_many().filter(expired).exec(connection).await?.rows_affected)
}
