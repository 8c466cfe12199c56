//! The end of a token, by the client that holds it (RFC 7009).

use std::net::IpAddr;

use secrecy::{ExposeSecret, SecretString};

use super::client_authentication::ClientCredentials;
use super::consents::{GIVEN_BACK, end_of_authorization};
use crate::domain::error::Result;
use crate::domain::oauth::OAuthTokenKind;
use crate::infra::store::{oauth_grants, oauth_tokens};
use crate::services::api_core::{By, Token};
use crate::services::identity::Identity;

impl Identity {
    /// Ends an access token, or a refresh token with all tokens of its authorization. What is no token of the client is left alone
    /// without a word, so that nobody learns what there is.
    ///
    /// # Errors
    /// `Unauthenticated` if the client does not prove itself.
    pub async fn revoke_token(
        &self,
        credentials: &ClientCredentials,
        token: &SecretString,
        address: Option<IpAddr>,
    ) -> Result<()> {
        let client = self.authenticate_client(credentials, address).await?;
        let Some(token) = Token::parse(token.expose_secret()) else { return Ok(()) };
        let transaction = self.store.write().await?;
        let Some(row) = oauth_tokens::find(&transaction, &token.hash()).await? else { return Ok(()) };
        let Some(grant) = oauth_grants::lock(&transaction, row.grant_id).await? else { return Ok(()) };
        let basis = oauth_grants::basis(&transaction, grant.consent_id).await?;
        let Some(basis) = basis.filter(|basis| basis.client.id == client.id) else { return Ok(()) };
        let mut recorded_actions = Vec::new();
        match row.kind {
            OAuthTokenKind::Access => oauth_tokens::delete(&transaction, &row.token_hash).await?,
            OAuthTokenKind::Refresh => {
                let by = By::person(basis.consent.user_id);
                recorded_actions = end_of_authorization(&transaction, &GIVEN_BACK, by, grant.consent_id).await?;
                oauth_grants::delete(&transaction, grant.id).await?
            }
        };
        self.commit(transaction, recorded_actions).await
    }
}
