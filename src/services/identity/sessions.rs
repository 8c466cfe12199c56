//! A person's own account and sessions.

use serde::Serialize;
use utoipa::ToSchema;

use super::Identity;
use crate::domain::error::{Error, Result};
use crate::domain::id::{SessionId, UserId};
use crate::domain::time::Timestamp;
use crate::infra::store::page::Page;
use crate::infra::store::sessions::{self, Session as Row};
use crate::infra::store::users::{self, User};
use crate::runtime::clock;
use crate::services::api_core::{Action, ActionKind, Recorded};

pub(super) const STARTED: Action<Session> = Action::new("session.started", "A person signed in.");
pub(super) const ENDED: Action<Session> =
    Action::new("session.ended", "A person signed out, or ended a session elsewhere.");

/// What the service records.
pub const ACTIONS: &[ActionKind] = &[STARTED.kind(), ENDED.kind()];

/// A person who can sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Person {
    /// Their id.
    pub id: UserId,
    /// Their address.
    pub email: String,
    /// What to call them; may be empty.
    pub name: String,
    /// Whether they run this instance.
    pub is_admin: bool,
    /// When the account was made.
    pub created_at: Timestamp,
}

/// A signed-in session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Whether it is the one that asks.
    pub is_current: bool,
    /// The address at sign-in; empty if unknown.
    pub address: String,
    /// The program at sign-in, as it called itself.
    pub user_agent: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used, right to the minute.
    pub last_used_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl Recorded for Session {
    fn subject(&self) -> String {
        self.id.to_string()
    }
}

impl Session {
    pub(super) fn of(row: Row, current: SessionId) -> Self {
        Self {
            is_current: row.id == current,
            id: row.id,
            address: row.address,
            user_agent: row.user_agent,
            created_at: row.created_at,
            last_used_at: row.last_used_at,
            expires_at: row.expires_at,
        }
    }
}

impl From<User> for Person {
    fn from(user: User) -> Self {
        Self { id: user.id, email: user.email, name: user.name, is_admin: user.is_admin, created_at: user.created_at }
    }
}

impl Identity {
    /// A person by id.
    ///
    /// # Errors
    /// `NotFound` if the account is gone.
    pub async fn find_person(&self, id: UserId) -> Result<Person> {
        let user = users::find(self.store.reader(), id).await?;
        user.map(Person::from).ok_or_else(|| Error::not_found("account"))
    }

    /// A page of a person's sessions, newest first.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn list_sessions(&self, person: UserId, current: SessionId, page: Page) -> Result<Vec<Session>> {
        let rows = sessions::list(self.store.reader(), person, clock::now(), page).await?;
        Ok(rows.into_iter().map(|row| Session::of(row, current)).collect())
    }
}
