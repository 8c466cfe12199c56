//! The second factor: enrolling an authenticator, switching it off, and recovery codes.
//!
//! Invariant: a code of the authenticator works once, and so do those before it.

use std::net::IpAddr;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Identity;
use super::accounts::{RECOVERY_CODES_REPLACED, SECOND_FACTOR_DISABLED, SECOND_FACTOR_ENABLED, account};
use super::authenticator::Authenticator;
use super::jobs::AccountMail;
use super::recovery_codes;
use super::refusals::refused_field;
use super::second_factor_sign_in::WRONG_CODE;
use super::sessions::IssuedSession;
use super::sign_in::unchanged;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::{SessionId, UserId};
use crate::domain::time::Timestamp;
use crate::infra::store::Transaction;
use crate::infra::store::totp::{self, Totp};
use crate::infra::store::users;
use crate::runtime::clock;
use crate::services::api_core::{Account, By};

/// Whether sign-in asks for a second factor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SecondFactor {
    /// Whether it does.
    pub enabled: bool,
    /// Since when.
    pub enabled_at: Option<Timestamp>,
    /// How many recovery codes are left.
    pub recovery_codes_left: u64,
}

/// The password once more.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordProof {
    /// The present password of the account.
    #[schema(value_type = String, max_length = 128, format = "password", example = "correct horse battery")]
    pub password: SecretString,
}

/// What an authenticator needs. It is shown this once.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Enrolment {
    /// The secret, for typing: base32.
    #[schema(example = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")]
    pub secret: String,
    /// The same as an address, for a QR code.
    #[schema(example = "otpauth://totp/Elido:ada%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Elido")]
    pub otpauth_url: String,
}

/// The first code of a new authenticator.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SecondFactorCode {
    /// The six digits that the authenticator shows.
    #[schema(value_type = String, max_length = 20, example = "123456")]
    pub code: SecretString,
}

/// Codes that take the place of the authenticator, each of them once. They are shown this once.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RecoveryCodes {
    /// The codes.
    #[schema(min_items = 10, max_items = 10, example = json!([
        "7hkq2-m3xwp", "nasdu-rzvsp", "yj2vg-tz9p3", "x75dh-w9ek5", "m92s8-fa7yw",
        "te7tu-46nng", "662w2-8t8z7", "w7bcz-8kxqp", "87zzr-8zzxe", "b2df7-y6a4c",
    ]))]
    pub recovery_codes: Vec<String>,
}

/// What somebody proves the second factor with.
pub(super) enum Proof {
    Code(SecretString),
    RecoveryCode(SecretString),
}

impl Proof {
    /// One of the two.
    pub(super) fn of(code: Option<SecretString>, recovery_code: Option<SecretString>) -> Result<Self> {
        match (code, recovery_code) {
            (Some(code), None) => Ok(Self::Code(code)),
            (None, Some(code)) => Ok(Self::RecoveryCode(code)),
            _ => Err(Error::invalid_field("/code", "one_of_two", "send either code or recovery_code")),
        }
    }
}

impl Identity {
    /// Whether a person has a second factor.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn find_second_factor(&self, person: UserId) -> Result<SecondFactor> {
        let enabled_at = totp::find(self.store.reader(), person).await?.and_then(|factor| factor.confirmed_at);
        let recovery_codes_left = totp::count_recovery_codes(self.store.reader(), person).await?;
        Ok(SecondFactor { enabled: enabled_at.is_some(), enabled_at, recovery_codes_left })
    }

    /// Gives a person a secret for their authenticator. Nothing changes until its first code is confirmed.
    ///
    /// # Errors
    /// `Forbidden` if the password is wrong; `Conflict` if there is a second factor already.
    pub async fn begin_enrolment(
        &self,
        person: UserId,
        proof: PasswordProof,
        address: Option<IpAddr>,
    ) -> Result<Enrolment> {
        let user = self.prove_password(person, proof.password, address).await?;
        let authenticator = Authenticator::random();
        let factor = Totp {
            user_id: person,
            sealed_secret: self.sealing.seal(&sealed_for(person), authenticator.secret())?,
            confirmed_at: None,
            last_step: 0,
            created_at: clock::now(),
        };
        let transaction = self.store.write().await?;
        users::lock(&transaction, person).await?;
        if !totp::begin(&transaction, factor).await? {
            let message = "There is a second factor already. Switch it off to enrol another one.";
            return Err(Error::new(ErrorKind::Conflict, "second_factor_enabled", message));
        }
        self.commit(transaction, Vec::new()).await?;
        Ok(Enrolment {
            secret: authenticator.in_base32().expose_secret().to_owned(),
            otpauth_url: authenticator.url(&self.settings.public_url, &user.email)?.expose_secret().to_owned(),
        })
    }

    /// Switches the second factor on, once the authenticator shows right codes. All other sessions end.
    ///
    /// # Errors
    /// `Conflict` if none is being enrolled; `Forbidden` if the code is wrong; `RateLimited` after too many codes.
    pub async fn confirm_enrolment(
        &self,
        (person, session): (UserId, SessionId),
        code: SecondFactorCode,
        address: Option<IpAddr>,
    ) -> Result<(RecoveryCodes, IssuedSession)> {
        let user = users::find(self.store.reader(), person).await?.ok_or_else(|| Error::not_found("account"))?;
        self.count_attempt(&self.attempts.codes, &user.email_key, address).await?;
        let transaction = self.store.write().await?;
        let user = users::lock(&transaction, person).await?.ok_or_else(|| Error::not_found("account"))?;
        let factor = totp::find(&transaction, person).await?.filter(|factor| factor.confirmed_at.is_none());
        let factor = factor.ok_or_else(|| {
            let message = "No authenticator is being enrolled. Begin with POST /v1/me/second-factor.";
            Error::new(ErrorKind::Conflict, "no_enrolment", message)
        })?;
        if !self.use_code(&transaction, factor, &code.code).await? {
            return Err(refused_field("/code", "wrong_code", WRONG_CODE));
        }
        totp::confirm(&transaction, person, clock::now()).await?;
        let codes = self.new_recovery_codes(&transaction, person).await?;
        let after = account(&transaction, user.clone()).await?;
        let before = Account { second_factor_enabled: false, ..after.clone() };
        let (issued, mut recorded_actions) = self.renew_session(&transaction, user, session).await?;
        recorded_actions.push(SECOND_FACTOR_ENABLED.edited(By::person(person), &before, &after)?);
        self.enqueue(&transaction, AccountMail::SecondFactorChanged { user_id: person, is_on: true }).await?;
        self.commit(transaction, recorded_actions).await?;
        Ok((codes, issued))
    }

    /// Switches the second factor off. All other sessions end.
    ///
    /// # Errors
    /// `Forbidden` if the password is wrong; `NotFound` if there is none.
    pub async fn disable_second_factor(
        &self,
        (person, session): (UserId, SessionId),
        proof: PasswordProof,
        address: Option<IpAddr>,
    ) -> Result<IssuedSession> {
        let user = self.prove_password(person, proof.password, address).await?;
        let transaction = self.store.write().await?;
        let user = unchanged(&transaction, &user).await?;
        if !totp::delete(&transaction, person).await? {
            return Err(Error::not_found("second factor"));
        }
        let after = account(&transaction, user.clone()).await?;
        let before = Account { second_factor_enabled: true, ..after.clone() };
        let (issued, mut recorded_actions) = self.renew_session(&transaction, user, session).await?;
        recorded_actions.push(SECOND_FACTOR_DISABLED.edited(By::person(person), &before, &after)?);
        self.enqueue(&transaction, AccountMail::SecondFactorChanged { user_id: person, is_on: false }).await?;
        self.commit(transaction, recorded_actions).await?;
        Ok(issued)
    }

    /// Gives a person new recovery codes in the place of the old ones.
    ///
    /// # Errors
    /// `Forbidden` if the password is wrong; `NotFound` if there is no second factor.
    pub async fn replace_recovery_codes(
        &self,
        person: UserId,
        proof: PasswordProof,
        address: Option<IpAddr>,
    ) -> Result<RecoveryCodes> {
        let user = self.prove_password(person, proof.password, address).await?;
        let transaction = self.store.write().await?;
        let user = unchanged(&transaction, &user).await?;
        let factor = totp::find(&transaction, person).await?.filter(|factor| factor.confirmed_at.is_some());
        factor.ok_or_else(|| Error::not_found("second factor"))?;
        let codes = self.new_recovery_codes(&transaction, person).await?;
        let account = account(&transaction, user).await?;
        let recorded_action = RECOVERY_CODES_REPLACED.edited(By::person(person), &account, &account)?;
        self.commit(transaction, vec![recorded_action]).await?;
        Ok(codes)
    }

    /// Whether this proves the confirmed second factor of a person. It does so once.
    pub(super) async fn is_right(&self, transaction: &Transaction, person: UserId, proof: &Proof) -> Result<bool> {
        let factor = totp::find(transaction, person).await?.filter(|factor| factor.confirmed_at.is_some());
        let Some(factor) = factor else { return Ok(false) };
        match proof {
            Proof::Code(code) => self.use_code(transaction, factor, code).await,
            Proof::RecoveryCode(code) => {
                let hash = self.hashed(person, code.expose_secret());
                totp::take_recovery_code(transaction, person, &hash).await
            }
        }
    }

    async fn use_code(&self, transaction: &Transaction, factor: Totp, code: &SecretString) -> Result<bool> {
        let secret = self.sealing.open(&sealed_for(factor.user_id), factor.sealed_secret)?;
        match Authenticator::from_secret(secret).step_of(code.expose_secret(), clock::now())? {
            Some(step) => totp::use_step(transaction, factor.user_id, step).await,
            None => Ok(false),
        }
    }

    async fn new_recovery_codes(&self, transaction: &Transaction, person: UserId) -> Result<RecoveryCodes> {
        let recovery_codes = recovery_codes::random();
        let hashes = recovery_codes.iter().map(|code| self.hashed(person, code)).collect();
        totp::replace_recovery_codes(transaction, person, hashes).await?;
        Ok(RecoveryCodes { recovery_codes })
    }

    fn hashed(&self, person: UserId, recovery_code: &str) -> Vec<u8> {
        self.sealing.hash(&format!("recovery code of {person}"), &recovery_codes::canonical(recovery_code))
    }
}

fn sealed_for(person: UserId) -> String {
    format!("second factor of {person}")
}
