//! What an issuer says of itself (OpenID Connect Discovery 1.0; RFC 8414).

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use url::Url;

use super::{Issuer, ProviderError};

/// How long it is believed.
pub(super) const KEPT_FOR: Duration = Duration::from_secs(60 * 60);

/// What is used of it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Discovery {
    issuer: String,
    pub(super) authorization_endpoint: Url,
    pub(super) token_endpoint: Url,
    pub(super) jwks_uri: Url,
    pub(super) introspection_endpoint: Option<Url>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
    /// Whether every answer of its authorization endpoint says who it is from (RFC 9207).
    #[serde(default)]
    pub(super) authorization_response_iss_parameter_supported: bool,
}

impl Discovery {
    /// Whether the client's secret goes into bodies, because the issuer takes it nowhere else.
    pub(super) fn takes_secret_in_body(&self) -> bool {
        let takes = |method: &str| self.token_endpoint_auth_methods_supported.iter().any(|known| known == method);
        takes("client_secret_post") && !takes("client_secret_basic")
    }
}

impl Issuer {
    /// What the issuer says of itself.
    ///
    /// # Errors
    /// `Unavailable` if it says nothing that can be used.
    pub(super) async fn discovery(&self) -> Result<Arc<Discovery>, ProviderError> {
        self.discovery.get(self.fetch_discovery()).await
    }

    async fn fetch_discovery(&self) -> Result<Discovery, ProviderError> {
        let address = format!("{}/.well-known/openid-configuration", self.settings.issuer.trim_end_matches('/'));
        let address = Url::parse(&address).map_err(|error| self.requests.unavailable(error.to_string()))?;
        let is_in_clear = address.scheme() == "http";
        let found: Discovery =
            self.requests.get(address).await.map_err(|error| self.requests.unavailable(error.to_string()))?;
        // Otherwise one issuer could speak for another.
        if found.issuer != self.settings.issuer {
            return Err(self.requests.unavailable(format!("it calls itself {}", found.issuer)));
        }
        let endpoints = [&found.authorization_endpoint, &found.token_endpoint, &found.jwks_uri];
        let is_safe = |url: &&Url| url.scheme() == "https" || (is_in_clear && url.scheme() == "http");
        match endpoints.iter().all(is_safe) {
            true => Ok(found),
            false => Err(self.requests.unavailable("one of its endpoints is not reached by https")),
        }
    }
}
