//! Signs what leaves the platform and has to be believed elsewhere, and checks such signatures: Ed25519 (RFC 8032).

use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::schema::{ObjectBuilder, Schema};
use utoipa::openapi::{RefOr, Type};
use utoipa::{PartialSchema, ToSchema};

use super::key_file::{self, KEY_BYTES};
use crate::domain::error::{Error, Result};

/// The file of the key in the data folder.
const FILE: &str = "evidence-key";

/// How long a signature is, in bytes.
pub const SIGNATURE_BYTES: usize = 64;

/// Signs; cheap to clone.
#[derive(Clone)]
pub struct Signing(Arc<Ed25519KeyPair>);

/// What tells whether a signature is right; 32 bytes in base64 outside.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey([u8; KEY_BYTES]);

/// A text that is no public key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a public key: 32 bytes in base64")]
pub struct ParsePublicKeyError;

impl Signing {
    /// With the key of the settings, or else the one in the data folder, which is made where there is none.
    ///
    /// # Errors
    /// The file can be neither read nor written, or holds no key.
    pub fn keep_in(data_folder: &Path, configured: &SecretString) -> Result<Self> {
        let seed = key_file::read_or_make(data_folder, FILE, configured)?;
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.expose_secret());
        let pair = pair.map_err(|_| Error::internal(format!("the {FILE} cannot be used")))?;
        Ok(Self(Arc::new(pair)))
    }

    /// The signature of these bytes.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.0.sign(message).as_ref().to_vec()
    }

    /// What tells whether a signature of this key is right.
    ///
    /// # Errors
    /// Never, for Ed25519.
    pub fn public_key(&self) -> Result<PublicKey> {
        let bytes = self.0.public_key().as_ref().try_into();
        bytes.map(PublicKey).map_err(|_| Error::internal("a public key of the wrong length"))
    }
}

impl PublicKey {
    /// Whether whoever has the key signed these bytes.
    #[must_use]
    pub fn is_signature(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.0).verify(message, signature).is_ok()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&STANDARD.encode(self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl FromStr for PublicKey {
    type Err = ParsePublicKeyError;

    fn from_str(text: &str) -> std::result::Result<Self, ParsePublicKeyError> {
        let bytes = STANDARD.decode(text.trim()).map_err(|_| ParsePublicKeyError)?;
        bytes.try_into().map(Self).map_err(|_| ParsePublicKeyError)
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl PartialSchema for PublicKey {
    fn schema() -> RefOr<Schema> {
        let schema = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[A-Za-z0-9+/]{43}=$"));
        schema.examples(["11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="]).into()
    }
}

impl ToSchema for PublicKey {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_right_for_its_message_and_key_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let signing = Signing::keep_in(folder.path(), &SecretString::default()).expect("a key");
        let signature = signing.sign(b"message");
        let key = signing.public_key().expect("a key");
        assert_eq!(signature.len(), SIGNATURE_BYTES);
        assert!(key.is_signature(b"message", &signature) && !key.is_signature(b"massage", &signature));
        assert!(!key.is_signature(b"message", &signature[1..]));
        let again = Signing::keep_in(folder.path(), &SecretString::default()).expect("the same key");
        assert_eq!(again.public_key().expect("a key"), key);
        assert_eq!(key.to_string().parse(), Ok(key));
        let other = Signing::keep_in(folder.path(), &STANDARD.encode([7; KEY_BYTES]).into()).expect("another key");
        assert!(!other.public_key().expect("a key").is_signature(b"message", &signature));
        assert!("AAAA".parse::<PublicKey>().is_err());
    }

    /// The first vector of RFC 8032, section 7.1.
    #[test]
    fn signatures_are_those_of_the_standard() {
        let seed = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";
        let folder = tempfile::tempdir().expect("a folder");
        let signing = Signing::keep_in(folder.path(), &seed.into()).expect("a key");
        let key = signing.public_key().expect("a key");
        assert_eq!(key.to_string(), "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
        assert_eq!(signing.sign(b"").first_chunk(), Some(&[0xe5, 0x56, 0x43, 0x00]));
    }
}
