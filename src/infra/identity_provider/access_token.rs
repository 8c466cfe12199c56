//! Access tokens that an issuer gave out: whom they speak for, and what they may be used for.

use serde::Deserialize;
use url::Url;

use super::signed_token::{OneOrMore, part};
use super::{INTROSPECTION_KEPT_FOR, Issuer, ProviderError};
use crate::domain::time::Timestamp;
use crate::runtime::clock;

/// How access tokens of an issuer are looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccessTokens {
    /// They count for nothing.
    Refused,
    /// By their signature (RFC 9068).
    Signed {
        /// The audience that they must name.
        audience: String,
    },
    /// By asking the issuer (RFC 7662).
    Introspected {
        /// Where; the issuer says it where the operator does not.
        endpoint: Option<Url>,
        /// The audience that they must name; any if absent.
        audience: Option<String>,
    },
}

/// What an access token that holds says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessToken {
    /// Whom it speaks for.
    pub subject: Option<String>,
    /// Which client it was given to.
    pub client_id: Option<String>,
    /// What it may be used for, as the issuer writes it.
    pub scopes: Vec<String>,
    /// It has to be looked at again from this moment on.
    pub holds_until: Timestamp,
}

/// The claims of a signed one. `scope` is RFC 9068's; others write a list.
#[derive(Deserialize)]
struct Claims {
    sub: String,
    exp: i64,
    scope: Option<String>,
    scp: Option<OneOrMore>,
    client_id: Option<String>,
    azp: Option<String>,
    nonce: Option<String>,
}

impl AccessToken {
    /// Whether the client speaks for itself, and for no person.
    #[must_use]
    pub fn is_of_client(&self) -> bool {
        self.client_id.is_some() && (self.subject.is_none() || self.subject == self.client_id)
    }
}

impl Issuer {
    /// Whether a text could be an access token of this issuer: it says so itself, or nobody can tell but the issuer.
    #[must_use]
    pub fn may_have_given(&self, token: &str) -> bool {
        match (part(token, 1), &self.settings.access_tokens) {
            (_, AccessTokens::Refused) | (None, AccessTokens::Signed { .. }) => false,
            (Some(claims), _) => claims.get("iss").and_then(|issuer| issuer.as_str()) == Some(&self.settings.issuer),
            (None, AccessTokens::Introspected { .. }) => true,
        }
    }

    /// What an access token says, if it holds.
    ///
    /// # Errors
    /// `Unsound` if it does not hold; `Unavailable` if the issuer has to be asked and says nothing.
    pub async fn access_token(&self, token: &str) -> Result<AccessToken, ProviderError> {
        match &self.settings.access_tokens {
            AccessTokens::Refused => Err(self.requests.unsound("its access tokens count for nothing here")),
            AccessTokens::Signed { audience } => self.signed(token, audience).await,
            AccessTokens::Introspected { endpoint, audience } => {
                self.introspected(token, endpoint.as_ref(), audience.as_deref()).await
            }
        }
    }

    async fn signed(&self, token: &str, audience: &str) -> Result<AccessToken, ProviderError> {
        let claims: Claims = self.claims(token, audience).await?;
        // An ID token says who signed in, to the client alone; it gives no access.
        if claims.nonce.is_some() {
            return Err(self.requests.unsound("it is an ID token"));
        }
        let listed = claims.scp.as_ref().map(OneOrMore::as_slice).unwrap_or_default();
        let written = claims.scope.iter().chain(listed);
        Ok(AccessToken {
            subject: Some(claims.sub),
            client_id: claims.client_id.or(claims.azp),
            scopes: written.flat_map(|scopes| scopes.split_whitespace()).map(str::to_owned).collect(),
            holds_until: Timestamp::from_micros(claims.exp.saturating_mul(1_000_000)),
        })
    }

    async fn introspected(
        &self,
        token: &str,
        endpoint: Option<&Url>,
        audience: Option<&str>,
    ) -> Result<AccessToken, ProviderError> {
        let answer = self.introspect(token, endpoint).await?;
        let now = clock::now();
        let ends_at = answer.exp.map(|exp| Timestamp::from_micros(exp.saturating_mul(1_000_000)));
        let is_access_token = answer.token_use.as_deref().is_none_or(|usage| usage == "access_token");
        let is_of_issuer = answer.iss.as_ref().is_none_or(|issuer| *issuer == self.settings.issuer);
        let audiences = answer.aud.as_ref().map(OneOrMore::as_slice).unwrap_or_default();
        let is_for_us = audience.is_none_or(|audience| audiences.iter().any(|named| named == audience));
        if !answer.active || !is_access_token || ends_at.is_some_and(|end| end <= now) {
            return Err(self.requests.unsound("it is not active"));
        }
        if !is_of_issuer || !is_for_us {
            return Err(self.requests.unsound("it is of another issuer, or for another audience"));
        }
        let ask_again_at = now.plus(INTROSPECTION_KEPT_FOR);
        Ok(AccessToken {
            subject: answer.sub.filter(|subject| !subject.is_empty()),
            client_id: answer.client_id,
            scopes: answer.scope.split_whitespace().map(str::to_owned).collect(),
            holds_until: ends_at.map_or(ask_again_at, |end| end.min(ask_again_at)),
        })
    }
}
