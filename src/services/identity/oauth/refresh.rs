//! From a refresh token to new tokens (RFC 6749, section 6; RFC 9700, section 4.14).
//!
//! Invariants: a refresh token is exchanged once, and one that comes again ends the whole authorization, because a thief or the client
//! holds a copy. For half a minute, and while nobody has used what followed, it is answered with the very same tokens: a response may be
//! lost, and two windows of one program may ask at once. That gives a thief nothing that was not given already, and shows them as soon
//! as both use what followed.

use std::net::IpAddr;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::client_authentication::ClientCredentials;
use super::code_exchange::allowed;
use super::consents::{REUSED, end_of_authorization};
use super::metrics::{TokenResult, count};
use super::refusals::{invalid_grant, invalid_scope};
use super::tokens::{ACCESS_HOLDS_FOR, IssuedTokens, Pair, REFRESH_HOLDS_FOR};
use crate::domain::error::Result;
use crate::domain::id::{OAuthGrantId, WorkspaceId};
use crate::domain::oauth::OAuthTokenKind;
use crate::domain::role::Scope;
use crate::domain::time::Timestamp;
use crate::infra::store::oauth_clients::OAuthClient;
use crate::infra::store::oauth_grants;
use crate::infra::store::oauth_tokens::{self, OAuthToken};
use crate::infra::store::{Connection, Transaction};
use crate::runtime::clock;
use crate::services::api_core::{By, Token, TokenKind};
use crate::services::identity::Identity;

/// The name of this kind of request in metrics, as clients send it.
const GRANT: &str = "refresh_token";
/// How long the same tokens are given once more for a refresh token that was exchanged.
const REPEATED_FOR: Duration = Duration::from_secs(30);

/// What a client asks for new tokens with.
#[derive(Debug, Clone)]
pub struct Refresh {
    /// The refresh token.
    pub refresh_token: SecretString,
    /// What the access token shall be for; all that the authorization is for if absent.
    pub scopes: Option<Vec<Scope>>,
}

/// A refresh token that a client sent, as the database has it.
struct Sent {
    token: Token,
    row: OAuthToken,
}

impl Identity {
    /// Gives a client new tokens for a refresh token.
    ///
    /// # Errors
    /// `Unauthenticated` if the client does not prove itself; `Invalid` if the token is worth nothing to it, or for scopes that the
    /// person did not agree to.
    pub async fn refresh(
        &self,
        credentials: &ClientCredentials,
        refresh: &Refresh,
        address: Option<IpAddr>,
    ) -> Result<IssuedTokens> {
        let client = self.authenticate_client(credentials, address).await?;
        let transaction = self.store.write().await?;
        let Some(sent) = sent(&transaction, &refresh.refresh_token).await? else {
            drop(transaction);
            count(GRANT, TokenResult::Refused);
            return Err(self.guessed(address, invalid_grant()).await);
        };
        let Some((workspace, scopes)) = holds(&transaction, &sent, &client).await? else {
            count(GRANT, TokenResult::Refused);
            return Err(invalid_grant());
        };
        let next = Pair::following(&sent.token, &self.sealing)?;
        match sent.row.replaced_at {
            None => self.follow(transaction, sent, (next, refresh.scopes.as_deref(), scopes), workspace).await,
            Some(replaced_at) => self.repeat(transaction, (sent, replaced_at), next, workspace).await,
        }
    }

    async fn follow(
        &self,
        transaction: Transaction,
        sent: Sent,
        (next, wanted, all): (Pair, Option<&[Scope]>, Vec<Scope>),
        workspace: WorkspaceId,
    ) -> Result<IssuedTokens> {
        let scopes = narrowed(&sent.row.scopes.0, wanted, &all)?;
        let (grant, now) = (sent.row.grant_id, clock::now());
        oauth_tokens::set_replaced(&transaction, &sent.row.token_hash, now).await?;
        oauth_grants::extend(&transaction, grant, now.plus(REFRESH_HOLDS_FOR)).await?;
        next.issue(&transaction, grant, (&scopes, &sent.row.scopes.0), now).await?;
        self.commit(transaction, Vec::new()).await?;
        count(GRANT, TokenResult::Issued);
        Ok(next.issued(scopes, ACCESS_HOLDS_FOR, workspace))
    }

    async fn repeat(
        &self,
        transaction: Transaction,
        (sent, replaced_at): (Sent, Timestamp),
        next: Pair,
        workspace: WorkspaceId,
    ) -> Result<IssuedTokens> {
        let now = clock::now();
        let following = oauth_tokens::find(&transaction, &next.refresh.hash()).await?;
        let is_unused = following.is_some_and(|following| following.replaced_at.is_none());
        if !is_unused || now.since(replaced_at) >= REPEATED_FOR {
            return self.end_stolen(transaction, sent.row.grant_id).await;
        }
        let access = oauth_tokens::find(&transaction, &next.access.hash()).await?;
        let Some(access) = access else {
            count(GRANT, TokenResult::Refused);
            return Err(invalid_grant());
        };
        count(GRANT, TokenResult::Repeated);
        Ok(next.issued(access.scopes.0, access.expires_at.since(now), workspace))
    }

    async fn end_stolen(&self, transaction: Transaction, grant: OAuthGrantId) -> Result<IssuedTokens> {
        let recorded_actions = match oauth_grants::find(&transaction, grant).await? {
            Some(found) => end_of_authorization(&transaction, &REUSED, By::instance(), found.consent_id).await?,
            None => Vec::new(),
        };
        oauth_grants::delete(&transaction, grant).await?;
        self.commit(transaction, recorded_actions).await?;
        count(GRANT, TokenResult::Reused);
        tracing::warn!(%grant, "a refresh token was used twice: the authorization that it belonged to has ended");
        Err(invalid_grant())
    }
}

/// The refresh token that was sent, read once more after its authorization was locked, because another request may have used it.
async fn sent(transaction: &Transaction, text: &SecretString) -> Result<Option<Sent>> {
    let token = Token::parse(text.expose_secret()).filter(|token| token.kind() == TokenKind::RefreshToken);
    let Some(token) = token else { return Ok(None) };
    let Some(row) = find(transaction, &token).await? else { return Ok(None) };
    if oauth_grants::lock(transaction, row.grant_id).await?.is_none() {
        return Ok(None);
    }
    Ok(find(transaction, &token).await?.map(|row| Sent { token, row }))
}

async fn find(connection: &impl Connection, token: &Token) -> Result<Option<OAuthToken>> {
    let row = oauth_tokens::find(connection, &token.hash()).await?;
    Ok(row.filter(|row| row.kind == OAuthTokenKind::Refresh))
}

/// Where a refresh token of this client works, and for what; nothing if it does not.
async fn holds(
    connection: &impl Connection,
    sent: &Sent,
    client: &OAuthClient,
) -> Result<Option<(WorkspaceId, Vec<Scope>)>> {
    if clock::now() >= sent.row.expires_at {
        return Ok(None);
    }
    let Some(grant) = oauth_grants::find(connection, sent.row.grant_id).await? else { return Ok(None) };
    let basis = oauth_grants::basis(connection, grant.consent_id).await?;
    let basis = basis.filter(|basis| basis.client.id == client.id);
    Ok(basis.map(|basis| (basis.consent.workspace_id, allowed(&grant, client))))
}

/// The scopes of the next access token: those that are wanted, and never more than were agreed to.
fn narrowed(agreed: &[Scope], wanted: Option<&[Scope]>, all: &[Scope]) -> Result<Vec<Scope>> {
    let Some(wanted) = wanted else { return Ok(all.to_vec()) };
    if wanted.iter().any(|scope| !agreed.contains(scope)) {
        return Err(invalid_scope("The person did not agree to one of these scopes. Ask them again."));
    }
    Ok(all.iter().copied().filter(|scope| wanted.contains(scope)).collect())
}
