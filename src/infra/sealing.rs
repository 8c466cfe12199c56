//! Seals secrets that have to be read again, such as those of second factors, so that a copy of the database does not reveal them.
//!
//! Invariant: what is sealed for one context opens in no other.

use std::path::Path;
use std::sync::Arc;

use rand::RngCore;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::{hkdf, hmac};
use secrecy::{ExposeSecret, SecretSlice, SecretString};

use super::key_file::{self, KEY_BYTES};
use crate::domain::error::{Error, Result};

/// The file of the key in the data folder.
const FILE: &str = "sealing-key";

/// Seals and opens; cheap to clone.
#[derive(Clone)]
pub struct Sealing(Arc<Keys>);

struct Keys {
    sealing: LessSafeKey,
    hashing: hmac::Key,
}

impl Sealing {
    /// With the key of the settings, or else the one in the data folder, which is made where there is none.
    ///
    /// # Errors
    /// The file can be neither read nor written, or holds no key.
    pub fn keep_in(data_folder: &Path, configured: &SecretString) -> Result<Self> {
        let key = key_file::read_or_make(data_folder, FILE, configured)?;
        let root = hkdf::Salt::new(hkdf::HKDF_SHA256, b"elido").extract(key.expose_secret());
        let unusable = |_| Error::internal("a key of the wrong length");
        let sealing = UnboundKey::new(&CHACHA20_POLY1305, &derived(&root, b"seal")?).map_err(unusable)?;
        let hashing = hmac::Key::new(hmac::HMAC_SHA256, &derived(&root, b"hash")?);
        Ok(Self(Arc::new(Keys { sealing: LessSafeKey::new(sealing), hashing })))
    }

    /// The secret in a form that opens in the same context alone.
    ///
    /// # Errors
    /// Only if it is too long to be sealed.
    pub fn seal(&self, context: &str, secret: &[u8]) -> Result<Vec<u8>> {
        let mut nonce = [0; NONCE_LEN];
        rand::rng().fill_bytes(&mut nonce);
        let mut text = secret.to_vec();
        self.0
            .sealing
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(context.as_bytes()), &mut text)
            .map_err(|_| Error::internal("a secret could not be sealed"))?;
        Ok([nonce.as_slice(), &text].concat())
    }

    /// What was sealed.
    ///
    /// # Errors
    /// It was sealed in another context, by another key, or was changed since.
    pub fn open(&self, context: &str, mut sealed: Vec<u8>) -> Result<SecretSlice<u8>> {
        let broken = || {
            Error::internal(
                "a sealed secret cannot be opened: it was sealed with another identity.sealing_key, or changed",
            )
        };
        let (nonce, text) = sealed.split_at_mut_checked(NONCE_LEN).ok_or_else(broken)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| broken())?;
        let opened = self.0.sealing.open_in_place(nonce, Aad::from(context.as_bytes()), text).map_err(|_| broken())?;
        Ok(opened.to_vec().into())
    }

    /// A hash that nobody can look for without the key, for secrets that are too short for a plain one.
    #[must_use]
    pub fn hash(&self, context: &str, secret: &str) -> Vec<u8> {
        let mut hash = hmac::Context::with_key(&self.0.hashing);
        hash.update(&u64::try_from(context.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(context.as_bytes());
        hash.update(secret.as_bytes());
        hash.sign().as_ref().to_vec()
    }
}

fn derived(root: &hkdf::Prk, purpose: &[u8]) -> Result<[u8; KEY_BYTES]> {
    let mut key = [0; KEY_BYTES];
    let purposes = [purpose];
    let expanded = root.expand(&purposes, hkdf::HKDF_SHA256).and_then(|key_material| key_material.fill(&mut key));
    expanded.map_err(|_| Error::internal("a key of the wrong length"))?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use std::fs;

    fn in_folder(folder: &Path) -> Result<Sealing> {
        Sealing::keep_in(folder, &SecretString::default())
    }

    #[test]
    fn what_is_sealed_opens_in_its_context_with_its_key_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let sealing = in_folder(folder.path()).expect("a new key");
        let sealed = sealing.seal("totp:usr_1", b"a secret").expect("sealed");
        assert!(!sealed.windows(6).any(|window| window == b"secret"));
        let again = in_folder(folder.path()).expect("the same key");
        assert_eq!(again.open("totp:usr_1", sealed.clone()).expect("opened").expose_secret(), b"a secret");
        assert!(again.open("totp:usr_2", sealed.clone()).is_err());
        assert!(again.open("totp:usr_1", Vec::new()).is_err());
        let other = Sealing::keep_in(folder.path(), &STANDARD.encode([7; KEY_BYTES]).into()).expect("another key");
        assert!(other.open("totp:usr_1", sealed).is_err());
        assert_ne!(other.hash("code", "x"), sealing.hash("code", "x"));
        assert_ne!(sealing.hash("code", "x"), sealing.hash("cod", "ex"));
        assert_eq!(sealing.hash("code", "x"), again.hash("code", "x"));
    }

    #[test]
    fn half_a_key_is_an_error_and_not_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join(FILE), "abc\n").expect("a torn file");
        assert!(in_folder(folder.path()).is_err());
        assert_eq!(fs::read_to_string(folder.path().join(FILE)).expect("its file"), "abc\n");
    }
}
