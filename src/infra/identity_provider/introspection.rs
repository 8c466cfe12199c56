//! Tokens that the issuer has to be asked about (RFC 7662).
//!
//! Answers are kept for [`KEPT_FOR`], and at most [`ANSWERS_MAX`] of them, so that a revoked token is worth nothing after that time.

use std::time::Duration;

use quick_cache::sync::Cache;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use url::Url;

use super::signed_token::OneOrMore;
use super::{AccessTokens, Issuer, ProviderError};
use crate::runtime::clock::{self, MonotonicTime};

/// How long an answer is believed.
pub const KEPT_FOR: Duration = Duration::from_secs(15);
/// The most answers that are kept.
const ANSWERS_MAX: usize = 10_000;
/// The most questions at once. Where there are more, the rest is refused, so that made-up tokens do not become a flood of requests.
const QUESTIONS_MAX: usize = 32;

/// What an issuer says of a token.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Introspection {
    pub(super) active: bool,
    #[serde(default)]
    pub(super) scope: String,
    pub(super) client_id: Option<String>,
    pub(super) sub: Option<String>,
    pub(super) exp: Option<i64>,
    pub(super) iss: Option<String>,
    pub(super) aud: Option<OneOrMore>,
    /// Hydra says of refresh tokens, too, that they are active.
    pub(super) token_use: Option<String>,
}

/// The answers of late, by a hash of the token.
pub(super) struct Introspections {
    answers: Cache<[u8; 32], (Introspection, MonotonicTime)>,
    turns: Semaphore,
}

impl Default for Introspections {
    fn default() -> Self {
        Self { answers: Cache::new(ANSWERS_MAX), turns: Semaphore::new(QUESTIONS_MAX) }
    }
}

impl Introspections {
    /// The answer of late, if there is one.
    pub(super) fn kept(&self, key: &[u8; 32]) -> Option<Introspection> {
        let kept = self.answers.get(key).filter(|(_, at)| at.elapsed() < KEPT_FOR);
        kept.map(|(answer, _)| answer)
    }
}

impl Issuer {
    /// Whether the issuer has to be asked now about this token.
    #[must_use]
    pub fn has_to_ask(&self, token: &str) -> bool {
        let is_introspected = matches!(self.settings.access_tokens, AccessTokens::Introspected { .. });
        is_introspected && self.introspections.kept(&Sha256::digest(token).into()).is_none()
    }

    /// What the issuer says of a token; where it is asked is what the settings say, or else the issuer.
    ///
    /// # Errors
    /// `Unavailable` if it says nothing, or too many others are asked about.
    pub(super) async fn introspect(&self, token: &str, endpoint: Option<&Url>) -> Result<Introspection, ProviderError> {
        let key: [u8; 32] = Sha256::digest(token).into();
        if let Some(answer) = self.introspections.kept(&key) {
            return Ok(answer);
        }
        let too_many = |_| self.requests.unavailable("too many tokens are asked about at once");
        let _turn = self.introspections.turns.try_acquire().map_err(too_many)?;
        let (endpoint, in_body) = match endpoint {
            Some(endpoint) => (endpoint.clone(), false),
            None => {
                let discovery = self.discovery().await?;
                let endpoint = discovery.introspection_endpoint.clone();
                (
                    endpoint.ok_or_else(|| self.requests.unavailable("it names no place to ask"))?,
                    discovery.takes_secret_in_body(),
                )
            }
        };
        let fields = [("token", token), ("token_type_hint", "access_token")];
        let answer: Introspection = self.requests.post(endpoint, &self.credentials(in_body), &fields).await?;
        self.introspections.answers.insert(key, (answer.clone(), clock::monotonic()));
        Ok(answer)
    }
}
