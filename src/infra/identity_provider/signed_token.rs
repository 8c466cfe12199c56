//! Tokens that prove themselves by a signature (RFC 7519, with the advice of RFC 8725).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{Issuer, ProviderError};

/// The algorithms of signatures that count. None of them has a secret that both sides know, and `none` is none of them.
pub const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];
/// The longest token that is looked at, in bytes.
pub(super) const TOKEN_BYTES_MAX: usize = 16 * 1024;
/// How far the clocks of the two sides may be apart, in seconds.
const LEEWAY_SECONDS: u64 = 60;

/// One or several of something, as the claim `aud` may be.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl OneOrMore {
    pub(super) fn as_slice(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::More(more) => more,
        }
    }
}

impl Issuer {
    /// The claims of a token that this issuer signed for this audience, and that holds now.
    ///
    /// # Errors
    /// `Unsound` if it is no such token; `Unavailable` if the keys of the issuer cannot be had.
    pub(super) async fn claims<T: DeserializeOwned>(&self, token: &str, audience: &str) -> Result<T, ProviderError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(self.requests.unsound("it is too long"));
        }
        let header = decode_header(token).map_err(|error| self.requests.unsound(error.to_string()))?;
        if !ALGORITHMS.contains(&header.alg) {
            return Err(self.requests.unsound(format!("{:?} is no algorithm that counts", header.alg)));
        }
        if part(token, 0).is_none_or(|header| header.contains_key("crit")) {
            return Err(self.requests.unsound("its header wants something to be understood that is not"));
        }
        let key = self.key(header.kid.as_deref()).await?;
        let named = key.common.key_algorithm.map(|algorithm| algorithm.to_string());
        if named.is_some_and(|named| named != format!("{:?}", header.alg)) {
            return Err(self.requests.unsound("its algorithm is not that of the key"));
        }
        let key = DecodingKey::from_jwk(&key).map_err(|error| self.requests.unsound(error.to_string()))?;
        let mut validation = Validation::new(header.alg);
        validation.leeway = LEEWAY_SECONDS;
        validation.validate_nbf = true;
        validation.set_issuer(&[&self.settings.issuer]);
        validation.set_audience(&[audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        let decoded = decode(token, &key, &validation).map_err(|error| self.requests.unsound(error.to_string()))?;
        Ok(decoded.claims)
    }
}

/// A part of a token that nobody has verified.
pub(super) fn part(token: &str, place: usize) -> Option<Map<String, Value>> {
    let text = token.split('.').nth(place)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}
