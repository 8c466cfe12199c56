//! Who belongs to a workspace, and as what.
//!
//! Invariants: a workspace always has an owner who can sign in, as far as its members decide; only owners name, change and remove
//! owners. Both are decided while the workspace is locked, by what whoever acts is at that moment. Keys and invitations of a person
//! who is no longer a member go with them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ApiCore;
use super::api_keys::REVOKED as KEY_REVOKED;
use super::invitations::REVOKED as INVITATION_REVOKED;
use super::principal::Access;
use super::recorded_action::{Action, By, Recorded, RecordedAction};
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::{UserId, WorkspaceId};
use crate::domain::role::Role;
use crate::domain::time::Timestamp;
use crate::infra::store::page::Page;
use crate::infra::store::users::{self, User};
use crate::infra::store::workspaces::{self, Membership};
use crate::infra::store::{Transaction, api_keys, invitations};

pub(super) const JOINED: Action<Member> =
    Action::new("member.joined", "A person accepted an invitation, or an identity provider gave them a role.");
pub(super) const ROLE_CHANGED: Action<Member> = Action::new("member.role_changed", "A member has another role.");
pub(super) const REMOVED: Action<Member> =
    Action::new("member.removed", "A person left a workspace, or was removed from it.");

/// A person in a workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Member {
    /// Who.
    pub user_id: UserId,
    /// Their address.
    pub email: String,
    /// What to call them; may be empty.
    pub name: String,
    /// As what they belong to the workspace.
    pub role: Role,
    /// Since when.
    pub created_at: Timestamp,
}

/// An edit of a member.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberPatch {
    /// As what they shall belong to the workspace.
    pub role: Role,
}

/// Whose a workspace shall be.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TransferDraft {
    /// The member who becomes an owner.
    pub user_id: UserId,
}

impl Recorded for Member {
    fn subject(&self) -> String {
        self.user_id.to_string()
    }
}

impl From<(Membership, User)> for Member {
    fn from((membership, user): (Membership, User)) -> Self {
        Self {
            user_id: user.id,
            email: user.email,
            name: user.name,
            role: membership.role,
            created_at: membership.created_at,
        }
    }
}

impl ApiCore {
    /// A page of the members of a workspace, newest first.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn list_members(&self, access: &Access, page: Page) -> Result<Vec<Member>> {
        let rows = workspaces::list_members(self.store.reader(), access.workspace_id(), page).await?;
        Ok(rows.into_iter().map(Member::from).collect())
    }

    /// One member.
    ///
    /// # Errors
    /// `NotFound` if the workspace has no such member.
    pub async fn find_member(&self, access: &Access, id: UserId) -> Result<Member> {
        let row = workspaces::find_member(self.store.reader(), access.workspace_id(), id).await?;
        row.map(Member::from).ok_or_else(no_such_member)
    }

    /// Gives a member another role.
    ///
    /// # Errors
    /// `NotFound` if the workspace has no such member; `Forbidden` to others than owners where an owner is concerned; `Conflict`
    /// if no owner would be left who can sign in, or the new owner cannot, or owns too many workspaces.
    pub async fn update_member(&self, access: &Access, id: UserId, patch: &MemberPatch) -> Result<Member> {
        let transaction = self.store.write().await?;
        let acting = lock_people(&transaction, access).await?;
        let member = member(&transaction, access, id).await?;
        require_right_to_manage(acting, member.role)?;
        require_right_to_manage(acting, patch.role)?;
        if member.role == patch.role {
            return Ok(member);
        }
        require_other_owner(&transaction, access, &member).await?;
        if patch.role == Role::Owner {
            require_enabled(&transaction, id).await?;
            self.require_room_for_workspace(&transaction, id).await?;
        }
        let changed = set_role(&transaction, access, &member, patch.role).await?;
        self.commit(transaction, vec![ROLE_CHANGED.edited(access.by(), &member, &changed)?], Vec::new()).await?;
        Ok(changed)
    }

    /// Takes a member out of the workspace, with their keys and the invitations that they sent.
    ///
    /// # Errors
    /// `NotFound` if the workspace has no such member; `Forbidden` to others than owners where an owner is concerned; `Conflict`
    /// if no owner would be left who can sign in.
    pub async fn remove_member(&self, access: &Access, id: UserId) -> Result<()> {
        let transaction = self.store.write().await?;
        let acting = lock_people(&transaction, access).await?;
        let member = member(&transaction, access, id).await?;
        require_right_to_manage(acting, member.role)?;
        self.take_out(transaction, access, &member).await
    }

    /// Takes whoever asks out of the workspace.
    ///
    /// # Errors
    /// `Conflict` to the last owner.
    pub async fn leave_workspace(&self, access: &Access) -> Result<()> {
        let transaction = self.store.write().await?;
        lock_people(&transaction, access).await?;
        let person = access.user_id().ok_or_else(no_such_member)?;
        let member = member(&transaction, access, person).await?;
        self.take_out(transaction, access, &member).await
    }

    /// Makes another member an owner, and the owner who asks an admin.
    ///
    /// # Errors
    /// `NotFound` if the workspace has no such member; `Conflict` if the account of the new owner is disabled, or owns too many
    /// workspaces.
    pub async fn transfer_workspace(&self, access: &Access, draft: &TransferDraft) -> Result<Member> {
        let transaction = self.store.write().await?;
        let acting = lock_people(&transaction, access).await?;
        require_right_to_manage(acting, Role::Owner)?;
        let person = access.user_id().ok_or_else(no_such_member)?;
        if person == draft.user_id {
            let message = "this is you; name another member";
            return Err(Error::invalid_field("/user_id", "same_person", message));
        }
        let owner = member(&transaction, access, person).await?;
        let next = member(&transaction, access, draft.user_id).await?;
        require_enabled(&transaction, next.user_id).await?;
        let mut recorded_actions = Vec::with_capacity(2);
        if next.role != Role::Owner {
            self.require_room_for_workspace(&transaction, next.user_id).await?;
            let changed = set_role(&transaction, access, &next, Role::Owner).await?;
            recorded_actions.push(ROLE_CHANGED.edited(access.by(), &next, &changed)?);
        }
        let changed = set_role(&transaction, access, &owner, Role::Admin).await?;
        recorded_actions.push(ROLE_CHANGED.edited(access.by(), &owner, &changed)?);
        self.commit(transaction, recorded_actions, Vec::new()).await?;
        Ok(Member { role: Role::Owner, ..next })
    }

    async fn take_out(&self, transaction: Transaction, access: &Access, member: &Member) -> Result<()> {
        require_other_owner(&transaction, access, member).await?;
        let recorded_actions = end_membership(&transaction, access.workspace_id(), access.by(), member).await?;
        self.commit(transaction, recorded_actions, Vec::new()).await
    }
}

/// Takes a member out, with their keys and the invitations that they sent. The workspace is locked, and has another owner.
pub(super) async fn end_membership(
    transaction: &Transaction,
    workspace: WorkspaceId,
    by: By,
    member: &Member,
) -> Result<Vec<RecordedAction>> {
    let mut recorded_actions = vec![REMOVED.removed(by, member)?];
    for key in api_keys::lock_made_by(transaction, workspace, member.user_id).await? {
        api_keys::delete(transaction, workspace, key.id).await?;
        recorded_actions.push(KEY_REVOKED.removed(by, &key.into())?);
    }
    for invitation in invitations::take_made_by(transaction, workspace, member.user_id).await? {
        recorded_actions.push(INVITATION_REVOKED.removed(by, &invitation.into())?);
    }
    workspaces::delete_member(transaction, workspace, member.user_id).await?;
    Ok(recorded_actions)
}

async fn set_role(transaction: &Transaction, access: &Access, member: &Member, role: Role) -> Result<Member> {
    workspaces::set_role(transaction, access.workspace_id(), member.user_id, role).await?;
    Ok(Member { role, ..member.clone() })
}

/// Locks the workspace for a change of its people, and says what whoever acts is there at this moment.
pub(super) async fn lock_people(transaction: &Transaction, access: &Access) -> Result<Role> {
    let not_found = || Error::not_found("workspace");
    workspaces::lock(transaction, access.workspace_id()).await?.ok_or_else(not_found)?;
    let person = access.user_id().ok_or_else(not_found)?;
    let found = workspaces::find_member(transaction, access.workspace_id(), person).await?;
    found.map(|(membership, _)| membership.role).ok_or_else(not_found)
}

async fn member(transaction: &Transaction, access: &Access, id: UserId) -> Result<Member> {
    let row = workspaces::find_member(transaction, access.workspace_id(), id).await?;
    row.map(Member::from).ok_or_else(no_such_member)
}

/// Refuses whoever may not give this role to somebody, or take it away.
pub(super) fn require_right_to_manage(acting: Role, role: Role) -> Result<()> {
    if acting.may_manage(role) {
        return Ok(());
    }
    let message = "Only an owner makes somebody an owner, and changes or removes owners.";
    Err(Error::new(ErrorKind::Forbidden, "owner_required", message))
}

/// Refuses to take the role of an owner away where no other owner can sign in.
async fn require_other_owner(transaction: &Transaction, access: &Access, member: &Member) -> Result<()> {
    let is_owner = member.role == Role::Owner;
    if !is_owner || workspaces::has_owner_besides(transaction, access.workspace_id(), member.user_id).await? {
        return Ok(());
    }
    let message =
        "This is the last owner of the workspace. Make another member an owner first, or delete the workspace.";
    Err(Error::new(ErrorKind::Conflict, "last_owner", message))
}

/// Refuses to make somebody an owner who cannot sign in.
async fn require_enabled(transaction: &Transaction, person: UserId) -> Result<()> {
    let user = users::find(transaction, person).await?.ok_or_else(no_such_member)?;
    if user.disabled_at.is_none() {
        return Ok(());
    }
    let message = "The account of this member is disabled, and nobody could sign in to own the workspace. Name another member, or \
                   have an administrator of the instance enable the account first.";
    Err(Error::new(ErrorKind::Conflict, "account_disabled", message))
}

fn no_such_member() -> Error {
    Error::not_found("member")
}
