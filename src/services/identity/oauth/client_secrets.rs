//! New secrets for clients that can keep one.
//!
//! Invariant: of one client two secrets hold at most, and the older one for a limited time.

use std::time::Duration;

use secrecy::ExposeSecret;
use serde::Deserialize;
use utoipa::ToSchema;

use super::clients::{CreatedOAuthClient, OAuthClient, lock};
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::OAuthClientId;
use crate::infra::store::oauth_clients::{self, OAuthClient as Row};
use crate::runtime::clock;
use crate::services::api_core::{Access, Action, Token, TokenKind};
use crate::services::identity::Identity;

pub(in crate::services::identity) const ROTATED: Action<OAuthClient> =
    Action::new("oauth_client.secret_rotated", "An OAuth2 client has a new secret.");

/// The longest that two secrets of one client hold side by side: seven days.
const OVERLAP_SECONDS_MAX: u32 = 7 * 24 * 60 * 60;

/// How a client gets its new secret.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OAuthSecretRotation)]
pub struct SecretRotation {
    /// For how many seconds the present secret holds beside the new one; 0 ends it at once. At most seven days.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 604_800, default = 0, example = 86_400)]
    pub overlap_seconds: u32,
}

impl Identity {
    /// Gives a client a new secret. The one before it holds as long as wanted, and one before that no longer. Tokens stay.
    ///
    /// # Errors
    /// `NotFound` if the workspace has no such client; `Conflict` if the client has no secret.
    pub async fn rotate_oauth_client_secret(
        &self,
        access: &Access,
        id: OAuthClientId,
        rotation: &SecretRotation,
    ) -> Result<CreatedOAuthClient> {
        if rotation.overlap_seconds > OVERLAP_SECONDS_MAX {
            let message = format!("two secrets hold side by side for 0 to {OVERLAP_SECONDS_MAX} seconds");
            return Err(Error::invalid_field("/overlap_seconds", "out_of_range", message));
        }
        let transaction = self.store.write().await?;
        let current = lock(&transaction, access, id).await?;
        if current.secret_hash.is_none() {
            let message = "This client is public: it has no secret. Register another one that is confidential.";
            return Err(Error::new(ErrorKind::Conflict, "public_client", message));
        }
        let now = clock::now();
        let secret = Token::random(TokenKind::ClientSecret);
        let overlap = Duration::from_secs(rotation.overlap_seconds.into());
        let before = OAuthClient::from(current.clone());
        let row = Row {
            previous_secret_hash: current.secret_hash.filter(|_| !overlap.is_zero()),
            previous_expires_at: (!overlap.is_zero()).then(|| now.plus(overlap)),
            secret_hash: Some(secret.hash()),
            secret_start: Some(secret.start()),
            rotated_at: Some(now),
            version: current.version + 1,
            updated_at: now,
            ..current
        };
        oauth_clients::update(&transaction, row.clone()).await?;
        let client = OAuthClient::from(row);
        self.commit(transaction, vec![ROTATED.edited(access.by(), &before, &client)?]).await?;
        Ok(CreatedOAuthClient { client, client_secret: Some(secret.secret().expose_secret().to_owned()) })
    }
}
