//! Workspaces, members and invitations as messages.

use super::link_responses::time;
use crate::domain::click_policy::VisitorAddresses;
use crate::domain::error::{Error, Result};
use crate::domain::role::Role;
use crate::infra::grpc::v1;
use crate::services::api_core::{Invitation, Member, Workspace};

/// The message that says what a workspace is.
pub(super) fn workspace(workspace: Workspace) -> v1::Workspace {
    v1::Workspace {
        id: workspace.id.to_string(),
        name: workspace.name,
        slug: workspace.slug,
        version: workspace.version,
        created_at: Some(time(workspace.created_at)),
        updated_at: Some(time(workspace.updated_at)),
        deleted_at: workspace.deleted_at.map(time),
        purge_at: workspace.purge_at.map(time),
        click_retention_days: workspace.click_retention_days,
        visitor_addresses: visitor_addresses(workspace.visitor_addresses).into(),
        count_opted_out: workspace.count_opted_out,
    }
}

const fn visitor_addresses(addresses: VisitorAddresses) -> v1::VisitorAddresses {
    match addresses {
        VisitorAddresses::Whole => v1::VisitorAddresses::Whole,
        VisitorAddresses::Truncated => v1::VisitorAddresses::Truncated,
        VisitorAddresses::Unused => v1::VisitorAddresses::Unused,
    }
}

/// What of addresses a message wants to be used.
pub(super) fn to_visitor_addresses(number: i32) -> Result<VisitorAddresses> {
    match v1::VisitorAddresses::try_from(number) {
        Ok(v1::VisitorAddresses::Whole) => Ok(VisitorAddresses::Whole),
        Ok(v1::VisitorAddresses::Truncated) => Ok(VisitorAddresses::Truncated),
        Ok(v1::VisitorAddresses::Unused) => Ok(VisitorAddresses::Unused),
        Ok(v1::VisitorAddresses::Unspecified) | Err(_) => {
            Err(Error::invalid_field("visitor_addresses", "invalid_value", "name one of the values, or leave it out"))
        }
    }
}

/// The message that says who a member is.
pub(super) fn member(member: Member) -> v1::Member {
    v1::Member {
        user_id: member.user_id.to_string(),
        email: member.email,
        name: member.name,
        role: role(member.role).into(),
        created_at: Some(time(member.created_at)),
    }
}

/// The message that says what an invitation is for.
pub(super) fn invitation(invitation: Invitation) -> v1::Invitation {
    v1::Invitation {
        id: invitation.id.to_string(),
        email: invitation.email,
        role: role(invitation.role).into(),
        invited_by: invitation.invited_by.map(|id| id.to_string()),
        created_at: Some(time(invitation.created_at)),
        sent_at: Some(time(invitation.sent_at)),
        expires_at: Some(time(invitation.expires_at)),
    }
}

/// The message that says what a role is.
pub(super) const fn role(role: Role) -> v1::Role {
    match role {
        Role::Owner => v1::Role::Owner,
        Role::Admin => v1::Role::Admin,
        Role::Editor => v1::Role::Editor,
        Role::Viewer => v1::Role::Viewer,
        Role::Billing => v1::Role::Billing,
    }
}

/// The role that a message names.
pub(super) fn to_role(number: i32) -> Result<Role> {
    match v1::Role::try_from(number) {
        Ok(v1::Role::Owner) => Ok(Role::Owner),
        Ok(v1::Role::Admin) => Ok(Role::Admin),
        Ok(v1::Role::Editor) => Ok(Role::Editor),
        Ok(v1::Role::Viewer) => Ok(Role::Viewer),
        Ok(v1::Role::Billing) => Ok(Role::Billing),
        Ok(v1::Role::Unspecified) | Err(_) => {
            Err(Error::invalid_field("/role", "invalid_value", "name one of the roles"))
        }
    }
}
