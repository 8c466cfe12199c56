//! Invitations to a workspace, as its members see them. What the invited see is in [`super::invitation_acceptance`].
//!
//! Invariants: the secret of an invitation is in its mail and nowhere else, and holds once, for one address and for seven days; a
//! workspace has one invitation for an address; nobody invites to a role that they may not give.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ApiCore;
use super::field_errors::FieldErrors;
use super::jobs::SendInvitation;
use super::members::{lock_people, require_right_to_manage};
use super::principal::Access;
use super::recorded_action::{Action, Recorded, RecordedAction};
use super::tokens::{Token, TokenKind};
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::{InvitationId, UserId};
use crate::domain::role::Role;
use crate::domain::time::Timestamp;
use crate::infra::jobs::{NewJob, enqueue};
use crate::infra::mail::Address;
use crate::infra::store::invitations::{self, Invitation as Row};
use crate::infra::store::page::Page;
use crate::infra::store::{Connection, Transaction, users, workspaces};
use crate::runtime::clock;

pub(super) const INVITED: Action<Invitation> = Action::new("member.invited", "Somebody was invited to a workspace.");
pub(super) const RESENT: Action<Invitation> =
    Action::new("invitation.resent", "An invitation was sent again, with a new secret.");
pub(super) const REVOKED: Action<Invitation> = Action::new("invitation.revoked", "An invitation was taken back.");

/// How long an invitation holds.
pub(super) const LIFETIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// The most invitations of one workspace that nobody has accepted yet.
const INVITATIONS_MAX: u64 = 1_000;

/// An invitation that nobody has accepted yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// Who is invited.
    pub email: String,
    /// As what.
    pub role: Role,
    /// Who invited them.
    pub invited_by: Option<UserId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last sent.
    pub sent_at: Timestamp,
    /// Cannot be accepted from this moment on.
    pub expires_at: Timestamp,
}

/// An invitation to be.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InvitationDraft {
    /// Who is invited.
    #[schema(min_length = 3, max_length = 254, format = "email", example = "grace@example.com")]
    pub email: String,
    /// As what. Only owners invite owners.
    pub role: Role,
}

impl Recorded for Invitation {
    fn subject(&self) -> String {
        self.id.to_string()
    }
}

impl From<Row> for Invitation {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            email: row.email,
            role: row.role,
            invited_by: row.invited_by,
            created_at: row.created_at,
            sent_at: row.sent_at,
            expires_at: row.expires_at,
        }
    }
}

impl ApiCore {
    /// Invites somebody, by mail.
    ///
    /// # Errors
    /// `Forbidden` to others than owners for an owner; `Conflict` if the address is a member's, is invited already, or there are too many
    /// invitations; `RateLimited` if there were too many of late.
    pub async fn create_invitation(&self, access: &Access, draft: InvitationDraft) -> Result<Invitation> {
        let mut errors = FieldErrors::default();
        let email = errors.email("/email", &draft.email);
        if email.parse::<Address>().is_err() {
            errors.add("/email", "invalid_email", "no mail can be sent to this address");
        }
        errors.into_result()?;
        let email_key = email.to_lowercase();
        // What would be refused sends nothing, and so counts for nobody.
        require_right_at_first_sight(access, draft.role)?;
        require_stranger(self.store.reader(), access, &email_key).await?;
        self.require_not_invited(access, &email_key).await?;
        self.count_invitation(access, &email_key).await?;

        let transaction = self.store.write().await?;
        let acting = lock_people(&transaction, access).await?;
        require_right_to_manage(acting, draft.role)?;
        require_stranger(&transaction, access, &email_key).await?;
        forget_expired(&transaction, access, &email_key).await?;
        if invitations::count(&transaction, access.workspace_id()).await? >= INVITATIONS_MAX {
            let message = format!("A workspace has at most {INVITATIONS_MAX} open invitations. Revoke one first.");
            return Err(Error::new(ErrorKind::Conflict, "too_many_invitations", message));
        }
        let now = clock::now();
        let row = Row {
            id: InvitationId::new(),
            workspace_id: access.workspace_id(),
            email,
            email_key,
            role: draft.role,
            token_hash: unknown_secret(),
            invited_by: access.user_id(),
            created_at: now,
            sent_at: now,
            expires_at: now.plus(LIFETIME),
        };
        if !invitations::insert(&transaction, row.clone()).await? {
            return Err(already_invited());
        }
        let recorded_action = INVITED.made(access.by(), &row.clone().into())?;
        self.send(transaction, row, recorded_action).await
    }

    /// A page of the invitations that nobody has accepted yet, newest first; those that have expired are among them.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn list_invitations(&self, access: &Access, page: Page) -> Result<Vec<Invitation>> {
        let rows = invitations::list(self.store.reader(), access.workspace_id(), page).await?;
        Ok(rows.into_iter().map(Invitation::from).collect())
    }

    /// One invitation.
    ///
    /// # Errors
    /// `NotFound` if the workspace has no such invitation.
    pub async fn find_invitation(&self, access: &Access, id: InvitationId) -> Result<Invitation> {
        let row = invitations::find(self.store.reader(), access.workspace_id(), id).await?;
        row.map(Invitation::from).ok_or_else(no_such_invitation)
    }

    /// Sends an invitation again, with a new secret and for another seven days. The secret of the mail before holds no longer.
    ///
    /// # Errors
    /// `NotFound` if the workspace has no such invitation; `Forbidden` to others than owners for an owner; `RateLimited` if there were too
    /// many of late.
    pub async fn resend_invitation(&self, access: &Access, id: InvitationId) -> Result<Invitation> {
        let known = self.find_invitation(access, id).await?;
        require_right_at_first_sight(access, known.role)?;
        self.count_invitation(access, &known.email.to_lowercase()).await?;
        let transaction = self.store.write().await?;
        let acting = lock_people(&transaction, access).await?;
        let row = invitations::find(&transaction, access.workspace_id(), id).await?.ok_or_else(no_such_invitation)?;
        require_right_to_manage(acting, row.role)?;
        let now = clock::now();
        let before = Invitation::from(row.clone());
        let row = Row {
            token_hash: unknown_secret(),
            invited_by: access.user_id(),
            sent_at: now,
            expires_at: now.plus(LIFETIME),
            ..row
        };
        invitations::update(&transaction, row.clone()).await?;
        let recorded_action = RESENT.edited(access.by(), &before, &row.clone().into())?;
        self.send(transaction, row, recorded_action).await
    }

    /// Takes an invitation back.
    ///
    /// # Errors
    /// `NotFound` if the workspace has no such invitation; `Forbidden` to others than owners for an owner.
    pub async fn revoke_invitation(&self, access: &Access, id: InvitationId) -> Result<()> {
        let transaction = self.store.write().await?;
        let acting = lock_people(&transaction, access).await?;
        let row = invitations::find(&transaction, access.workspace_id(), id).await?.ok_or_else(no_such_invitation)?;
        require_right_to_manage(acting, row.role)?;
        invitations::delete(&transaction, access.workspace_id(), id).await?;
        self.commit(transaction, vec![REVOKED.removed(access.by(), &row.into())?], Vec::new()).await
    }

    async fn require_not_invited(&self, access: &Access, email_key: &str) -> Result<()> {
        let known = invitations::find_for(self.store.reader(), access.workspace_id(), email_key).await?;
        if known.is_some_and(|known| clock::now() < known.expires_at) { Err(already_invited()) } else { Ok(()) }
    }

    /// Commits, with the job that sends the mail.
    async fn send(&self, transaction: Transaction, row: Row, recorded_action: RecordedAction) -> Result<Invitation> {
        let sent_at = Some(row.sent_at);
        let job = SendInvitation { workspace_id: row.workspace_id, invitation_id: row.id, sent_at };
        enqueue(&transaction, NewJob::of(&job)?).await?;
        self.commit(transaction, vec![recorded_action], Vec::new()).await?;
        Ok(row.into())
    }
}

/// Refuses the address of a member.
async fn require_stranger(connection: &impl Connection, access: &Access, email_key: &str) -> Result<()> {
    let Some(user) = users::find_by_email(connection, email_key).await? else { return Ok(()) };
    if workspaces::find_member(connection, access.workspace_id(), user.id).await?.is_none() {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Conflict, "already_member", "Somebody with this address is a member already."))
}

/// As far as it is known before the workspace is locked, when it is asked again.
fn require_right_at_first_sight(access: &Access, role: Role) -> Result<()> {
    access.actor.person().map_or(Ok(()), |(_, acting)| require_right_to_manage(acting, role))
}

fn already_invited() -> Error {
    let message = "This address is invited already. Send the invitation again, or revoke it.";
    Error::new(ErrorKind::Conflict, "already_invited", message)
}

/// An invitation that has expired is in the way of no new one.
async fn forget_expired(transaction: &Transaction, access: &Access, email_key: &str) -> Result<()> {
    let known = invitations::find_for(transaction, access.workspace_id(), email_key).await?;
    match known.filter(|known| known.expires_at <= clock::now()) {
        Some(expired) => invitations::delete(transaction, access.workspace_id(), expired.id).await.map(drop),
        None => Ok(()),
    }
}

/// What is kept of a secret that nobody has: until the mail is made, nothing accepts the invitation.
fn unknown_secret() -> Vec<u8> {
    Token::random(TokenKind::Invitation).hash()
}

pub(super) fn no_such_invitation() -> Error {
    let message = "There is no such invitation. It may have expired, or been accepted or revoked; ask for another.";
    Error::new(ErrorKind::NotFound, "not_found", message)
}
