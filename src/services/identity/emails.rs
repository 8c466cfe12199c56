//! The address of an account: showing that it is right, and changing it.

use std::net::IpAddr;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Identity;
use super::accounts::{EMAIL_CHANGED, EMAIL_VERIFIED, account};
use super::jobs::AccountMail;
use super::password_reset::{invalid_code, take_code};
use super::sign_in::require_enabled;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::UserId;
use crate::domain::mail_token::MailTokenPurpose;
use crate::infra::store::Transaction;
use crate::infra::store::mail_tokens::{self, MailToken};
use crate::infra::store::users;
use crate::runtime::clock;
use crate::services::api_core::{Account, By, FieldErrors};

/// Another address for an account.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmailChange {
    /// The new address.
    #[schema(min_length = 3, max_length = 254, format = "email", example = "ada@example.org")]
    pub email: String,
    /// The present password of the account.
    #[schema(value_type = String, max_length = 128, format = "password", example = "correct horse battery")]
    pub password: SecretString,
}

/// A code from a mail.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmEmail {
    /// The code.
    #[schema(value_type = String, max_length = 100, example = "verify_Ab3dE5gH7jK9mN2pQ4sT6vW8yZ1bC3dF5hJ7lM9oP0q")]
    pub code: SecretString,
}

/// What a code from a mail has confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ConfirmedEmail {
    /// The address of the account from now on.
    #[schema(format = "email", example = "ada@example.com")]
    pub email: String,
}

impl Identity {
    /// Has a code sent to a person's address, unless it is known to be right.
    ///
    /// # Errors
    /// `RateLimited` after too many requests.
    pub async fn request_verification(&self, person: UserId, address: Option<IpAddr>) -> Result<()> {
        let user = users::find(self.store.reader(), person).await?.ok_or_else(|| Error::not_found("account"))?;
        self.count_attempt(&self.attempts.verifications, &user.email_key, address).await?;
        let transaction = self.store.write().await?;
        let mail = AccountMail::VerifyEmail { user_id: person, credentials_version: user.credentials_version };
        self.enqueue(&transaction, mail).await?;
        self.commit(transaction, Vec::new()).await
    }

    /// Has a code sent to a new address. The account keeps its own until the code is confirmed, and another password ends the request.
    ///
    /// # Errors
    /// `Forbidden` if the password is wrong, or the new address is none of the provider's through which alone the person signs in;
    /// `Invalid` if it can be no address; `RateLimited` after too many requests.
    pub async fn request_email_change(
        &self,
        person: UserId,
        change: EmailChange,
        address: Option<IpAddr>,
    ) -> Result<()> {
        let mut errors = FieldErrors::default();
        let email = errors.email("/email", &change.email);
        errors.into_result()?;
        let user = self.prove_password(person, change.password, address).await?;
        self.require_change_allowed(&user, &email)?;
        self.count_attempt(&self.attempts.email_changes, &email.to_lowercase(), address).await?;
        let transaction = self.store.write().await?;
        let credentials_version = user.credentials_version;
        self.enqueue(&transaction, AccountMail::ChangeEmail { user_id: person, email, credentials_version }).await?;
        self.commit(transaction, Vec::new()).await
    }

    /// Takes a code that was sent to an address: it is right, or it is the account's from now on. Whoever has the code needs no
    /// session, because mail is often read elsewhere.
    ///
    /// # Errors
    /// `Forbidden` if the code does not work (any more), the account is disabled, or it is bound to its domain; `Conflict` if the
    /// address has got an account in the meantime.
    pub async fn confirm_email(&self, request: ConfirmEmail, address: Option<IpAddr>) -> Result<ConfirmedEmail> {
        self.attempts.passwords.take_from_address(address).await?;
        let is_change = request.code.expose_secret().trim().starts_with(MailTokenPurpose::ChangeEmail.prefix());
        let purpose = if is_change { MailTokenPurpose::ChangeEmail } else { MailTokenPurpose::VerifyEmail };
        let transaction = self.store.write().await?;
        let token = take_code(&transaction, purpose, &request.code).await?;
        let person = token.user_id.ok_or_else(invalid_code)?;
        let user = users::lock(&transaction, person).await?.ok_or_else(invalid_code)?;
        require_enabled(&user)?;
        if is_change {
            // The operator may have bound the domain since it was asked for.
            self.require_change_allowed(&user, &token.email)?;
        }
        let email = token.email.clone();
        let before = account(&transaction, user).await?;
        let after = Account { email: email.clone(), email_verified: true, ..before.clone() };
        let action = match purpose {
            MailTokenPurpose::ChangeEmail => {
                self.change_email(&transaction, &before, &token).await?;
                &EMAIL_CHANGED
            }
            _ if before.email.to_lowercase() == token.email_key => {
                users::set_verified(&transaction, person, clock::now()).await?;
                &EMAIL_VERIFIED
            }
            _ => return Err(invalid_code()),
        };
        let recorded_action = action.edited(By::person(person), &before, &after)?;
        self.commit(transaction, vec![recorded_action]).await?;
        Ok(ConfirmedEmail { email })
    }

    /// Codes that went to the old address work no more, so that whoever reads mail there cannot take the account back.
    async fn change_email(&self, transaction: &Transaction, user: &Account, token: &MailToken) -> Result<()> {
        if !users::set_email(transaction, user.id, &token.email, clock::now()).await? {
            let message = "This address has another account already.";
            return Err(Error::new(ErrorKind::Conflict, "email_taken", message));
        }
        mail_tokens::delete_of_user(transaction, user.id).await?;
        mail_tokens::delete_of_address(transaction, &token.email_key).await?;
        let told = AccountMail::EmailChanged { email: user.email.clone(), new_email: token.email.clone() };
        self.enqueue(transaction, told).await
    }
}
