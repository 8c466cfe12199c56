//! New secrets for keys, and the end of a key that has leaked.
//!
//! Invariant: of one key two secrets hold at most, and the older one for a limited time.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ApiCore;
use super::api_keys::{ApiKey, CreatedApiKey, REVOKED, lock};
use super::principal::Access;
use super::recorded_action::{Action, By};
use super::tokens::{Token, TokenKind};
use crate::domain::error::{Error, Result};
use crate::domain::id::ApiKeyId;
use crate::domain::recorded::Author;
use crate::infra::store::api_keys::{self, ApiKey as Row};
use crate::runtime::clock;

pub(super) const ROTATED: Action<ApiKey> = Action::new("api_key.rotated", "An API key has a new secret.");

/// The longest that two secrets of one key hold side by side: seven days.
const OVERLAP_SECONDS_MAX: u32 = 7 * 24 * 60 * 60;

/// How a key gets its new secret.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotationDraft {
    /// For how many seconds the present secret holds beside the new one; 0 ends it at once. At most seven days.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 604_800, default = 0, example = 86_400)]
    pub overlap_seconds: u32,
}

/// A key that has leaked.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LeakedApiKey {
    /// The secret of the key.
    #[schema(value_type = String, max_length = 100, example = "elido_Ab3dE5gH7jK9mN2pQ4sT6vW8yZ1bC3dF5hJ7lM9oP0q")]
    pub token: SecretString,
}

impl ApiCore {
    /// Gives a key a new secret. The one before it holds as long as wanted, and one before that no longer.
    ///
    /// # Errors
    /// `NotFound` if the workspace has no such key; `Forbidden` if the key has a scope that whoever asks does not have.
    pub async fn rotate_api_key(&self, access: &Access, id: ApiKeyId, draft: &RotationDraft) -> Result<CreatedApiKey> {
        if draft.overlap_seconds > OVERLAP_SECONDS_MAX {
            let message = format!("two secrets hold side by side for 0 to {OVERLAP_SECONDS_MAX} seconds");
            return Err(Error::invalid_field("/overlap_seconds", "out_of_range", message));
        }
        let transaction = self.store.write().await?;
        let current = lock(&transaction, access, id).await?;
        // Whoever learns the secret can do what the key can.
        for scope in &current.scopes.0 {
            access.actor.require(*scope)?;
        }
        let now = clock::now();
        let token = Token::random(TokenKind::ApiKey);
        let overlap = Duration::from_secs(draft.overlap_seconds.into());
        let before = ApiKey::from(current.clone());
        let row = Row {
            previous_token_hash: (!overlap.is_zero()).then_some(current.token_hash),
            previous_expires_at: (!overlap.is_zero()).then(|| now.plus(overlap)),
            token_hash: token.hash(),
            token_start: token.start(),
            rotated_at: Some(now),
            version: current.version + 1,
            ..current
        };
        api_keys::update(&transaction, row.clone()).await?;
        let key = ApiKey::from(row);
        self.commit(transaction, vec![ROTATED.edited(access.by(), &before, &key)?], Vec::new()).await?;
        Ok(CreatedApiKey { key, token: token.secret().expose_secret().to_owned() })
    }

    /// Revokes the key that has this secret, now or before its last rotation, for whoever holds it. Whether there was such a key does not
    /// show, so that this can be repeated.
    ///
    /// # Errors
    /// `Invalid` for what cannot be the secret of a key.
    pub async fn revoke_leaked_api_key(&self, leaked: &LeakedApiKey) -> Result<()> {
        let token = Token::parse(leaked.token.expose_secret()).filter(|token| token.kind() == TokenKind::ApiKey);
        let Some(token) = token else {
            let message = "expected the secret of an API key, which begins with elido_";
            return Err(Error::invalid_field("/token", "invalid_token", message));
        };
        let transaction = self.store.write().await?;
        let Some(row) = api_keys::lock_by_token(&transaction, &token.hash()).await? else { return Ok(()) };
        api_keys::delete(&transaction, row.workspace_id, row.id).await?;
        let by = By::author(Author::ApiKey(row.id)).within(row.workspace_id);
        self.commit(transaction, vec![REVOKED.removed(by, &row.into())?], Vec::new()).await
    }
}
