//! From who somebody is to a provider to their account here.
//!
//! Invariants: the subject that the issuer calls a person by decides, and no address that may pass to somebody else; an address leads to
//! an account only if the provider verified it, the operator named its domain as the provider's, and the account's own owner has
//! shown that it is theirs; no account is made for an address that nobody verified.

use super::Identity;
use super::identities::{ExternalIdentity, LINKED};
use super::providers::{Admission, Provider};
use super::sign_in::require_enabled;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::{IdentityId, UserId};
use crate::infra::identity_provider::IdToken;
use crate::infra::store::external_identities::{self, ExternalIdentity as Row};
use crate::infra::store::users::{self, User};
use crate::infra::store::{Transaction, mail_tokens};
use crate::runtime::clock;
use crate::services::api_core::{Account, By, FieldErrors, REGISTERED, RecordedAction};

/// The longest name that is taken over, in characters.
const NAME_LENGTH_MAX: usize = 100;

/// Somebody as a provider describes them.
#[derive(Debug, Clone)]
pub(super) struct ExternalPerson {
    /// What the operator calls the provider.
    pub(super) provider: String,
    /// What the provider calls itself.
    pub(super) issuer: String,
    /// What it calls the person.
    pub(super) subject: String,
    /// Their address.
    pub(super) email: Option<String>,
    /// Whether the provider made sure that it is theirs.
    pub(super) is_email_verified: bool,
    /// What to call them.
    pub(super) name: Option<String>,
}

impl ExternalPerson {
    /// As the ID token of a provider describes them.
    pub(super) fn of(provider: &Provider, token: &IdToken) -> Self {
        Self {
            provider: provider.issuer.name().to_owned(),
            issuer: provider.issuer.issuer().to_owned(),
            subject: token.sub.clone(),
            email: token.email.clone(),
            is_email_verified: token.email_verified,
            name: token.name.clone(),
        }
    }

    /// The address, if the provider answers for it and mail can be sent there.
    fn verified_email(&self) -> Option<&str> {
        let email = self.email.as_deref().filter(|_| self.is_email_verified)?;
        let mut errors = FieldErrors::default();
        let is_clean = errors.email("/email", email) == email;
        (is_clean && errors.is_empty()).then_some(email)
    }

    /// The name, fit to be shown.
    fn printable_name(&self) -> String {
        let name = self.name.as_deref().unwrap_or_default().trim();
        name.chars().filter(|character| !character.is_control()).take(NAME_LENGTH_MAX).collect()
    }

    pub(super) fn row(&self, user_id: UserId) -> Row {
        let now = clock::now();
        Row {
            id: IdentityId::new(),
            user_id,
            provider: self.provider.clone(),
            issuer: self.issuer.clone(),
            subject: self.subject.clone(),
            email: self.verified_email().unwrap_or_default().to_owned(),
            created_at: now,
            last_used_at: now,
        }
    }
}

impl Identity {
    /// The account of somebody whom a provider describes: theirs already, that of their address, or a new one. Locked in this
    /// transaction; with what was done to have it.
    ///
    /// # Errors
    /// `Forbidden` if they may not come in, or not through this provider, or the account is disabled; `Conflict` if their address has
    /// an account that is not shown to be theirs.
    pub(super) async fn admit(
        &self,
        transaction: &Transaction,
        admission: &Admission,
        person: &ExternalPerson,
    ) -> Result<(User, Vec<RecordedAction>)> {
        require_domain(admission, person)?;
        if let Some(known) = external_identities::find_by_subject(transaction, &person.issuer, &person.subject).await? {
            let user = users::lock(transaction, known.user_id).await?.ok_or_else(no_account)?;
            require_enabled(&user)?;
            self.require_provider_allowed(&user, &person.provider)?;
            let used = Row { id: known.id, ..person.row(user.id) };
            external_identities::note_use(transaction, &used).await?;
            return Ok((user, Vec::new()));
        }
        let email = person.verified_email().ok_or_else(email_not_verified)?;
        let (user, mut recorded_actions) = match users::find_by_email(transaction, &email.to_lowercase()).await? {
            Some(user) => (of_address(transaction, admission, &user, email).await?, Vec::new()),
            None if admission.create_accounts => new_account(transaction, email, person).await?,
            None => return Err(no_account()),
        };
        self.require_provider_allowed(&user, &person.provider)?;
        let row = person.row(user.id);
        if !external_identities::insert(transaction, row.clone()).await? {
            return Err(again());
        }
        recorded_actions.push(LINKED.made(By::person(user.id), &ExternalIdentity::from(row))?);
        Ok((user, recorded_actions))
    }
}

/// Looked at with every sign-in, so that whoever has left the domain is out.
pub(super) fn require_domain(admission: &Admission, person: &ExternalPerson) -> Result<()> {
    if admission.domains.is_empty() {
        return Ok(());
    }
    let email = person.verified_email().ok_or_else(email_not_verified)?;
    if admission.binds(email) {
        return Ok(());
    }
    let message = format!(
        "{} lets in only people with an address of certain domains, and yours is none of them.",
        person.provider
    );
    Err(Error::new(ErrorKind::Forbidden, "domain_not_allowed", message))
}

/// The account that has the address already.
async fn of_address(transaction: &Transaction, admission: &Admission, user: &User, email: &str) -> Result<User> {
    let user = users::lock(transaction, user.id).await?.ok_or_else(again)?;
    // An account whose owner never showed that the address is theirs may be somebody else's trap for whoever comes later.
    if !admission.binds(email) || user.email_verified_at.is_none() || user.email_key != email.to_lowercase() {
        let message = "This address has an account already, which cannot be shown to be yours in this way. Sign in with its password.";
        return Err(Error::new(ErrorKind::Conflict, "account_exists", message));
    }
    require_enabled(&user)?;
    Ok(user)
}

async fn new_account(
    transaction: &Transaction,
    email: &str,
    person: &ExternalPerson,
) -> Result<(User, Vec<RecordedAction>)> {
    let now = clock::now();
    let user = User {
        id: UserId::new(),
        email: email.to_owned(),
        email_key: email.to_lowercase(),
        name: person.printable_name(),
        password_hash: String::new(),
        is_admin: false,
        email_verified_at: Some(now),
        disabled_at: None,
        credentials_version: 0,
        created_at: now,
        updated_at: now,
    };
    if !users::insert(transaction, user.clone()).await? {
        return Err(again());
    }
    mail_tokens::delete_of_address(transaction, &user.email_key).await?;
    let registered = REGISTERED.made(By::person(user.id), &Account::of(user.clone(), false))?;
    Ok((user, vec![registered]))
}

fn email_not_verified() -> Error {
    let message = "The identity provider tells no address that it has verified. Verify your address there, or sign in with a password.";
    Error::new(ErrorKind::Forbidden, "email_not_verified", message)
}

fn no_account() -> Error {
    let message = "You have no account here, and this provider makes none. Ask a member of a workspace to invite you.";
    Error::new(ErrorKind::Forbidden, "account_needed", message)
}

pub(super) fn again() -> Error {
    Error::new(ErrorKind::Conflict, "account_changed", "The account changed in this moment. Sign in once more.")
}
