//! Who asks, and what they may do in which workspace.

use super::foreign_credentials::{ForeignHolder, ForeignToken};
use super::recorded_action::By;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::folder::FolderSight;
use crate::domain::id::{ApiKeyId, OAuthClientId, OAuthGrantId, SessionId, UserId, WorkspaceId};
use crate::domain::permission::{Caller, Right};
use crate::domain::recorded::Author;
use crate::domain::role::{Role, Scope};
use crate::http::rate_limit::OwnRate;
use crate::infra::store::workspaces::Workspace as WorkspaceRow;
use crate::runtime::token_bucket::Level;

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
        /// SHA-256 of the session's token, which may get another.
        token_hash: Vec<u8>,
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
        /// How many requests a minute it may make; as many as the settings say if absent.
        rate_limit_per_minute: Option<u32>,
        /// SHA-256 of the token, of which the key may have two for a while.
        token_hash: Vec<u8>,
    },
    /// A program that acts for a person in one workspace, by an access token of the OAuth2 provider.
    Application {
        /// By which authorization.
        grant_id: OAuthGrantId,
        /// Which program.
        client_id: OAuthClientId,
        /// For whom.
        user_id: UserId,
        /// Where it works.
        workspace_id: WorkspaceId,
        /// What the person let it do.
        scopes: Vec<Scope>,
        /// SHA-256 of the token, by which it is looked for again.
        token_hash: Vec<u8>,
    },
    /// Whoever an access token of an identity provider speaks for.
    Foreign(ForeignToken),
}

/// The right to act in one workspace within one scope. Only [`super::ApiCore::authorize`] gives it out.
#[derive(Debug, Clone)]
pub struct Access {
    pub(super) workspace: WorkspaceRow,
    pub(super) actor: Actor,
    /// In which folders whoever acts may do less than their role allows.
    pub(super) folders: FolderSight,
    /// What the workspace has left of its requests.
    pub(super) level: Option<Level>,
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
    /// A key. It reaches no further than whoever made it does at that moment.
    ApiKey {
        /// Which.
        key_id: ApiKeyId,
        /// What it may be used for.
        scopes: Vec<Scope>,
        /// Who made it.
        maker: UserId,
        /// As what they belong to the workspace.
        maker_role: Role,
    },
    /// A program that acts for a member. It reaches no further than the member does at that moment.
    Application {
        /// What the member let it do.
        scopes: Vec<Scope>,
        /// For whom.
        user_id: UserId,
        /// As what they belong to the workspace.
        role: Role,
    },
    /// Whoever an access token of an identity provider speaks for. A person's reaches no further than the person does at that moment.
    Foreign {
        /// Who.
        author: Author,
        /// What the token may be used for.
        scopes: Vec<Scope>,
        /// As what the person belongs to the workspace; absent for a program.
        role: Option<Role>,
    },
    /// Whoever opens a shared page.
    Visitor,
}

impl Principal {
    /// The id of the credential that was shown: a session, a key or the authorization of a program, never the secret.
    #[must_use]
    pub fn credential_id(&self) -> String {
        match self {
            Self::Person { session_id, .. } => session_id.to_string(),
            Self::ApiKey { key_id, .. } => key_id.to_string(),
            Self::Application { grant_id, .. } => grant_id.to_string(),
            Self::Foreign(token) => token.holder.credential_id(),
        }
    }

    /// The limit that the credential has of its own, if it has one.
    #[must_use]
    pub const fn own_rate(&self) -> Option<OwnRate> {
        match self {
            Self::ApiKey { rate_limit_per_minute: Some(per_minute), .. } => Some(OwnRate { per_minute: *per_minute }),
            _ => None,
        }
    }

    /// The person and the session.
    ///
    /// # Errors
    /// `Forbidden` for keys and programs.
    pub fn session(&self) -> Result<(UserId, SessionId)> {
        match self {
            Self::Person { user_id, session_id, .. } => Ok((*user_id, *session_id)),
            Self::ApiKey { .. } | Self::Application { .. } | Self::Foreign(_) => Err(session_required()),
        }
    }

    /// The person whom this credential speaks for in whichever workspace; `None` for one of a single workspace.
    #[must_use]
    pub const fn person(&self) -> Option<UserId> {
        match self {
            Self::Person { user_id, .. }
            | Self::Foreign(ForeignToken { holder: ForeignHolder::Person(user_id), .. }) => Some(*user_id),
            Self::ApiKey { .. } | Self::Application { .. } | Self::Foreign(_) => None,
        }
    }

    /// The workspace that this credential speaks for alone; `None` for one of a person.
    #[must_use]
    pub const fn workspace(&self) -> Option<WorkspaceId> {
        match self {
            Self::ApiKey { workspace_id, .. }
            | Self::Application { workspace_id, .. }
            | Self::Foreign(ForeignToken { holder: ForeignHolder::Client { workspace_id, .. }, .. }) => {
                Some(*workspace_id)
            }
            Self::Person { .. } | Self::Foreign(_) => None,
        }
    }

    /// Looks whether an operation outside of workspaces may be done.
    ///
    /// # Errors
    /// `Forbidden` if it is for persons and this is a key or a program, or for those who run the instance.
    pub fn require(&self, caller: &Caller) -> Result<()> {
        match (caller, self) {
            (
                Caller::Person | Caller::InstanceAdmin,
                Self::ApiKey { .. } | Self::Application { .. } | Self::Foreign(_),
            ) => Err(session_required()),
            (Caller::InstanceAdmin, Self::Person { is_admin: false, .. }) => {
                let message = "Only the administrators of this instance may do this.";
                Err(Error::new(ErrorKind::Forbidden, "instance_admin_required", message))
            }
            _ => Ok(()),
        }
    }
}

fn session_required() -> Error {
    Error::new(
        ErrorKind::Forbidden,
        "session_required",
        "This needs a session; neither an API key nor an access token will do.",
    )
}

impl Access {
    /// The workspace.
    #[must_use]
    pub const fn workspace_id(&self) -> WorkspaceId {
        self.workspace.id
    }

    /// Who acts.
    #[must_use]
    pub const fn author(&self) -> Author {
        match &self.actor {
            Actor::Member { user_id, .. } | Actor::Application { user_id, .. } => Author::Person(*user_id),
            Actor::ApiKey { key_id, .. } => Author::ApiKey(*key_id),
            Actor::Foreign { author, .. } => *author,
            // They change nothing that could be ascribed to them.
            Actor::Visitor => Author::Instance,
        }
    }

    /// Who acts, and where, for the audit trail.
    #[must_use]
    pub const fn by(&self) -> By {
        By::author(self.author()).within(self.workspace.id)
    }

    /// The person to whom edits are ascribed: the member, who made the key, or for whom the program acts.
    #[must_use]
    pub const fn user_id(&self) -> Option<UserId> {
        match &self.actor {
            Actor::Member { user_id, .. }
            | Actor::ApiKey { maker: user_id, .. }
            | Actor::Application { user_id, .. }
            | Actor::Foreign { author: Author::Person(user_id), .. } => Some(*user_id),
            Actor::Foreign { .. } | Actor::Visitor => None,
        }
    }

    /// What the workspace has left of its requests; `None` if they are not limited.
    #[must_use]
    pub const fn level(&self) -> Option<Level> {
        self.level
    }
}

impl Actor {
    /// The person whose rights whoever acts has, and as what that person belongs to the workspace; `None` for a program that no person
    /// stands behind.
    pub(super) const fn person(&self) -> Option<(UserId, Role)> {
        match self {
            Self::Member { user_id, role, .. }
            | Self::ApiKey { maker: user_id, maker_role: role, .. }
            | Self::Application { user_id, role, .. }
            | Self::Foreign { author: Author::Person(user_id), role: Some(role), .. } => Some((*user_id, *role)),
            Self::Foreign { .. } | Self::Visitor => None,
        }
    }

    /// Whether whoever acts looks after the workspace as its owners and admins do, or is a program that no person stands behind.
    pub(super) fn looks_after_workspace(&self) -> bool {
        !matches!(self, Self::Visitor)
            && self.person().is_none_or(|(_, role)| matches!(role, Role::Owner | Role::Admin))
    }

    /// Whether whoever acts may do what `scope` covers.
    #[must_use]
    pub fn allows(&self, scope: Scope) -> bool {
        match self {
            Self::Member { role, .. } => role.allows(scope),
            Self::ApiKey { scopes, maker_role, .. } => {
                scopes.iter().any(|own| own.covers(scope)) && maker_role.allows(scope)
            }
            // What people were shown, or the operator wrote down, is what it may do, and no more.
            Self::Application { scopes, role, .. } => scopes.contains(&scope) && role.allows(scope),
            Self::Foreign { scopes, role, .. } => scopes.contains(&scope) && role.is_none_or(|role| role.allows(scope)),
            Self::Visitor => scope == Scope::AnalyticsRead,
        }
    }

    /// # Errors
    /// `Forbidden` unless [`Actor::allows`].
    pub(super) fn require(&self, scope: Scope) -> Result<()> {
        if self.allows(scope) {
            return Ok(());
        }
        let message = format!(
            "This needs the scope {}, which your role, key or access token does not have, or the person behind it has no longer.",
            scope.as_str()
        );
        Err(Error::new(ErrorKind::Forbidden, "missing_scope", message))
    }

    /// # Errors
    /// `Forbidden` unless whoever acts has the right.
    pub(super) fn require_right(&self, right: &Right) -> Result<()> {
        self.require(right.scope)?;
        match self {
            Self::ApiKey { .. } | Self::Application { .. } | Self::Foreign { .. } | Self::Visitor
                if !right.api_keys =>
            {
                Err(session_required())
            }
            Self::Member { role, .. } | Self::Application { role, .. } | Self::Foreign { role: Some(role), .. }
                if !right.roles.contains(role) =>
            {
                let roles: Vec<&str> = right.roles.iter().map(|role| role.as_str()).collect();
                let message = format!("This needs the role {}.", roles.join(" or "));
                Err(Error::new(ErrorKind::Forbidden, "missing_role", message))
            }
            _ => Ok(()),
        }
    }
}
