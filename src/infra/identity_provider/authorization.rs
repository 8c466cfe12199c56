//! The authorization code flow with PKCE (RFC 6749, 7636, 9207): where a browser is sent, and what it comes back with.

use serde::Deserialize;
use sha2::{Digest, Sha256};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::RngCore;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::requests::ClientCredentials;
use super::{IdToken, Issuer, ProviderError};

/// What ties an answer to the browser that asked: three times 256 random bits.
#[derive(Debug, Clone)]
pub struct Authorization {
    /// Comes back with the answer.
    pub state: SecretString,
    /// Comes back in the ID token.
    pub nonce: SecretString,
    /// Proves that whoever redeems the code is whoever asked for it.
    pub verifier: SecretString,
}

/// What a browser comes back with.
#[derive(Debug, Clone)]
pub struct Callback {
    /// What is redeemed for the ID token.
    pub code: SecretString,
    /// Whom the answer is from, if it says so.
    pub issuer: Option<String>,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: SecretString,
}

impl Authorization {
    /// Values that nobody can guess.
    #[must_use]
    pub fn random() -> Self {
        Self { state: random(), nonce: random(), verifier: random() }
    }
}

impl Issuer {
    /// Where the browser goes to sign in.
    ///
    /// # Errors
    /// `Unavailable` if the issuer does not say where that is.
    pub async fn authorization_url(&self, authorization: &Authorization) -> Result<Url, ProviderError> {
        let mut url = self.discovery().await?.authorization_endpoint.clone();
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(authorization.verifier.expose_secret()));
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", self.settings.redirect_uri.as_str())
            .append_pair("scope", &self.settings.scopes)
            .append_pair("state", authorization.state.expose_secret())
            .append_pair("nonce", authorization.nonce.expose_secret())
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        Ok(url)
    }

    /// Who came back.
    ///
    /// # Errors
    /// `Unsound` if the answer is from another issuer, or its token does not hold; `Refused` if the code is worth nothing; `Unavailable` if the issuer
    /// cannot be asked.
    pub async fn redeem(&self, authorization: &Authorization, callback: &Callback) -> Result<IdToken, ProviderError> {
        let discovery = self.discovery().await?;
        match &callback.issuer {
            Some(issuer) if *issuer != self.settings.issuer => {
                return Err(self.requests.unsound("the answer is from another issuer"));
            }
            None if discovery.authorization_response_iss_parameter_supported => {
                return Err(self.requests.unsound("the answer does not say which issuer it is from"));
            }
            _ => {}
        }
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", callback.code.expose_secret()),
            ("redirect_uri", self.settings.redirect_uri.as_str()),
            ("code_verifier", authorization.verifier.expose_secret()),
        ];
        let credentials = self.credentials(discovery.takes_secret_in_body());
        let tokens: Tokens = self.requests.post(discovery.token_endpoint.clone(), &credentials, &fields).await?;
        self.id_token(tokens.id_token.expose_secret(), authorization.nonce.expose_secret()).await
    }

    pub(super) fn credentials(&self, in_body: bool) -> ClientCredentials<'_> {
        ClientCredentials { id: &self.settings.client_id, secret: &self.settings.client_secret, in_body }
    }
}

fn random() -> SecretString {
    let mut bytes = [0; 32];
    rand::rng().fill_bytes(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes).into()
}
