//! What a token is worth, for the client that holds it (RFC 7662).

use std::net::IpAddr;

use secrecy::{ExposeSecret, SecretString};

use super::client_authentication::ClientCredentials;
use super::refusals::invalid_client;
use crate::domain::error::Result;
use crate::domain::id::{OAuthClientId, UserId, WorkspaceId};
use crate::domain::oauth::OAuthTokenKind;
use crate::domain::role::Scope;
use crate::domain::time::Timestamp;
use crate::infra::store::{oauth_grants, oauth_tokens, workspaces};
use crate::runtime::clock;
use crate::services::api_core::Token;
use crate::services::identity::Identity;

/// A token that is worth something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Introspection {
    /// What it is for.
    pub kind: OAuthTokenKind,
    /// What it may be used for at this moment.
    pub scopes: Vec<Scope>,
    /// Who holds it.
    pub client_id: OAuthClientId,
    /// For whom it speaks.
    pub user_id: UserId,
    /// Where.
    pub workspace_id: WorkspaceId,
    /// When it was made.
    pub issued_at: Timestamp,
    /// Not valid from this moment on.
    pub expires_at: Timestamp,
}

impl Identity {
    /// What a token of this client is worth; `None` if nothing, or if it is another client's.
    ///
    /// # Errors
    /// `Unauthenticated` if the client does not prove itself by a secret.
    pub async fn introspect_token(
        &self,
        credentials: &ClientCredentials,
        token: &SecretString,
        address: Option<IpAddr>,
    ) -> Result<Option<Introspection>> {
        let client = self.authenticate_client(credentials, address).await?;
        if client.secret_hash.is_none() {
            return Err(invalid_client());
        }
        let Some(token) = Token::parse(token.expose_secret()) else { return Ok(None) };
        let reader = self.store.reader();
        let row = oauth_tokens::find(reader, &token.hash()).await?;
        let row = row.filter(|row| clock::now() < row.expires_at && row.replaced_at.is_none());
        let Some(row) = row else { return Ok(None) };
        let Some(grant) = oauth_grants::find(reader, row.grant_id).await? else { return Ok(None) };
        let basis = oauth_grants::basis(reader, grant.consent_id).await?;
        let Some(basis) = basis.filter(|basis| basis.client.id == client.id) else { return Ok(None) };
        let (user_id, workspace_id) = (basis.consent.user_id, basis.consent.workspace_id);
        let found = workspaces::find_for_member(reader, workspace_id, user_id).await?;
        let found = found.filter(|(workspace, _)| workspace.deleted_at.is_none());
        Ok(found.map(|(_, role)| Introspection {
            kind: row.kind,
            scopes: row.scopes.0.into_iter().filter(|scope| role.allows(*scope)).collect(),
            client_id: client.id,
            user_id,
            workspace_id,
            issued_at: row.created_at,
            expires_at: row.expires_at,
        }))
    }
}
