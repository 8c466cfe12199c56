//! The keys that an issuer signs with (RFC 7517).
//!
//! A token that names an unknown key has the set fetched again, because issuers change their keys, but not more often than once in
//! [`FETCHED_AT_MOST_EVERY`], whatever tokens people send.

use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, PublicKeyUse};
use serde::Deserialize;
use serde_json::Value;

use super::cached_value::CachedValue;
use super::{Issuer, ProviderError};

/// How long a set is believed.
const KEPT_FOR: Duration = Duration::from_secs(60 * 60);
/// The shortest time between two fetches for unknown keys.
const FETCHED_AT_MOST_EVERY: Duration = Duration::from_secs(30);
/// The most keys of one issuer.
const KEYS_MAX: usize = 100;

/// The keys of an issuer.
pub(super) struct Keys(CachedValue<Vec<Jwk>>);

/// As it is published. Each key is read by itself, so that one of a new kind does not hide the others.
#[derive(Deserialize)]
struct Published {
    keys: Vec<Value>,
}

impl Default for Keys {
    fn default() -> Self {
        Self(CachedValue::new(KEPT_FOR))
    }
}

impl Issuer {
    /// The key that a token names; the only one there is, if it names none.
    ///
    /// # Errors
    /// `Unavailable` if the issuer says nothing of its keys; `Unsound` if it has no such key.
    pub(super) async fn key(&self, id: Option<&str>) -> Result<Jwk, ProviderError> {
        let keys = self.keys.0.get(self.fetch_keys()).await?;
        if let Some(key) = among(&keys, id) {
            return Ok(key.clone());
        }
        let keys: Arc<Vec<Jwk>> = self.keys.0.get_not_older_than(FETCHED_AT_MOST_EVERY, self.fetch_keys()).await?;
        among(&keys, id).cloned().ok_or_else(|| self.requests.unsound("it is signed by no key of the provider"))
    }

    async fn fetch_keys(&self) -> Result<Vec<Jwk>, ProviderError> {
        let address = self.discovery().await?.jwks_uri.clone();
        let published: Published = self.requests.get(address).await?;
        Ok(published.keys.into_iter().take(KEYS_MAX).filter_map(usable).collect())
    }
}

/// A public key that signs. A symmetric one in public proves nothing.
fn usable(key: Value) -> Option<Jwk> {
    let key: Jwk = serde_json::from_value(key).ok()?;
    let is_for_signatures = matches!(key.common.public_key_use, None | Some(PublicKeyUse::Signature));
    let is_public = !matches!(key.algorithm, AlgorithmParameters::OctetKey(_));
    (is_for_signatures && is_public).then_some(key)
}

fn among<'a>(keys: &'a [Jwk], id: Option<&str>) -> Option<&'a Jwk> {
    match (id, keys) {
        (Some(id), keys) => keys.iter().find(|key| key.common.key_id.as_deref() == Some(id)),
        (None, [only]) => Some(only),
        (None, _) => None,
    }
}
