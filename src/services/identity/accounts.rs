//! All accounts of the instance, for those who run it.

use super::Identity;
use super::jobs::AccountMail;
use super::sessions::end_all_but;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::UserId;
use crate::infra::store::page::Page;
use crate::infra::store::users::{self, User};
use crate::infra::store::{Connection, mail_tokens, oauth_grants, sign_in_challenges, totp};
use crate::runtime::clock;
use crate::services::api_core::{Account, Action, By, Principal};

pub(super) const PASSWORD_CHANGED: Action<Account> =
    Action::new("account.password_changed", "A person changed their password; all other sessions ended.");
pub(super) const PASSWORD_RESET: Action<Account> =
    Action::new("account.password_reset", "A person chose a new password by a code from a mail; all sessions ended.");
pub(super) const EMAIL_VERIFIED: Action<Account> =
    Action::new("account.email_verified", "A person showed that mail to their address reaches them.");
pub(super) const EMAIL_CHANGED: Action<Account> =
    Action::new("account.email_changed", "A person confirmed another address for their account.");
pub(super) const SECOND_FACTOR_ENABLED: Action<Account> =
    Action::new("account.second_factor_enabled", "A person switched their second factor on.");
pub(super) const SECOND_FACTOR_DISABLED: Action<Account> =
    Action::new("account.second_factor_disabled", "A person switched their second factor off.");
pub(super) const RECOVERY_CODES_REPLACED: Action<Account> =
    Action::new("account.recovery_codes_replaced", "A person got new recovery codes.");
pub(super) const DISABLED: Action<Account> =
    Action::new("account.disabled", "An administrator keeps an account from being used.");
pub(super) const SECOND_FACTOR_RESET: Action<Account> = Action::new(
    "account.second_factor_reset",
    "An administrator took the second factor of a person away who has lost it; all their sessions ended.",
);
pub(super) const ENABLED: Action<Account> =
    Action::new("account.enabled", "An administrator lets an account be used again.");

/// The account of a person, with what other tables know of it.
pub(super) async fn account(connection: &impl Connection, user: User) -> Result<Account> {
    let confirmed = totp::confirmed_among(connection, vec![user.id]).await?;
    Ok(Account::of(user, !confirmed.is_empty()))
}

/// A part of an address to look for, as a request has it.
///
/// # Errors
/// `Invalid` for none at all or more than an address can hold.
pub(super) fn search_text(text: Option<&str>) -> Result<Option<&str>> {
    match text {
        Some(text) if !(1..=254).contains(&text.chars().count()) => {
            Err(Error::invalid_field("email", "invalid_length", "this has 1 to 254 characters"))
        }
        text => Ok(text),
    }
}

impl Identity {
    /// The person who asks, if they run this instance.
    ///
    /// # Errors
    /// `Forbidden` to everybody else.
    pub fn authorize_admin(&self, principal: &Principal) -> Result<UserId> {
        self.core.authorize_admin(principal)?;
        Ok(principal.session()?.0)
    }

    /// A page of all accounts, newest first; of those whose address holds `part`, in any case, if one is given.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn list_accounts(&self, part: Option<&str>, page: Page) -> Result<Vec<Account>> {
        let part = part.map(str::to_lowercase);
        let rows = users::list(self.store.reader(), part.as_deref(), page).await?;
        let confirmed = totp::confirmed_among(self.store.reader(), rows.iter().map(|row| row.id).collect()).await?;
        Ok(rows
            .into_iter()
            .map(|row| (confirmed.contains(&row.id), row))
            .map(|(is_on, row)| Account::of(row, is_on))
            .collect())
    }

    /// One account.
    ///
    /// # Errors
    /// `NotFound` if there is none.
    pub async fn find_account(&self, id: UserId) -> Result<Account> {
        let user = users::find(self.store.reader(), id).await?.ok_or_else(|| Error::not_found("account"))?;
        account(self.store.reader(), user).await
    }

    /// Keeps an account from being used: its sessions and the tokens of its programs end at once, and codes that were sent to it work no more. What its owner made
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
        let before = account(&transaction, user).await?;
        let after = Account { disabled_at: Some(since), ..before.clone() };
        users::set_disabled(&transaction, id, Some(since), now).await?;
        let mut recorded_actions = end_all_but(&transaction, id, None, By::person(admin)).await?;
        recorded_actions.push(DISABLED.edited(By::person(admin), &before, &after)?);
        sign_in_challenges::delete_of_user(&transaction, id).await?;
        mail_tokens::delete_of_user(&transaction, id).await?;
        oauth_grants::delete_of_user(&transaction, id).await?;
        self.commit(transaction, recorded_actions).await?;
        Ok(after)
    }

    /// Lets an account be used again. Its owner signs in anew.
    ///
    /// # Errors
    /// `NotFound` if there is none.
    pub async fn enable_account(&self, admin: UserId, id: UserId) -> Result<Account> {
        let transaction = self.store.write().await?;
        let user = users::lock(&transaction, id).await?.ok_or_else(|| Error::not_found("account"))?;
        let before = account(&transaction, user).await?;
        let after = Account { disabled_at: None, ..before.clone() };
        users::set_disabled(&transaction, id, None, clock::now()).await?;
        self.commit(transaction, vec![ENABLED.edited(By::person(admin), &before, &after)?]).await?;
        Ok(after)
    }

    /// Takes away the second factor of somebody who has lost the authenticator and the recovery codes. Their sessions and the tokens of
    /// their programs end at once, and they are told by mail: whoever asked for it in their name did not get it unnoticed.
    ///
    /// # Errors
    /// `NotFound` if there is no such account, or it has no second factor; `Conflict` if it is one's own, which is switched off with a
    /// password.
    pub async fn reset_second_factor(&self, admin: UserId, id: UserId) -> Result<Account> {
        if admin == id {
            let message =
                "This is your own account. Switch its second factor off with POST /v1/me/second-factor/disable.";
            return Err(Error::new(ErrorKind::Conflict, "own_account", message));
        }
        let transaction = self.store.write().await?;
        let user = users::lock(&transaction, id).await?.ok_or_else(|| Error::not_found("account"))?;
        let before = account(&transaction, user).await?;
        if !totp::delete(&transaction, id).await? {
            return Err(Error::not_found("second factor"));
        }
        let after = Account { second_factor_enabled: false, ..before.clone() };
        let mut recorded_actions = end_all_but(&transaction, id, None, By::person(admin)).await?;
        recorded_actions.push(SECOND_FACTOR_RESET.edited(By::person(admin), &before, &after)?);
        sign_in_challenges::delete_of_user(&transaction, id).await?;
        oauth_grants::delete_of_user(&transaction, id).await?;
        self.enqueue(&transaction, AccountMail::SecondFactorChanged { user_id: id, is_on: false }).await?;
        self.commit(transaction, recorded_actions).await?;
        Ok(after)
    }
}
