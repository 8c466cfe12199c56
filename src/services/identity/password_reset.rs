//! A new password for whoever has forgotten theirs, by a code that is sent to the account's address.

use std::net::IpAddr;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use utoipa::ToSchema;

use super::Identity;
use super::accounts::{PASSWORD_RESET, account};
use super::jobs::AccountMail;
use super::one_time_token::OneTimeToken;
use super::refusals::refused_field;
use super::sessions::end_all_but;
use super::sign_in::require_enabled;
use crate::domain::error::{Error, Result};
use crate::domain::mail_token::MailTokenPurpose;
use crate::infra::store::mail_tokens::{self, MailToken};
use crate::infra::store::{Connection, oauth_grants, sign_in_challenges, users};
use crate::runtime::clock;
use crate::services::api_core::{Account, By, FieldErrors};

/// Who has forgotten their password.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResetRequest {
    /// The address of the account, in any case.
    #[schema(min_length = 3, max_length = 254, format = "email", example = "ada@example.com")]
    pub email: String,
}

/// A new password, by a code from a mail.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPassword {
    /// The code.
    #[schema(value_type = String, max_length = 100, example = "reset_Ab3dE5gH7jK9mN2pQ4sT6vW8yZ1bC3dF5hJ7lM9oP0q")]
    pub code: SecretString,
    /// The new password, 10 to 128 characters.
    #[schema(value_type = String, min_length = 10, max_length = 128, format = "password", example = "staple correct horse")]
    pub new_password: SecretString,
}

impl Identity {
    /// Has a code sent to an address, if it has an account. The work is the same if it has none.
    ///
    /// # Errors
    /// `Invalid` if it can be no address; `RateLimited` after too many requests.
    pub async fn request_reset(&self, request: ResetRequest, address: Option<IpAddr>) -> Result<()> {
        let mut errors = FieldErrors::default();
        let email_key = errors.email("/email", &request.email).to_lowercase();
        errors.into_result()?;
        self.count_attempt(&self.attempts.resets, &email_key, address).await?;
        let user = users::find_by_email(self.store.reader(), &email_key).await?;
        let credentials_version = user.map_or(0, |user| user.credentials_version);
        let transaction = self.store.write().await?;
        self.enqueue(&transaction, AccountMail::ResetPassword { email_key, credentials_version }).await?;
        self.commit(transaction, Vec::new()).await
    }

    /// Gives the account another password. Every session of it ends; the second factor stays.
    ///
    /// # Errors
    /// `Forbidden` if the code does not work (any more), or the account is disabled; `Invalid` if the password is too short or
    /// too long.
    pub async fn reset_password(&self, request: NewPassword, address: Option<IpAddr>) -> Result<()> {
        let mut errors = FieldErrors::default();
        errors.password("/new_password", request.new_password.expose_secret());
        errors.into_result()?;
        self.attempts.passwords.take_from_address(address).await?;
        // Looked for first, so that nobody can make this instance hash passwords for nothing.
        let purpose = MailTokenPurpose::ResetPassword;
        find_code(self.store.reader(), purpose, &request.code).await?;
        let password_hash = self.passwords.hash(request.new_password).await?;

        let transaction = self.store.write().await?;
        let token = take_code(&transaction, purpose, &request.code).await?;
        let person = token.user_id.ok_or_else(invalid_code)?;
        let user = users::lock(&transaction, person).await?.ok_or_else(invalid_code)?;
        require_enabled(&user)?;
        if user.email_key != token.email_key {
            return Err(invalid_code());
        }
        let now = clock::now();
        users::set_password(&transaction, person, password_hash, now).await?;
        users::set_verified(&transaction, person, now).await?;
        mail_tokens::delete_of_user(&transaction, person).await?;
        sign_in_challenges::delete_of_user(&transaction, person).await?;
        let before = account(&transaction, user).await?;
        let after = Account { email_verified: true, ..before.clone() };
        oauth_grants::delete_of_user(&transaction, person).await?;
        let mut recorded_actions = end_all_but(&transaction, person, None, By::person(person)).await?;
        recorded_actions.push(PASSWORD_RESET.edited(By::person(person), &before, &after)?);
        self.enqueue(&transaction, AccountMail::PasswordChanged { user_id: person }).await?;
        self.commit(transaction, recorded_actions).await
    }
}

/// What a code from a mail stands for.
///
/// # Errors
/// `Forbidden` if it does not hold for this purpose, or not any more.
pub(super) async fn find_code(
    connection: &impl Connection,
    purpose: MailTokenPurpose,
    code: &SecretString,
) -> Result<MailToken> {
    let token = OneTimeToken::parse(code, purpose.prefix()).ok_or_else(invalid_code)?;
    let found = mail_tokens::find(connection, purpose, &token.hash()).await?;
    found.filter(|found| clock::now() < found.expires_at).ok_or_else(invalid_code)
}

/// The same, which works no second time once the transaction is committed.
///
/// # Errors
/// `Forbidden` if it does not hold for this purpose, or not any more.
pub(super) async fn take_code(
    connection: &impl Connection,
    purpose: MailTokenPurpose,
    code: &SecretString,
) -> Result<MailToken> {
    let found = find_code(connection, purpose, code).await?;
    if mail_tokens::take(connection, &found.token_hash).await? { Ok(found) } else { Err(invalid_code()) }
}

pub(super) fn invalid_code() -> Error {
    refused_field("/code", "invalid_code", "This code does not work, or not any more. Ask for a new one.")
}
