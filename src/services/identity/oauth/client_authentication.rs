//! How clients prove themselves (RFC 6749, section 2.3): by a secret, or, those that cannot keep one, by their id and the challenge of a
//! code alone.

use std::net::IpAddr;

use secrecy::{ExposeSecret, SecretString};

use super::refusals::invalid_client;
use crate::domain::error::{Error, Result};
use crate::infra::store::oauth_clients::{self, OAuthClient as Row};
use crate::runtime::clock;
use crate::services::api_core::{Token, TokenKind};
use crate::services::identity::Identity;

/// What a client sends about itself.
#[derive(Debug, Clone, Default)]
pub struct ClientCredentials {
    /// Its id.
    pub id: String,
    /// Its secret, where it has one.
    pub secret: Option<SecretString>,
}

impl Identity {
    /// The client that sent these credentials. Those that do not fit count as a guess.
    ///
    /// # Errors
    /// `Unauthenticated` if they do not fit; `RateLimited` after too many that did not.
    pub(super) async fn authenticate_client(
        &self,
        credentials: &ClientCredentials,
        address: Option<IpAddr>,
    ) -> Result<Row> {
        let found = match credentials.id.parse() {
            Ok(id) => oauth_clients::find_in_use(self.store.reader(), id).await?,
            Err(_) => None,
        };
        match found.filter(|(client, _)| is_proved(client, credentials.secret.as_ref())) {
            Some((client, _)) => Ok(client),
            None => Err(self.guessed(address, invalid_client()).await),
        }
    }

    /// What a wrong guess is answered: as given, or that there were too many.
    pub(super) async fn guessed(&self, address: Option<IpAddr>, refusal: Error) -> Error {
        self.attempts.clients.take_from_address(address).await.err().unwrap_or(refusal)
    }
}

/// Whether a client sent its secret, this one or the one before while that holds; or none, where it has none.
fn is_proved(client: &Row, secret: Option<&SecretString>) -> bool {
    let Some(hash) = &client.secret_hash else { return secret.is_none() };
    let token = secret.and_then(|secret| Token::parse(secret.expose_secret()));
    let Some(token) = token.filter(|token| token.kind() == TokenKind::ClientSecret) else { return false };
    let previous = client.previous_secret_hash.as_ref();
    let holds_still = client.previous_expires_at.is_some_and(|end| clock::now() < end);
    token.matches(hash) || (holds_still && previous.is_some_and(|hash| token.matches(hash)))
}
