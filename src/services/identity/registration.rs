//! Making an account without an invitation, where the operator allows it. The address is shown to be one's own before there is an
//! account, so that nobody makes one for another, and so that a response never tells whether an address has one.

use std::net::IpAddr;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use utoipa::ToSchema;

use super::Identity;
use super::jobs::AccountMail;
use super::password_reset::{find_code, take_code};
use super::sessions::IssuedSession;
use super::sign_in::Client;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::UserId;
use crate::domain::mail_token::MailTokenPurpose;
use crate::infra::store::mail_tokens;
use crate::infra::store::users::{self, User};
use crate::runtime::clock;
use crate::services::api_core::{Account, By, FieldErrors, REGISTERED};

/// Who wants an account.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegistrationRequest {
    /// The address that the account shall have.
    #[schema(min_length = 3, max_length = 254, format = "email", example = "ada@example.com")]
    pub email: String,
}

/// An account to be, for the address that the code was sent to.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegistrationDraft {
    /// The code.
    #[schema(value_type = String, max_length = 100, example = "register_Ab3dE5gH7jK9mN2pQ4sT6vW8yZ1bC3dF5hJ7lM9oP0q")]
    pub code: SecretString,
    /// What to call the person.
    #[schema(min_length = 1, max_length = 100, example = "Ada Lovelace")]
    pub name: String,
    /// The password, 10 to 128 characters.
    #[schema(value_type = String, min_length = 10, max_length = 128, format = "password", example = "correct horse battery")]
    pub password: SecretString,
    /// Whether the session goes into a cookie that no script can read, for browsers, and not into the response.
    #[serde(default)]
    pub cookie: bool,
}

impl Identity {
    /// Has a code sent to an address, or word that it has an account.
    ///
    /// # Errors
    /// `Forbidden` where people are invited; `Invalid` if it can be no address; `RateLimited` after too many requests.
    pub async fn request_registration(&self, request: RegistrationRequest, address: Option<IpAddr>) -> Result<()> {
        self.require_open_registration()?;
        let mut errors = FieldErrors::default();
        let email = errors.email("/email", &request.email);
        errors.into_result()?;
        self.require_passwords_allowed_for(&email.to_lowercase())?;
        self.count_attempt(&self.attempts.registrations, &email.to_lowercase(), address).await?;
        let transaction = self.store.write().await?;
        self.enqueue(&transaction, AccountMail::Register { email }).await?;
        self.commit(transaction, Vec::new()).await
    }

    /// Makes the account and signs its owner in.
    ///
    /// # Errors
    /// `Forbidden` where people are invited, or if the code does not work (any more); `Invalid` if a field is wrong; `Conflict` if the
    /// address has got an account in the meantime.
    pub async fn register(&self, draft: RegistrationDraft, client: Client) -> Result<IssuedSession> {
        self.require_open_registration()?;
        let mut errors = FieldErrors::default();
        let name = errors.name("/name", &draft.name);
        errors.password("/password", draft.password.expose_secret());
        errors.into_result()?;
        self.attempts.passwords.take_from_address(client.address).await?;
        // Looked for first, so that nobody can make this instance hash passwords for nothing.
        find_code(self.store.reader(), MailTokenPurpose::Register, &draft.code).await?;
        let password_hash = self.passwords.hash(draft.password).await?;

        let transaction = self.store.write().await?;
        let token = take_code(&transaction, MailTokenPurpose::Register, &draft.code).await?;
        self.require_passwords_allowed_for(&token.email_key)?;
        let now = clock::now();
        let user = User {
            id: UserId::new(),
            email_key: token.email_key.clone(),
            email: token.email,
            name,
            password_hash,
            is_admin: false,
            email_verified_at: Some(now),
            disabled_at: None,
            credentials_version: 0,
            created_at: now,
            updated_at: now,
        };
        if !users::insert(&transaction, user.clone()).await? {
            let message = "This address has an account already. Sign in with it.";
            return Err(Error::new(ErrorKind::Conflict, "email_taken", message));
        }
        mail_tokens::delete_of_address(&transaction, &token.email_key).await?;
        let registered = REGISTERED.made(By::person(user.id), &Account::of(user.clone(), false))?;
        let (issued, started) = self.begin_session(&transaction, user, &client).await?;
        self.commit(transaction, vec![registered, started]).await?;
        Ok(issued)
    }

    /// Whether anybody may make an account.
    #[must_use]
    pub fn has_open_registration(&self) -> bool {
        self.settings.open_registration
    }

    fn require_open_registration(&self) -> Result<()> {
        if self.settings.open_registration {
            return Ok(());
        }
        let message = "Nobody can register here without an invitation. Ask a member of a workspace to invite you.";
        Err(Error::new(ErrorKind::Forbidden, "registration_closed", message))
    }
}
