//! Identity providers of others, which the operator names: OpenID Connect and OAuth 2.0 issuers, and Ory Kratos.
//!
//! Invariants: nothing is asked of a provider before somebody needs it, so that one that is unavailable stops no start; every request has a
//! timeout and every answer a limit; a signature counts only by an asymmetric algorithm of [`ALGORITHMS`] and by a key that the
//! provider publishes itself; an answer that is kept is kept for a bounded time, and so many of them.

mod access_token;
mod authorization;
mod cached_value;
mod discovery;
mod id_token;
mod introspection;
mod keys;
mod kratos;
mod metrics;
mod provider_error;
mod requests;
mod signed_token;

pub use access_token::{AccessToken, AccessTokens};
pub use authorization::{Authorization, Callback};
pub use id_token::IdToken;
pub use introspection::KEPT_FOR as INTROSPECTION_KEPT_FOR;
pub use kratos::{COOKIE as KRATOS_COOKIE, KEPT_FOR as KRATOS_KEPT_FOR, Kratos, KratosCredential, KratosSession};
pub use provider_error::ProviderError;
pub use signed_token::ALGORITHMS;

use secrecy::SecretString;
use url::Url;

use cached_value::CachedValue;
use discovery::Discovery;
use introspection::Introspections;
use keys::Keys;
use requests::Requests;

/// One issuer, as the operator describes it. Clones are of the settings alone.
#[derive(Debug, Clone)]
pub struct IssuerSettings {
    /// What the operator calls it.
    pub name: String,
    /// Its identifier, exactly as it writes it into tokens.
    pub issuer: String,
    /// How it calls this installation.
    pub client_id: String,
    /// What proves that this installation is that client; empty for a public one.
    pub client_secret: SecretString,
    /// What is asked for at sign-in, separated by spaces.
    pub scopes: String,
    /// Where it sends people back to.
    pub redirect_uri: Url,
    /// How its access tokens are looked at.
    pub access_tokens: AccessTokens,
}

/// One issuer, and what is known of it.
pub struct Issuer {
    settings: IssuerSettings,
    requests: Requests,
    discovery: CachedValue<Discovery>,
    keys: Keys,
    introspections: Introspections,
}

impl Issuer {
    /// Nothing is asked yet.
    ///
    /// # Errors
    /// The machine gives no HTTP client.
    pub fn new(settings: IssuerSettings) -> Result<Self, ProviderError> {
        let requests = Requests::new(&settings.name)?;
        let (discovery, keys) = (CachedValue::new(discovery::KEPT_FOR), Keys::default());
        Ok(Self { settings, requests, discovery, keys, introspections: Introspections::default() })
    }

    /// What the operator calls it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.settings.name
    }

    /// Its identifier.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.settings.issuer
    }

    /// How its access tokens are looked at.
    #[must_use]
    pub const fn access_tokens(&self) -> &AccessTokens {
        &self.settings.access_tokens
    }
}
