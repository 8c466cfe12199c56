//! The tokens that clients hold.
//!
//! Invariant: the tokens that follow a refresh token are computed from it and a key of the instance. So a response that was lost can be
//! given once more, and nothing has to be kept for that.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use crate::domain::error::{Error, Result};
use crate::domain::id::{OAuthGrantId, WorkspaceId};
use crate::domain::oauth::OAuthTokenKind;
use crate::domain::role::Scope;
use crate::domain::time::Timestamp;
use crate::infra::sealing::Sealing;
use crate::infra::store::Transaction;
use crate::infra::store::columns::Json;
use crate::infra::store::oauth_tokens::{self, OAuthToken};
use crate::services::api_core::{Token, TokenKind};

/// How long an access token holds.
pub(super) const ACCESS_HOLDS_FOR: Duration = Duration::from_secs(60 * 60);
/// How long a refresh token holds that nobody uses.
pub(super) const REFRESH_HOLDS_FOR: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How many tokens of a kind of one authorization are remembered. A refresh token from so long ago is unknown, and no sign of theft.
const REMEMBERED_MAX: u64 = 100;

/// Tokens as a client gets them, this once.
#[derive(Debug, Clone)]
pub struct IssuedTokens {
    /// What to send as `Authorization: Bearer`.
    pub access_token: SecretString,
    /// How long that holds.
    pub expires_in: Duration,
    /// What to get the next tokens with, once.
    pub refresh_token: SecretString,
    /// What the access token may be used for.
    pub scopes: Vec<Scope>,
    /// Where.
    pub workspace_id: WorkspaceId,
}

/// An access token, and the refresh token that goes with it.
pub(super) struct Pair {
    pub(super) access: Token,
    pub(super) refresh: Token,
}

impl Pair {
    /// Two that nobody can guess.
    pub(super) fn random() -> Self {
        Self { access: Token::random(TokenKind::AccessToken), refresh: Token::random(TokenKind::RefreshToken) }
    }

    /// The two that follow a refresh token, always the same.
    pub(super) fn following(refresh: &Token, sealing: &Sealing) -> Result<Self> {
        let next = |kind, context| {
            let bytes = sealing.hash(context, refresh.secret().expose_secret());
            let bytes = bytes.first_chunk().ok_or_else(|| Error::internal("a keyed hash is too short for a token"))?;
            Ok::<_, Error>(Token::of_bytes(kind, bytes))
        };
        Ok(Self {
            access: next(TokenKind::AccessToken, "oauth access token")?,
            refresh: next(TokenKind::RefreshToken, "oauth refresh token")?,
        })
    }

    /// Makes both valid: the access token for `scopes`, the refresh token for all that the authorization is for.
    pub(super) async fn issue(
        &self,
        transaction: &Transaction,
        grant_id: OAuthGrantId,
        (scopes, all): (&[Scope], &[Scope]),
        now: Timestamp,
    ) -> Result<()> {
        for (token, kind, scopes, holds_for) in [
            (&self.access, OAuthTokenKind::Access, scopes, ACCESS_HOLDS_FOR),
            (&self.refresh, OAuthTokenKind::Refresh, all, REFRESH_HOLDS_FOR),
        ] {
            let row = OAuthToken {
                token_hash: token.hash(),
                grant_id,
                kind,
                scopes: Json(scopes.to_vec()),
                created_at: now,
                expires_at: now.plus(holds_for),
                replaced_at: None,
            };
            oauth_tokens::insert(transaction, row).await?;
            oauth_tokens::prune(transaction, grant_id, kind, REMEMBERED_MAX).await?;
        }
        Ok(())
    }

    /// The two as the client gets them.
    pub(super) fn issued(self, scopes: Vec<Scope>, expires_in: Duration, workspace_id: WorkspaceId) -> IssuedTokens {
        let (access_token, refresh_token) = (self.access.secret().clone(), self.refresh.secret().clone());
        IssuedTokens { access_token, expires_in, refresh_token, scopes, workspace_id }
    }
}
