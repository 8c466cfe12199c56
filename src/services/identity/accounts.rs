//! All accounts of the instance, for those who run it.

use serde::Serialize;
use utoipa::ToSchema;

use super::Identity;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::UserId;
use crate::domain::time::Timestamp;
use crate::infra::store::page::Page;
use crate::infra::store::users::{self, User};
use crate::infra::store::{mail_tokens, sessions, sign_in_challenges};
use crate::runtime::clock;

/// An account, as those who run the instance see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Account {
    /// Its id.
    pub id: UserId,
    /// The address.
    pub email: String,
    /// Whether it was shown that mail to the address reaches its owner.
    pub email_verified: bool,
    /// What to call its owner; may be empty.
    pub name: String,
    /// Whether its owner runs this instance.
    pub is_admin: bool,
    /// Nobody signs in with it since this moment; `null` while it can be used.
    pub disabled_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl From<User> for Account {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            email: user.email,
            email_verified: user.email_verified_at.is_some(),
            name: user.name,
            is_admin: user.is_admin,
            disabled_at: user.disabled_at,
            created_at: user.created_at,
        }
    }
}

impl Identity {
    /// A page of all accounts, newest first; of those whose address holds `part`, in any case, if one is given.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn list_accounts(&self, part: Option<&str>, page: Page) -> Result<Vec<Account>> {
        let part = part.map(str::to_lowercase);
        let rows = users::list(self.store.reader(), part.as_deref(), page).await?;
        Ok(rows.into_iter().map(Account::from).collect())
    }

    /// One account.
    ///
    /// # Errors
    /// `NotFound` if there is none.
    pub async fn find_account(&self, id: UserId) -> Result<Account> {
        let user = users::find(self.store.reader(), id).await?;
        user.map(Account::from).ok_or_else(|| Error::not_found("account"))
    }

    /// Keeps an account from being used: its sessions end at once, and codes that were sent to it work no more. What its owner made
    /// stays, API keys of workspaces among it.
    ///
    /// # Errors
    /// `NotFound` if there is none; `Conflict` if it is one's own, so that somebody is always left who can undo it.
    pub async fn disable_account(&self, admin: UserId, id: UserId) -> Result<Account> {
        if admin == id {
            let message = "Nobody disables their own account. Ask another administrator.";
            return Err(Error::new(ErrorKind::Conflict, "own_account", message));
        }
        let transaction = self.store.write().await?;
        let user = users::lock(&transaction, id).await?.ok_or_else(|| Error::not_found("account"))?;
        let now = clock::now();
        let since = user.disabled_at.unwrap_or(now);
        users::set_disabled(&transaction, id, Some(since), now).await?;
        sessions::delete_all_but(&transaction, id, None).await?;
        sign_in_challenges::delete_of_user(&transaction, id).await?;
        mail_tokens::delete_of_user(&transaction, id).await?;
        transaction.commit().await?;
        Ok(Account { disabled_at: Some(since), ..user.into() })
    }

    /// Lets an account be used again. Its owner signs in anew.
    ///
    /// # Errors
    /// `NotFound` if there is none.
    pub async fn enable_account(&self, id: UserId) -> Result<Account> {
        let transaction = self.store.write().await?;
        let user = users::lock(&transaction, id).await?.ok_or_else(|| Error::not_found("account"))?;
        users::set_disabled(&transaction, id, None, clock::now()).await?;
        transaction.commit().await?;
        Ok(Account { disabled_at: None, ..user.into() })
    }
}
