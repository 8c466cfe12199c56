//! Roles in workspaces that an identity provider gives.
//!
//! Invariant: a provider changes and takes away only memberships that it gave, and none of an owner; so nobody who was invited loses
//! anything, and a workspace keeps its owners.

use super::ApiCore;
use super::invitation_acceptance::MEMBERS_MAX;
use super::members::{JOINED, Member, ROLE_CHANGED, end_membership};
use super::recorded_action::{By, RecordedAction};
use crate::domain::error::Result;
use crate::domain::id::WorkspaceId;
use crate::domain::role::Role;
use crate::infra::store::Transaction;
use crate::infra::store::provided_memberships::{self, ProvidedMembership};
use crate::infra::store::users::User;
use crate::infra::store::workspaces::{self, Membership};
use crate::runtime::clock;

/// What a provider says of a person in one workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProviderRole {
    /// Where.
    pub workspace: WorkspaceId,
    /// As what; `None` for nothing any more.
    pub role: Option<Role>,
}

impl ApiCore {
    /// Gives a person these roles, in the transaction of their sign-in.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn provide_roles(
        &self,
        transaction: &Transaction,
        user: &User,
        provider: &str,
        mut roles: Vec<ProviderRole>,
    ) -> Result<Vec<RecordedAction>> {
        // In one order, so that no two transactions wait for each other.
        roles.sort_by_key(|provided| provided.workspace);
        let mut recorded_actions = Vec::new();
        for provided in roles {
            recorded_actions.extend(provide(transaction, user, provider, provided).await?);
        }
        Ok(recorded_actions)
    }
}

async fn provide(
    transaction: &Transaction,
    user: &User,
    provider: &str,
    provided: ProviderRole,
) -> Result<Vec<RecordedAction>> {
    let workspace = provided.workspace;
    let is_in_use = workspaces::lock(transaction, workspace).await?.is_some_and(|row| row.deleted_at.is_none());
    if !is_in_use {
        tracing::warn!(%workspace, provider, "an identity provider gives a role in an unknown workspace");
        return Ok(Vec::new());
    }
    let by = By::instance().within(workspace);
    let present = workspaces::find_member(transaction, workspace, user.id).await?.map(Member::from);
    let Some(present) = present else {
        return match provided.role {
            Some(role) => join(transaction, user, provider, (workspace, role)).await,
            None => Ok(Vec::new()),
        };
    };
    let mark = provided_memberships::find(transaction, workspace, user.id).await?;
    if mark.is_none_or(|mark| mark.provider != provider) || present.role == Role::Owner {
        return Ok(Vec::new());
    }
    match provided.role {
        Some(role) if role == present.role => Ok(Vec::new()),
        Some(role) => {
            workspaces::set_role(transaction, workspace, user.id, role).await?;
            Ok(vec![ROLE_CHANGED.edited(by, &present, &Member { role, ..present.clone() })?])
        }
        None => end_membership(transaction, workspace, by, &present).await,
    }
}

async fn join(
    transaction: &Transaction,
    user: &User,
    provider: &str,
    (workspace_id, role): (WorkspaceId, Role),
) -> Result<Vec<RecordedAction>> {
    if workspaces::count_members(transaction, workspace_id).await? >= MEMBERS_MAX {
        tracing::warn!(workspace = %workspace_id, provider, "a workspace has reached its member limit; an identity provider lets in one more");
        return Ok(Vec::new());
    }
    let membership = Membership { workspace_id, user_id: user.id, role, created_at: clock::now() };
    workspaces::insert_member(transaction, membership.clone()).await?;
    let mark = ProvidedMembership { workspace_id, user_id: user.id, provider: provider.to_owned() };
    provided_memberships::insert(transaction, mark).await?;
    let by = By::instance().within(workspace_id);
    Ok(vec![JOINED.made(by, &(membership, user.clone()).into())?])
}
