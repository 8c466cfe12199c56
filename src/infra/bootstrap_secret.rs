//! The secret with which the first account of an installation is made: a file in the data folder, which only the owner reads.
//!
//! Invariant: whoever reaches the internal listener without reading that file makes no account.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::RngCore;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

/// How many random bytes it carries.
const RANDOM_BYTES: usize = 32;
/// Who may read and write the file.
const OWNER_ALONE: u32 = 0o600;

/// The secret.
pub struct BootstrapSecret(SecretString);

impl BootstrapSecret {
    /// Where it is in a data folder.
    #[must_use]
    pub fn path(data_folder: &Path) -> PathBuf {
        data_folder.join("bootstrap-secret")
    }

    /// The one in this folder, or a new one.
    ///
    /// # Errors
    /// The file can be neither read nor written.
    pub fn keep_in(data_folder: &Path) -> io::Result<Self> {
        let path = Self::path(data_folder);
        let kept = fs::read_to_string(&path).unwrap_or_default();
        if is_whole(kept.trim()) {
            return Ok(Self(kept.trim().into()));
        }
        let mut bytes = [0; RANDOM_BYTES];
        rand::rng().fill_bytes(&mut bytes);
        let secret = URL_SAFE_NO_PAD.encode(bytes);
        // A file that is only half written does not count.
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(OWNER_ALONE).open(&path)?;
        file.write_all(format!("{secret}\n").as_bytes())?;
        Ok(Self(secret.into()))
    }

    /// Removes the one in this folder, if there is one. One that stays is of no use to anybody, and the log says so.
    pub fn remove_from(data_folder: &Path) {
        let path = Self::path(data_folder);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(%error, path = %path.display(), "the used bootstrap secret could not be removed");
            }
            _ => {}
        }
    }

    /// Whether this is it; takes as long for every guess of the same length.
    #[must_use]
    pub fn matches(&self, guess: &str) -> bool {
        self.0.expose_secret().as_bytes().ct_eq(guess.as_bytes()).into()
    }
}

fn is_whole(text: &str) -> bool {
    URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() == RANDOM_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stays_the_same_until_it_is_removed() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = BootstrapSecret::keep_in(folder.path()).expect("a new one");
        let text = fs::read_to_string(BootstrapSecret::path(folder.path())).expect("its file");
        let again = BootstrapSecret::keep_in(folder.path()).expect("the same");
        assert!(first.matches(text.trim()) && again.matches(text.trim()));
        assert!(!first.matches("") && !first.matches(&text));
        BootstrapSecret::remove_from(folder.path());
        assert!(!BootstrapSecret::keep_in(folder.path()).expect("another").matches(text.trim()));
    }

    #[test]
    fn half_a_secret_is_none() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(BootstrapSecret::path(folder.path()), "abc\n").expect("a torn file");
        assert!(!BootstrapSecret::keep_in(folder.path()).expect("a new one").matches("abc"));
    }
}
