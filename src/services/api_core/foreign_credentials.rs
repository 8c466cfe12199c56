//! Credentials that identity providers of others gave out. A service that knows the providers recognises them for this one.

use async_trait::async_trait;
use secrecy::SecretString;

use super::principal::Principal;
use crate::domain::error::Result;
use crate::domain::id::{ExternalClientId, UserId, WorkspaceId};
use crate::domain::role::Scope;
use crate::domain::time::Timestamp;

/// Knows what identity providers gave out.
#[async_trait]
pub trait ForeignCredentials: Send + Sync {
    /// Whoever sent this access token; `None` if no provider says that it holds.
    ///
    /// # Errors
    /// `Unavailable` if the provider that could say so is unavailable.
    async fn by_access_token(&self, token: &str) -> Result<Option<Principal>>;

    /// Whoever sent the proof of this session; `None` if it is over, or there is no such provider.
    ///
    /// # Errors
    /// `Unavailable` if the provider is unavailable; `Forbidden` if the person may not come in here.
    async fn by_session(&self, session: &ForeignSession) -> Result<Option<Principal>>;

    /// Refuses an account with a password to an address whose people sign in through a provider alone.
    ///
    /// # Errors
    /// `Forbidden` with the name of the provider.
    fn require_passwords_allowed_for(&self, email_key: &str) -> Result<()>;
}

/// The proof of a session at a provider.
#[derive(Debug, Clone)]
pub enum ForeignSession {
    /// Of a program, in a header.
    Token(SecretString),
    /// Of a browser.
    Cookie(SecretString),
}

/// An access token of a provider that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignToken {
    /// Whom it speaks for.
    pub holder: ForeignHolder,
    /// What it may be used for.
    pub scopes: Vec<Scope>,
    /// It has to be looked at again from this moment on.
    pub holds_until: Timestamp,
}

/// Whom an access token of a provider speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForeignHolder {
    /// A person, in their workspaces.
    Person(UserId),
    /// A program, in the workspace that the operator gave it.
    Client {
        /// Which.
        id: ExternalClientId,
        /// Where it works.
        workspace_id: WorkspaceId,
    },
}

impl ForeignHolder {
    /// What limits are kept by: whoever holds it, however many tokens they have.
    pub(super) fn credential_id(self) -> String {
        match self {
            Self::Person(id) => format!("tokens of {id}"),
            Self::Client { id, .. } => id.to_string(),
        }
    }
}
