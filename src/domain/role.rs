//! What members of a workspace are, and what credentials may be used for. Which operation needs what is in
//! [`super::permission`].

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A member's role in a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything, including deleting the workspace and naming owners.
    Owner,
    /// Everything but deleting the workspace, and naming, changing and removing owners.
    Admin,
    /// Links and tags, and reading the rest but for API keys.
    Editor,
    /// Reading, but for API keys.
    Viewer,
    /// Reading, but for API keys. It is for whoever pays.
    Billing,
}

/// What a credential may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum Scope {
    /// Read links and tags.
    #[serde(rename = "links:read")]
    LinksRead,
    /// Create, change and delete links and tags.
    #[serde(rename = "links:write")]
    LinksWrite,
    /// Read click analytics.
    #[serde(rename = "analytics:read")]
    AnalyticsRead,
    /// Read the workspace itself and its domains. Covers `members:read` and `keys:read`.
    #[serde(rename = "workspace:read")]
    WorkspaceRead,
    /// Change the workspace itself and its domains. Covers `keys:write`.
    #[serde(rename = "workspace:write")]
    WorkspaceWrite,
    /// Read who belongs to the workspace.
    #[serde(rename = "members:read")]
    MembersRead,
    /// Invite people, change their roles and remove them.
    #[serde(rename = "members:write")]
    MembersWrite,
    /// Read API keys and OAuth2 clients, without their secrets.
    #[serde(rename = "keys:read")]
    KeysRead,
    /// Make, change, rotate and revoke API keys and OAuth2 clients.
    #[serde(rename = "keys:write")]
    KeysWrite,
    /// Read the audit trail.
    #[serde(rename = "audit:read")]
    AuditRead,
    /// Read and follow events.
    #[serde(rename = "events:read")]
    EventsRead,
}

impl Scope {
    /// Every scope, in the order that documents list them.
    pub const ALL: [Self; 11] = [
        Self::LinksRead,
        Self::LinksWrite,
        Self::AnalyticsRead,
        Self::WorkspaceRead,
        Self::WorkspaceWrite,
        Self::MembersRead,
        Self::MembersWrite,
        Self::KeysRead,
        Self::KeysWrite,
        Self::AuditRead,
        Self::EventsRead,
    ];

    /// The text form, as in API bodies.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LinksRead => "links:read",
            Self::LinksWrite => "links:write",
            Self::AnalyticsRead => "analytics:read",
            Self::WorkspaceRead => "workspace:read",
            Self::WorkspaceWrite => "workspace:write",
            Self::MembersRead => "members:read",
            Self::MembersWrite => "members:write",
            Self::KeysRead => "keys:read",
            Self::KeysWrite => "keys:write",
            Self::AuditRead => "audit:read",
            Self::EventsRead => "events:read",
        }
    }

    /// The roles whose members may do what this covers.
    #[must_use]
    pub const fn roles(self) -> &'static [Role] {
        match self {
            Self::LinksRead | Self::AnalyticsRead | Self::WorkspaceRead | Self::MembersRead => &Role::ALL,
            Self::LinksWrite => &[Role::Owner, Role::Admin, Role::Editor],
            Self::WorkspaceWrite
            | Self::MembersWrite
            | Self::KeysRead
            | Self::KeysWrite
            | Self::AuditRead
            | Self::EventsRead => &[Role::Owner, Role::Admin],
        }
    }

    /// Whether a credential with this scope may do what `other` covers. Before members and keys had scopes of their own, those
    /// of the workspace opened them, and keys of that time stay as good as they were.
    #[must_use]
    pub const fn covers(self, other: Self) -> bool {
        match self {
            Self::WorkspaceRead => matches!(other, Self::WorkspaceRead | Self::MembersRead | Self::KeysRead),
            Self::WorkspaceWrite => matches!(other, Self::WorkspaceWrite | Self::KeysWrite),
            _ => self as u8 == other as u8,
        }
    }
}

impl Role {
    /// Every role, in the order that documents list them.
    pub const ALL: [Self; 5] = [Self::Owner, Self::Admin, Self::Editor, Self::Viewer, Self::Billing];

    /// The text form, as in API bodies and database rows.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Editor => "editor",
            Self::Viewer => "viewer",
            Self::Billing => "billing",
        }
    }

    /// Whether a member with this role may do what `scope` covers.
    #[must_use]
    pub fn allows(self, scope: Scope) -> bool {
        scope.roles().contains(&self)
    }

    /// Whether a member with this role may give `other` to somebody, or take it away. Only owners name owners.
    #[must_use]
    pub fn may_manage(self, other: Self) -> bool {
        self.allows(Scope::MembersWrite) && (self == Self::Owner || other != Self::Owner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_covers_itself_and_no_scope_covers_one_of_more_roles_that_it_has_not() {
        for scope in Scope::ALL {
            assert!(scope.covers(scope));
            for other in Scope::ALL.into_iter().filter(|other| scope.covers(*other)) {
                assert!(other.as_str().ends_with(":read") || scope.as_str().ends_with(":write"), "{scope:?} {other:?}");
            }
        }
        assert!(Scope::WorkspaceRead.covers(Scope::MembersRead));
        assert!(!Scope::WorkspaceWrite.covers(Scope::MembersWrite));
        assert!(!Scope::WorkspaceWrite.covers(Scope::WorkspaceRead));
    }

    #[test]
    fn only_owners_manage_owners() {
        for role in Role::ALL {
            assert_eq!(role.may_manage(Role::Owner), role == Role::Owner);
            assert_eq!(role.may_manage(Role::Admin), matches!(role, Role::Owner | Role::Admin));
        }
    }
}
