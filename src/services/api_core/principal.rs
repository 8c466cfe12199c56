//! Who asks, and what they may do in which workspace.

use super::happening::By;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::{ApiKeyId, SessionId, UserId, WorkspaceId};
use crate::domain::recorded::Author;
use crate::domain::role::{Role, Scope};
use crate::infra::store::workspaces::Workspace as WorkspaceRow;

/// Whoever proved who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// A person with a session.
    Person {
        /// Who.
        user_id: UserId,
        /// By which session.
        session_id: SessionId,
        /// Whether they run this instance.
        is_admin: bool,
    },
    /// An API key, which stands for its workspace alone.
    ApiKey {
        /// Which.
        key_id: ApiKeyId,
        /// Where it works.
        workspace_id: WorkspaceId,
        /// What it may be used for.
        scopes: Vec<Scope>,
        /// Who made it.
        created_by: Option<UserId>,
    },
}

/// The right to act in one workspace within one scope. Only [`super::ApiCore::authorize`] gives it out.
#[derive(Debug, Clone)]
pub struct Access {
    pub(super) workspace: WorkspaceRow,
    pub(super) actor: Actor,
}

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A member.
    Member {
        /// Who.
        user_id: UserId,
        /// As what.
        role: Role,
        /// Whether they run this instance.
        is_admin: bool,
    },
    /// A key.
    ApiKey {
        /// Which.
        key_id: ApiKeyId,
        /// What it may be used for.
        scopes: Vec<Scope>,
        /// Who made it.
        created_by: Option<UserId>,
    },
}

impl Principal {
    /// The id of the credential that was shown: a session or a key, never the secret.
    #[must_use]
    pub fn credential_id(&self) -> String {
        match self {
            Self::Person { session_id, .. } => session_id.to_string(),
            Self::ApiKey { key_id, .. } => key_id.to_string(),
        }
    }

    /// The person and the session.
    ///
    /// # Errors
    /// `Forbidden` for keys.
    pub fn session(&self) -> Result<(UserId, SessionId)> {
        match self {
            Self::Person { user_id, session_id, .. } => Ok((*user_id, *session_id)),
            Self::ApiKey { .. } => {
                Err(Error::new(ErrorKind::Forbidden, "session_required", "This needs a session; a key will not do."))
            }
        }
    }
}

impl Access {
    /// The workspace.
    #[must_use]
    pub const fn workspace_id(&self) -> WorkspaceId {
        self.workspace.id
    }

    /// Who acts, and where, for the audit trail.
    #[must_use]
    pub const fn by(&self) -> By {
        let author = match &self.actor {
            Actor::Member { user_id, .. } => Author::Person(*user_id),
            Actor::ApiKey { key_id, .. } => Author::ApiKey(*key_id),
        };
        By::author(author).within(self.workspace.id)
    }

    /// The person to whom edits are ascribed: the member, or who made the key.
    #[must_use]
    pub const fn user_id(&self) -> Option<UserId> {
        match &self.actor {
            Actor::Member { user_id, .. } => Some(*user_id),
            Actor::ApiKey { created_by, .. } => *created_by,
        }
    }
}

impl Actor {
    /// Whether whoever acts may do what `scope` covers.
    #[must_use]
    pub fn allows(&self, scope: Scope) -> bool {
        match self {
            Self::Member { role, .. } => role.allows(scope),
            Self::ApiKey { scopes, .. } => scopes.contains(&scope),
        }
    }

    /// # Errors
    /// `Forbidden` unless [`Actor::allows`].
    pub(super) fn require(&self, scope: Scope) -> Result<()> {
        if self.allows(scope) {
            return Ok(());
        }
        let message = format!("This needs the scope {}, which your role or key does not have.", scope.as_str());
        Err(Error::new(ErrorKind::Forbidden, "missing_scope", message))
    }
}
