//! The first administrator, whom nobody can invite.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ApiCore;
use super::field_errors::FieldErrors;
use super::recorded_action::{Action, By, Recorded};
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::UserId;
use crate::domain::time::Timestamp;
use crate::infra::store::setup_tokens;
use crate::infra::store::users::{self, User};
use crate::runtime::clock;

pub(super) const BOOTSTRAPPED: Action<NewAccount> =
    Action::new("instance.bootstrapped", "The first administrator was made.");

/// The first administrator to be.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BootstrapDraft {
    /// Their address, with which they sign in.
    #[schema(min_length = 3, max_length = 254, format = "email", example = "ada@example.com")]
    pub email: String,
    /// Their password, 10 to 128 characters.
    #[schema(value_type = String, min_length = 10, max_length = 128, format = "password", example = "correct horse battery")]
    pub password: SecretString,
}

/// An account that was just made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct NewAccount {
    /// Its id.
    pub id: UserId,
    /// Its address.
    pub email: String,
    /// When it was made.
    pub created_at: Timestamp,
}

impl NewAccount {
    pub(super) fn of(user: &User) -> Self {
        Self { id: user.id, email: user.email.clone(), created_at: user.created_at }
    }
}

impl Recorded for NewAccount {
    fn subject(&self) -> String {
        self.id.to_string()
    }
}

impl ApiCore {
    /// Whether the first administrator was made.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn is_bootstrapped(&self) -> Result<bool> {
        users::is_bootstrapped(self.store.reader()).await
    }

    /// Makes the first administrator, once.
    ///
    /// # Errors
    /// `Conflict` for ever after; `Invalid` with every field that is wrong.
    pub async fn bootstrap(&self, draft: BootstrapDraft) -> Result<NewAccount> {
        // Asked first, so that nobody can make this instance hash passwords for nothing.
        if self.is_bootstrapped().await? {
            return Err(already_bootstrapped());
        }
        let user = self.first_user(draft, String::new(), FieldErrors::default()).await?;
        let account = NewAccount::of(&user);
        let transaction = self.store.write().await?;
        if !users::claim_bootstrap(&transaction, user.created_at).await? || !users::insert(&transaction, user).await? {
            return Err(already_bootstrapped());
        }
        setup_tokens::delete_all(&transaction).await?;
        self.commit(transaction, vec![BOOTSTRAPPED.made(By::person(account.id), &account)?], Vec::new()).await?;
        Ok(account)
    }

    /// The administrator of this draft, with whatever else is wrong in `errors`.
    pub(super) async fn first_user(
        &self,
        draft: BootstrapDraft,
        name: String,
        mut errors: FieldErrors,
    ) -> Result<User> {
        let email = errors.email("/email", &draft.email);
        errors.password("/password", draft.password.expose_secret());
        errors.into_result()?;
        let password_hash = self.passwords.hash(draft.password).await?;
        let now = clock::now();
        Ok(User {
            id: UserId::new(),
            email_key: email.to_lowercase(),
            email,
            name,
            password_hash,
            is_admin: true,
            email_verified_at: None,
            disabled_at: None,
            credentials_version: 0,
            created_at: now,
            updated_at: now,
        })
    }
}

pub(super) fn already_bootstrapped() -> Error {
    Error::new(ErrorKind::Conflict, "already_bootstrapped", "The first administrator was made already.")
}
