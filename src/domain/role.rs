//! Who may do what in a workspace, and what an API key may be used for.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A member's role in a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything, including deleting the workspace.
    Owner,
    /// Everything but deleting the workspace and naming owners.
    Admin,
    /// Links and tags, and reading the rest.
    Editor,
    /// Reading.
    Viewer,
    /// Reading, plans and invoices.
    Billing,
}

/// What an API key may be used for.
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
    /// Read the workspace itself, its members and domains.
    #[serde(rename = "workspace:read")]
    WorkspaceRead,
    /// Change the workspace itself, and its API keys.
    #[serde(rename = "workspace:write")]
    WorkspaceWrite,
    /// Read the audit trail.
    #[serde(rename = "audit:read")]
    AuditRead,
    /// Read and follow events.
    #[serde(rename = "events:read")]
    EventsRead,
}

impl Scope {
    /// Every scope, in the order that documents list them.
    pub const ALL: [Self; 7] = [
        Self::LinksRead,
        Self::LinksWrite,
        Self::AnalyticsRead,
        Self::WorkspaceRead,
        Self::WorkspaceWrite,
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
            Self::AuditRead => "audit:read",
            Self::EventsRead => "events:read",
        }
    }
}

impl Role {
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
    pub const fn allows(self, scope: Scope) -> bool {
        match scope {
            Scope::LinksRead | Scope::AnalyticsRead | Scope::WorkspaceRead => true,
            Scope::LinksWrite => matches!(self, Self::Owner | Self::Admin | Self::Editor),
            Scope::WorkspaceWrite | Scope::AuditRead | Scope::EventsRead => matches!(self, Self::Owner | Self::Admin),
        }
    }
}
