//! Changing one's password.

use std::net::IpAddr;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use utoipa::ToSchema;

use super::Identity;
use super::accounts::{PASSWORD_CHANGED, account};
use super::jobs::AccountMail;
use super::sessions::IssuedSession;
use super::sign_in::unchanged;
use crate::domain::error::Result;
use crate::domain::id::{SessionId, UserId};
use crate::infra::store::{mail_tokens, sign_in_challenges, users};
use crate::runtime::clock;
use crate::services::api_core::{By, FieldErrors};

/// A new password, and proof of the present one.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    /// The present password.
    #[schema(value_type = String, max_length = 128, format = "password", example = "correct horse battery")]
    pub password: SecretString,
    /// The new one, 10 to 128 characters.
    #[schema(value_type = String, min_length = 10, max_length = 128, format = "password", example = "staple correct horse")]
    pub new_password: SecretString,
}

impl Identity {
    /// Gives a person another password. All other sessions end, and so do codes that were sent before.
    ///
    /// # Errors
    /// `Forbidden` if the present password is wrong; `Invalid` if the new one is too short or too long; `RateLimited` after too many
    /// attempts.
    pub async fn change_password(
        &self,
        (person, session): (UserId, SessionId),
        change: PasswordChange,
        address: Option<IpAddr>,
    ) -> Result<IssuedSession> {
        let mut errors = FieldErrors::default();
        errors.password("/new_password", change.new_password.expose_secret());
        errors.into_result()?;
        let user = self.prove_password(person, change.password, address).await?;
        let password_hash = self.passwords.hash(change.new_password).await?;
        let transaction = self.store.write().await?;
        let user = unchanged(&transaction, &user).await?;
        users::set_password(&transaction, person, password_hash, clock::now()).await?;
        mail_tokens::delete_of_user(&transaction, person).await?;
        sign_in_challenges::delete_of_user(&transaction, person).await?;
        let account = account(&transaction, user.clone()).await?;
        let (issued, mut recorded_actions) = self.renew_session(&transaction, user, session).await?;
        recorded_actions.push(PASSWORD_CHANGED.edited(By::person(person), &account, &account)?);
        self.enqueue(&transaction, AccountMail::PasswordChanged { user_id: person }).await?;
        self.commit(transaction, recorded_actions).await?;
        Ok(issued)
    }
}
