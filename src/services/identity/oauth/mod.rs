//! Elido as an OAuth2 provider: programs act for people, as far as those let them (RFC 6749 with the rules of OAuth 2.1 and RFC 9700).
//!
//! Invariants: a code goes only where its client registered, works once, within a minute, and only for whoever can answer its
//! challenge; what came of a code or a refresh token that was used twice ends; a token reaches no further than the consent, the client
//! and the person do, and ends with each of them. Secrets are kept as hashes.

mod authorization;
mod authorization_request;
mod client_authentication;
mod client_secrets;
mod clients;
mod code_exchange;
mod consents;
mod introspection;
mod metrics;
mod refresh;
mod refusals;
mod revocation;
mod tokens;

pub use authorization::{AuthorizationStep, ConsentQuestion, Decision};
pub use authorization_request::AuthorizationRequest;
pub use client_authentication::ClientCredentials;
pub use client_secrets::SecretRotation;
pub use clients::{CreatedOAuthClient, OAuthClient, OAuthClientDraft, OAuthClientPatch};
pub use code_exchange::CodeExchange;
pub use consents::Consent;
pub use introspection::Introspection;
pub use refresh::Refresh;
pub use tokens::IssuedTokens;

pub(super) use authorization_request::scopes;
pub(super) use client_secrets::ROTATED;
pub(super) use clients::{CREATED, DELETED, UPDATED};
pub(super) use consents::{GIVEN_BACK, GRANTED, REUSED, REVOKED};

use super::Identity;

impl Identity {
    /// What the provider calls itself (RFC 8414): the address of the API, without a slash at its end.
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.settings.public_url.as_str().trim_end_matches('/')
    }
}
