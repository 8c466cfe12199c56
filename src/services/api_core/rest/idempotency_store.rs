//! Keeps answers for repetition in the source of truth, so that all replicas repeat the same.
//!
//! Invariants: what a request writes is committed in one transaction with its
//! answer, or not at all, and under one key only once. A response may hold a
//! secret that is shown once. It is sealed with the caller's own key, of which
//! only a hash is kept, so that a copy of the database does not reveal it.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use rand::RngCore;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use sha2::{Digest, Sha256};

use crate::domain::error::{Error, Result};
use crate::http::idempotency::{
    CLAIM_HELD_FOR, IdempotencyClaim, IdempotencyStore, KEPT_FOR, KeyState, StoredResponse, Work,
};
use crate::infra::store::idempotency_keys::{self, IdempotencyKey};
use crate::runtime::clock;
use crate::services::api_core::ApiCore;
use crate::services::api_core::unit_of_work::{Complete, UnitOfWork};

/// The responses that were given under idempotency keys.
pub struct IdempotencyRecords {
    core: ApiCore,
}

/// A response in the form that is sealed.
type Form = (u16, Vec<(String, Vec<u8>)>, Vec<u8>);

impl IdempotencyRecords {
    /// Keeps answers in the store of these use cases, together with what they commit.
    #[must_use]
    pub fn new(core: ApiCore) -> Self {
        Self { core }
    }
}

#[async_trait]
impl IdempotencyStore for IdempotencyRecords {
    async fn begin(&self, claim: &IdempotencyClaim) -> Result<KeyState> {
        let now = clock::now();
        let row = IdempotencyKey { expires_at: now.plus(CLAIM_HELD_FOR), ..row(claim) };
        let transaction = self.core.store.write().await?;
        if idempotency_keys::claim(&transaction, row.clone(), now).await? {
            transaction.commit().await?;
            return Ok(KeyState::Claimed);
        }
        let known = idempotency_keys::find(&transaction, &row.credential, &row.key_hash).await?;
        match known {
            Some(known) if known.fingerprint != row.fingerprint => Ok(KeyState::UsedOtherwise),
            Some(IdempotencyKey { answer: Some(sealed), .. }) => open(claim, sealed).map(KeyState::Answered),
            // Asked anew, because whoever claimed it may have been waited for; and other machines have other clocks.
            Some(known) => {
                let held_for = known.expires_at.since(clock::now()).min(CLAIM_HELD_FOR);
                Ok(KeyState::InFlight { held_for })
            }
            // Given up in this moment, so that whoever asks again will find it free.
            None => Ok(KeyState::InFlight { held_for: Duration::ZERO }),
        }
    }

    async fn settle(&self, claim: &IdempotencyClaim, work: Work<'_>) -> Result<()> {
        let unit = UnitOfWork::default();
        let settled = match unit.run(work).await {
            Some(answer) => Box::pin(self.keep(claim, &answer, unit.take())).await.map(|()| true),
            None => Ok(false),
        };
        // Before the claim is given up, because it takes the place of the writer.
        drop(unit.take());
        if !matches!(settled, Ok(true)) {
            self.give_up(claim).await;
        }
        settled.map(drop)
    }
}

impl IdempotencyRecords {
    /// Commits what the work left to commit, if anything, together with its response.
    async fn keep(&self, claim: &IdempotencyClaim, answer: &StoredResponse, work: Option<Complete>) -> Result<()> {
        let sealed = seal(claim, answer)?;
        let work = match work {
            Some(work) => work,
            None => self.core.complete(self.core.store.write().await?, Vec::new(), Vec::new()),
        };
        let end = clock::now().plus(KEPT_FOR);
        if !idempotency_keys::answer(&work.transaction, &row(claim), sealed, end).await? {
            return Err(Error::unavailable("the idempotency key went to a later request"));
        }
        Box::pin(work.commit()).await
    }

    /// Gives a claim up, so that the same key can be tried again. What was answered all the same stays.
    async fn give_up(&self, claim: &IdempotencyClaim) {
        let given_up = async {
            let transaction = self.core.store.write().await?;
            idempotency_keys::abandon(&transaction, &row(claim)).await?;
            transaction.commit().await
        };
        if let Err(error) = given_up.await {
            tracing::warn!(error = ?error, "an idempotency key stays claimed until it expires: {error}");
        }
    }
}

fn row(claim: &IdempotencyClaim) -> IdempotencyKey {
    IdempotencyKey {
        credential: claim.credential.to_string(),
        key_hash: digest("kept", claim).to_vec(),
        fingerprint: claim.fingerprint.to_vec(),
        answer: None,
        expires_at: clock::now(),
    }
}

/// A hash of the key for one purpose, from which that for another cannot be told.
fn digest(purpose: &str, claim: &IdempotencyClaim) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in [purpose, &claim.credential, &claim.key] {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

fn sealing_key(claim: &IdempotencyClaim) -> Result<LessSafeKey> {
    let key = UnboundKey::new(&CHACHA20_POLY1305, &digest("sealed", claim));
    key.map(LessSafeKey::new).map_err(|_| Error::internal("a key of the wrong length"))
}

fn seal(claim: &IdempotencyClaim, answer: &StoredResponse) -> Result<Vec<u8>> {
    let form: Form = (answer.status, answer.headers.clone(), answer.body.to_vec());
    let mut text = rmp_serde::to_vec(&form).map_err(Error::internal)?;
    let mut nonce = [0; NONCE_LEN];
    rand::rng().fill_bytes(&mut nonce);
    let sealing = sealing_key(claim)?;
    let sealed =
        sealing.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(claim.fingerprint), &mut text);
    sealed.map_err(|_| Error::internal("a response could not be sealed"))?;
    Ok([nonce.as_slice(), &text].concat())
}

fn open(claim: &IdempotencyClaim, mut sealed: Vec<u8>) -> Result<StoredResponse> {
    let broken = || Error::internal("a kept response cannot be opened");
    let (nonce, text) = sealed.split_at_mut_checked(NONCE_LEN).ok_or_else(broken)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| broken())?;
    let text = sealing_key(claim)?.open_in_place(nonce, Aad::from(claim.fingerprint), text).map_err(|_| broken())?;
    let (status, headers, body): Form = rmp_serde::from_slice(text).map_err(Error::internal)?;
    Ok(StoredResponse { status, headers, body: Bytes::from(body) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(key: &str) -> IdempotencyClaim {
        IdempotencyClaim { credential: "key_1".into(), key: key.into(), fingerprint: [7; 32] }
    }

    #[test]
    fn an_answer_opens_with_its_own_key_alone() {
        let answer = StoredResponse {
            status: 201,
            headers: vec![("etag".into(), b"\"1\"".to_vec())],
            body: Bytes::from_static(b"a secret"),
        };
        let sealed = seal(&claim("a"), &answer).expect("a sealed answer");
        assert!(!sealed.windows(6).any(|window| window == b"secret"));
        assert_eq!(open(&claim("a"), sealed.clone()).expect("its own key"), answer);
        assert!(open(&claim("b"), sealed.clone()).is_err());
        assert!(open(&claim("a"), sealed[1..].to_vec()).is_err());
        assert!(open(&claim("a"), Vec::new()).is_err());
    }
}
