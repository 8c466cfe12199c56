//! Who signed in, as the issuer says it (OpenID Connect Core 1.0, section 3.1.3.7).

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::signed_token::OneOrMore;
use super::{Issuer, ProviderError};

/// The longest subject, in bytes.
const SUBJECT_BYTES_MAX: usize = 255;

/// What an ID token says of a person.
#[derive(Debug, Clone, Deserialize)]
pub struct IdToken {
    /// Who they are to the issuer; never given to another.
    pub sub: String,
    /// Their address.
    pub email: Option<String>,
    /// Whether the issuer made sure that the address is theirs.
    #[serde(default, deserialize_with = "flag")]
    pub email_verified: bool,
    /// What to call them.
    pub name: Option<String>,
    aud: OneOrMore,
    azp: Option<String>,
    nonce: Option<String>,
    #[serde(flatten)]
    other: Map<String, Value>,
}

impl IdToken {
    /// The values of a claim: a text, or a list of texts.
    pub fn values(&self, claim: &str) -> impl Iterator<Item = &str> {
        let claim = self.other.get(claim);
        let (one, more) = match claim {
            Some(Value::String(one)) => (Some(one.as_str()), None),
            Some(Value::Array(more)) => (None, Some(more)),
            _ => (None, None),
        };
        one.into_iter().chain(more.into_iter().flatten().filter_map(Value::as_str))
    }
}

impl Issuer {
    /// Who an ID token speaks of, if it is the answer to the request with this nonce.
    ///
    /// # Errors
    /// `Unsound` if it does not hold; `Unavailable` if the keys of the issuer cannot be had.
    pub(super) async fn id_token(&self, token: &str, nonce: &str) -> Result<IdToken, ProviderError> {
        let claims: IdToken = self.claims(token, &self.settings.client_id).await?;
        let is_only_audience = claims.aud.as_slice().len() == 1;
        match claims.azp.as_deref() {
            Some(party) if party != self.settings.client_id => {
                Err(self.requests.unsound("it was given to another client"))
            }
            None if !is_only_audience => Err(self.requests.unsound("it does not say which client it was given to")),
            _ if claims.nonce.as_deref() != Some(nonce) => Err(self.requests.unsound("its nonce is another")),
            _ if claims.sub.is_empty() || claims.sub.len() > SUBJECT_BYTES_MAX || claims.sub.contains('\0') => {
                Err(self.requests.unsound("its subject is empty or too long"))
            }
            _ => Ok(claims),
        }
    }
}

/// Some issuers write `"true"`.
fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(value == Value::Bool(true) || value == Value::String("true".to_owned()))
}
