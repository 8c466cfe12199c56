//! Secrets that are used once: 256 random bits, of which only a hash is kept.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::RngCore;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// How many random bytes a token carries.
const RANDOM_BYTES: usize = 32;
/// The longest text that is looked at, in bytes.
const LENGTH_MAX: usize = 100;

/// Such a secret, as its owner sends it.
pub(super) struct OneTimeToken(SecretString);

impl OneTimeToken {
    /// A new one that nobody can guess. Its beginning says what it is for.
    pub(super) fn random(prefix: &str) -> Self {
        let mut bytes = [0; RANDOM_BYTES];
        rand::rng().fill_bytes(&mut bytes);
        Self(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes)).into())
    }

    /// What somebody sent; `None` if it can be no token of this prefix.
    pub(super) fn parse(text: &SecretString, prefix: &str) -> Option<Self> {
        let text = text.expose_secret().trim();
        let is_possible = text.len() <= LENGTH_MAX && text.starts_with(prefix);
        is_possible.then(|| Self(text.to_owned().into()))
    }

    /// The whole secret, to be shown once.
    pub(super) fn secret(&self) -> &SecretString {
        &self.0
    }

    /// What is kept of it. Guessing 256 bits is hopeless, so that a plain hash will do, and so does looking it up by that.
    pub(super) fn hash(&self) -> Vec<u8> {
        Sha256::digest(self.0.expose_secret()).to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_known_by_its_beginning_and_its_hash() {
        let token = OneTimeToken::random("reset_");
        let sent = SecretString::from(format!(" {}\n", token.secret().expose_secret()));
        assert_eq!(OneTimeToken::parse(&sent, "reset_").map(|parsed| parsed.hash()), Some(token.hash()));
        assert!(OneTimeToken::parse(&sent, "verify_").is_none());
        assert!(OneTimeToken::parse(&format!("reset_{}", "x".repeat(LENGTH_MAX)).into(), "reset_").is_none());
        assert_ne!(OneTimeToken::random("reset_").hash(), token.hash());
    }
}
