//! Invitations as the invited see them: whoever holds the secret of the mail.
//!
//! Invariants: an invitation is accepted once, by the person of the address that it was sent to; whoever sent it must still be
//! somebody who may give its role.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ApiCore;
use super::accounts::{Account, REGISTERED};
use super::field_errors::FieldErrors;
use super::invitations::no_such_invitation;
use super::members::JOINED;
use super::recorded_action::By;
use super::text_validation::{Lines, NAME_LENGTH_MAX};
use super::tokens::{Token, TokenKind};
use super::workspaces::Workspace;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::UserId;
use crate::domain::role::Role;
use crate::domain::time::Timestamp;
use crate::infra::store::Transaction;
use crate::infra::store::invitations::{self, Invitation as Row};
use crate::infra::store::users::{self, User};
use crate::infra::store::workspaces::{self, Membership, Workspace as WorkspaceRow};
use crate::runtime::clock;

/// The most members of one workspace.
pub(super) const MEMBERS_MAX: u64 = 5_000;

/// Which invitation.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InvitationToken {
    /// The secret of the mail.
    #[schema(value_type = String, max_length = 100, example = "invitation_Ab3dE5gH7jK9mN2pQ4sT6vW8yZ1bC3dF5hJ7lM9oP0q")]
    pub token: SecretString,
}

/// What an invitation is for.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct InvitationView {
    /// The name of the workspace.
    pub workspace_name: String,
    /// Who is invited.
    pub email: String,
    /// As what.
    pub role: Role,
    /// Cannot be accepted from this moment on.
    pub expires_at: Timestamp,
    /// Whether the address has an account: whoever has one signs in to accept, the others choose a name and a password.
    pub has_account: bool,
}

/// The acceptance of an invitation.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Acceptance {
    /// The secret of the mail.
    #[schema(value_type = String, max_length = 100, example = "invitation_Ab3dE5gH7jK9mN2pQ4sT6vW8yZ1bC3dF5hJ7lM9oP0q")]
    pub token: SecretString,
    /// What to call the new person. Only for who has no account yet.
    #[serde(default)]
    #[schema(nullable = false, min_length = 1, max_length = 100, example = "Grace Hopper")]
    pub name: Option<String>,
    /// The password of the new account, 10 to 128 characters. Only for who has no account yet.
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false, min_length = 10, max_length = 128, format = "password", example = "correct horse battery")]
    pub password: Option<SecretString>,
}

/// What became of an acceptance.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Joined {
    /// Who joined.
    pub user_id: UserId,
    /// Their address, with which they sign in.
    pub email: String,
    /// As what.
    pub role: Role,
    /// Whether an account was made for them.
    pub is_new_account: bool,
    /// What they joined.
    pub workspace: Workspace,
}

/// Somebody who joins.
struct Person {
    user: User,
    is_new: bool,
}

impl ApiCore {
    /// Says what an invitation is for.
    ///
    /// # Errors
    /// `NotFound` if no invitation has this secret, or none any more.
    pub async fn show_invitation(&self, token: &InvitationToken) -> Result<InvitationView> {
        let row = self.open_invitation(&token.token).await?;
        let workspace = workspaces::find(self.store.reader(), row.workspace_id).await?;
        let workspace = workspace.filter(is_in_use).ok_or_else(no_such_invitation)?;
        let account = users::find_by_email(self.store.reader(), &row.email_key).await?;
        Ok(InvitationView {
            workspace_name: workspace.name,
            email: row.email,
            role: row.role,
            expires_at: row.expires_at,
            has_account: account.is_some(),
        })
    }

    /// Accepts an invitation, as the person who is signed in or as a new one.
    ///
    /// # Errors
    /// `NotFound` if no invitation has this secret, or none any more; `Forbidden` to a person of another address; `Unauthenticated` if
    /// the address has an account and nobody is signed in; `Conflict` for members.
    pub async fn accept_invitation(&self, signed_in: Option<UserId>, acceptance: Acceptance) -> Result<Joined> {
        let row = self.open_invitation(&acceptance.token).await?;
        let person = match signed_in {
            Some(id) => self.person_of(id, &row, &acceptance).await?,
            None => self.new_person(&row, acceptance).await?,
        };
        let transaction = self.store.write().await?;
        let workspace = workspaces::lock(&transaction, row.workspace_id).await?;
        let workspace = workspace.filter(is_in_use).ok_or_else(no_such_invitation)?;
        // Looked up again, because it may have been accepted, revoked or sent anew since.
        let row = invitations::find_by_token(&transaction, &row.token_hash).await?.ok_or_else(no_such_invitation)?;
        require_good_inviter(&transaction, &row).await?;
        invitations::delete(&transaction, row.workspace_id, row.id).await?;
        if person.is_new && !users::insert(&transaction, person.user.clone()).await? {
            return Err(sign_in_first());
        }
        let membership = self.join(&transaction, &row, person.user.id).await?;
        let by = By::person(person.user.id).within(row.workspace_id);
        let recorded_action = JOINED.made(by, &(membership, person.user.clone()).into())?;
        let registered = if person.is_new {
            let account = Account::of(person.user.clone(), false);
            Some(REGISTERED.made(By::person(person.user.id), &account)?)
        } else {
            None
        };
        let recorded_actions = registered.into_iter().chain([recorded_action]).collect();
        self.commit(transaction, recorded_actions, Vec::new()).await?;
        Ok(Joined {
            user_id: person.user.id,
            email: person.user.email,
            role: row.role,
            is_new_account: person.is_new,
            workspace: workspace.into(),
        })
    }

    /// The invitation that has this secret and has not expired.
    async fn open_invitation(&self, secret: &SecretString) -> Result<Row> {
        let token = Token::parse(secret.expose_secret()).filter(|token| token.kind() == TokenKind::Invitation);
        let token = token.ok_or_else(no_such_invitation)?;
        let row = invitations::find_by_token(self.store.reader(), &token.hash()).await?;
        let is_open = |row: &Row| token.matches(&row.token_hash) && clock::now() < row.expires_at;
        row.filter(is_open).ok_or_else(no_such_invitation)
    }

    async fn person_of(&self, id: UserId, row: &Row, acceptance: &Acceptance) -> Result<Person> {
        let mut errors = FieldErrors::default();
        for (pointer, is_there) in [("/name", acceptance.name.is_some()), ("/password", acceptance.password.is_some())]
        {
            if is_there {
                errors.add(
                    pointer,
                    "not_expected",
                    "you are signed in, and keep the account that you have; leave this out",
                );
            }
        }
        errors.into_result()?;
        let user = users::find(self.store.reader(), id).await?.ok_or_else(|| Error::not_found("account"))?;
        if user.email_key != row.email_key {
            let message = "This invitation is for another address. Sign in with the account of that address.";
            return Err(Error::new(ErrorKind::Forbidden, "other_address", message));
        }
        Ok(Person { user, is_new: false })
    }

    /// An account to be. Its address needs no verification: the secret was sent there.
    async fn new_person(&self, row: &Row, acceptance: Acceptance) -> Result<Person> {
        if users::find_by_email(self.store.reader(), &row.email_key).await?.is_some() {
            return Err(sign_in_first());
        }
        if let Some(foreign) = &self.foreign {
            foreign.require_passwords_allowed_for(&row.email_key)?;
        }
        let mut errors = FieldErrors::default();
        let name = acceptance.name.unwrap_or_default();
        let name = errors.text("/name", &name, (1, NAME_LENGTH_MAX), Lines::One);
        let password = acceptance.password.unwrap_or_default();
        errors.password("/password", password.expose_secret());
        errors.into_result()?;
        let password_hash = self.passwords.hash(password).await?;
        let now = clock::now();
        let user = User {
            id: UserId::new(),
            email: row.email.clone(),
            email_key: row.email_key.clone(),
            name,
            password_hash,
            is_admin: false,
            email_verified_at: Some(now),
            disabled_at: None,
            credentials_version: 0,
            created_at: now,
            updated_at: now,
        };
        Ok(Person { user, is_new: true })
    }

    async fn join(&self, transaction: &Transaction, row: &Row, user_id: UserId) -> Result<Membership> {
        if workspaces::find_member(transaction, row.workspace_id, user_id).await?.is_some() {
            return Err(Error::new(
                ErrorKind::Conflict,
                "already_member",
                "You are a member of this workspace already.",
            ));
        }
        if workspaces::count_members(transaction, row.workspace_id).await? >= MEMBERS_MAX {
            let message = format!("A workspace has at most {MEMBERS_MAX} members.");
            return Err(Error::new(ErrorKind::Conflict, "too_many_members", message));
        }
        if row.role == Role::Owner {
            self.require_room_for_workspace(transaction, user_id).await?;
        }
        let membership =
            Membership { workspace_id: row.workspace_id, user_id, role: row.role, created_at: clock::now() };
        workspaces::insert_member(transaction, membership.clone()).await?;
        Ok(membership)
    }
}

fn is_in_use(workspace: &WorkspaceRow) -> bool {
    workspace.deleted_at.is_none()
}

/// Refuses an invitation of somebody who could not send it any more, also because the account was disabled.
async fn require_good_inviter(transaction: &Transaction, row: &Row) -> Result<()> {
    let inviter = row.invited_by.ok_or_else(no_such_invitation)?;
    let inviter = workspaces::find_member(transaction, row.workspace_id, inviter).await?;
    let may_invite =
        inviter.is_some_and(|(membership, user)| user.disabled_at.is_none() && membership.role.may_manage(row.role));
    if may_invite { Ok(()) } else { Err(no_such_invitation()) }
}

fn sign_in_first() -> Error {
    let message = "This address has an account. Sign in with it, and accept the invitation then.";
    Error::new(ErrorKind::Unauthenticated, "sign_in_required", message)
}
