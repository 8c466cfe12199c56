//! Argon2id, off the asynchronous threads.
//!
//! Invariant: only so many hashes are computed at once; whoever comes later
//! waits, and a crowd is turned away.

use std::sync::Arc;

use argon2::password_hash::rand_core::OsRng;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Argon2, password_hash};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use crate::domain::error::{Error, Result};

/// How many callers may wait for their turn, for each hash that is computed at once. A hash takes some 20 ms.
const WAITING_MAX: usize = 100;

/// Hashes and verifies passwords; cheap to clone.
#[derive(Clone)]
pub struct Passwords {
    turns: Arc<Semaphore>,
    places: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self::new()
    }
}

impl Passwords {
    /// As many at once as there are cores; each takes 19 MiB while it runs.
    #[must_use]
    pub fn new() -> Self {
        let at_once = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            turns: Arc::new(Semaphore::new(at_once)),
            places: Arc::new(Semaphore::new(at_once.saturating_mul(WAITING_MAX))),
        }
    }

    /// The password's hash in PHC form, with a salt of its own.
    ///
    /// # Errors
    /// `Unavailable` if too many wait already.
    pub async fn hash(&self, password: SecretString) -> Result<String> {
        let hash = move || {
            let salt = SaltString::generate(&mut OsRng);
            Argon2::default().hash_password(password.expose_secret().as_bytes(), &salt).map(|hash| hash.to_string())
        };
        self.in_turn(hash).await?.map_err(Error::internal)
    }

    /// Whether this is the password of `hash`. Without a hash it takes as long, and is not.
    ///
    /// # Errors
    /// `Unavailable` if too many wait already; `Internal` if `hash` is none.
    pub async fn verify(&self, password: SecretString, hash: Option<String>) -> Result<bool> {
        self.in_turn(move || verify(password.expose_secret(), hash.as_deref())).await?.map_err(Error::internal)
    }

    async fn in_turn<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let _place = self.places.try_acquire().map_err(Error::unavailable)?;
        // The turn moves into the work, so that a caller who disconnects does not let another in too early.
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(Error::internal)?;
        let working = move || {
            let result = work();
            drop(turn);
            result
        };
        tokio::task::spawn_blocking(working).await.map_err(Error::internal)
    }
}

fn verify(password: &str, hash: Option<&str>) -> password_hash::Result<bool> {
    let Some(hash) = hash else {
        let salt = SaltString::generate(&mut OsRng);
        return Argon2::default().hash_password(password.as_bytes(), &salt).map(|_| false);
    };
    match Argon2::default().verify_password(password.as_bytes(), &PasswordHash::new(hash)?) {
        Ok(()) => Ok(true),
        Err(password_hash::Error::Password) => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_verifies() {
        let passwords = Passwords::new();
        let hash = passwords.hash("correct horse".into()).await.expect("a hash");
        assert!(hash.starts_with("$argon2id$"));
        assert!(passwords.verify("correct horse".into(), Some(hash.clone())).await.expect("a response"));
        assert!(!passwords.verify("battery staple".into(), Some(hash)).await.expect("a response"));
        assert!(!passwords.verify("correct horse".into(), None).await.expect("a response"));
    }
}
