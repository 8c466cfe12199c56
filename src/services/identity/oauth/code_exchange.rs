//! From a code to tokens (RFC 6749, section 4.1.3; RFC 7636, section 4.5).

use std::net::IpAddr;

use secrecy::{ExposeSecret, SecretString};

use super::client_authentication::ClientCredentials;
use super::consents::{REUSED, end_of_authorization};
use super::metrics::{TokenResult, count};
use super::refusals::invalid_grant;
use super::tokens::{ACCESS_HOLDS_FOR, IssuedTokens, Pair, REFRESH_HOLDS_FOR};
use crate::domain::error::Result;
use crate::domain::pkce;
use crate::infra::store::oauth_clients::OAuthClient;
use crate::infra::store::oauth_grants::{self, OAuthGrant};
use crate::runtime::clock;
use crate::services::api_core::{By, Token, TokenKind};
use crate::services::identity::Identity;

/// The name of this kind of request in metrics, as clients send it.
const GRANT: &str = "authorization_code";
/// The most authorizations of one consent that hold tokens; the oldest end first.
const GRANTS_MAX: u64 = 100;

/// What a client exchanges a code with.
#[derive(Debug, Clone)]
pub struct CodeExchange {
    /// The code.
    pub code: SecretString,
    /// Where the code went.
    pub redirect_uri: String,
    /// The answer to the challenge that the code was asked for with.
    pub code_verifier: SecretString,
}

impl Identity {
    /// Gives a client tokens for a code. A code that was used before ends all that came of it.
    ///
    /// # Errors
    /// `Unauthenticated` if the client does not prove itself; `Invalid` if the code is worth nothing to it.
    pub async fn exchange_code(
        &self,
        credentials: &ClientCredentials,
        exchange: &CodeExchange,
        address: Option<IpAddr>,
    ) -> Result<IssuedTokens> {
        let client = self.authenticate_client(credentials, address).await?;
        let code = Token::parse(exchange.code.expose_secret());
        let code = code.filter(|code| code.kind() == TokenKind::AuthorizationCode);
        let transaction = self.store.write().await?;
        let grant = match &code {
            Some(code) => oauth_grants::lock_by_code(&transaction, &code.hash()).await?,
            None => None,
        };
        let Some(grant) = grant else {
            drop(transaction);
            count(GRANT, TokenResult::Refused);
            return Err(self.guessed(address, invalid_grant()).await);
        };
        let basis = oauth_grants::basis(&transaction, grant.consent_id).await?;
        let Some(basis) = basis.filter(|basis| basis.client.id == client.id) else {
            count(GRANT, TokenResult::Refused);
            return Err(invalid_grant());
        };
        if grant.code_used_at.is_some() {
            let recorded_actions =
                end_of_authorization(&transaction, &REUSED, By::instance(), grant.consent_id).await?;
            oauth_grants::delete(&transaction, grant.id).await?;
            self.commit(transaction, recorded_actions).await?;
            count(GRANT, TokenResult::Reused);
            tracing::warn!(client = %client.id, grant = %grant.id, "a code was used twice: the tokens that came of it have ended");
            return Err(invalid_grant());
        }
        if !is_answered(&grant, exchange) {
            count(GRANT, TokenResult::Refused);
            return Err(invalid_grant());
        }
        let (pair, now) = (Pair::random(), clock::now());
        let scopes = allowed(&grant, &client);
        oauth_grants::set_used(&transaction, grant.id, now, now.plus(REFRESH_HOLDS_FOR)).await?;
        oauth_grants::prune(&transaction, grant.consent_id, true, GRANTS_MAX).await?;
        pair.issue(&transaction, grant.id, (&scopes, &grant.scopes.0), now).await?;
        self.commit(transaction, Vec::new()).await?;
        count(GRANT, TokenResult::Issued);
        Ok(pair.issued(scopes, ACCESS_HOLDS_FOR, basis.consent.workspace_id))
    }
}

/// Whether a code still holds, and is exchanged by whoever asked for it.
fn is_answered(grant: &OAuthGrant, exchange: &CodeExchange) -> bool {
    clock::now() < grant.expires_at
        && grant.redirect_uri == exchange.redirect_uri
        && pkce::answers(&grant.code_challenge, exchange.code_verifier.expose_secret())
}

/// What an authorization is for, as far as the client may still ask for it.
pub(super) fn allowed(grant: &OAuthGrant, client: &OAuthClient) -> Vec<crate::domain::role::Scope> {
    grant.scopes.0.iter().copied().filter(|scope| client.scopes.0.contains(scope)).collect()
}
