//! A person's own account, and sessions: how they begin, get a new secret, and end.

use std::time::Duration;

use secrecy::SecretString;
use serde::Serialize;
use utoipa::ToSchema;

use super::Identity;
use super::sign_in::Client;
use crate::domain::error::{Error, Result};
use crate::domain::id::{SessionId, UserId};
use crate::domain::time::Timestamp;
use crate::infra::store::page::Page;
use crate::infra::store::sessions::{self, Session as Row};
use crate::infra::store::users::{self, User};
use crate::infra::store::{Transaction, oauth_grants};
use crate::runtime::clock;
use crate::services::api_core::{Action, By, Recorded, RecordedAction, Token, TokenKind};

pub(super) const STARTED: Action<Session> = Action::new("session.started", "A person signed in.");
pub(super) const ENDED: Action<Session> =
    Action::new("session.ended", "A session ended: by signing out, from elsewhere, or because the account changed.");

/// The most sessions that a person may have at once; the oldest end first.
pub(super) const SESSIONS_MAX: u64 = 100;

/// A person who can sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Person {
    /// Their id.
    pub id: UserId,
    /// Their address.
    pub email: String,
    /// Whether it was shown that mail to the address reaches them.
    pub email_verified: bool,
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
    /// The provider that its owner signed in through; `null` for a password.
    #[schema(example = "corporate")]
    pub provider: Option<String>,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used, right to the minute.
    pub last_used_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// A session with its secret, which is shown this once.
#[derive(Debug, Clone)]
pub struct IssuedSession {
    /// What proves the session.
    pub token: SecretString,
    /// The session ends then.
    pub expires_at: Timestamp,
    /// How long that is from now.
    pub lifetime: Duration,
    /// Whose it is.
    pub user: Person,
}

impl From<User> for Person {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            email: user.email,
            email_verified: user.email_verified_at.is_some(),
            name: user.name,
            is_admin: user.is_admin,
            created_at: user.created_at,
        }
    }
}

impl Recorded for Session {
    fn subject(&self) -> String {
        self.id.to_string()
    }
}

impl Session {
    pub(super) fn of(row: Row, current: Option<SessionId>) -> Self {
        Self {
            is_current: Some(row.id) == current,
            id: row.id,
            address: row.address,
            user_agent: row.user_agent,
            provider: Some(row.provider).filter(|provider| !provider.is_empty()),
            created_at: row.created_at,
            last_used_at: row.last_used_at,
            expires_at: row.expires_at,
        }
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
        Ok(rows.into_iter().map(|row| Session::of(row, Some(current))).collect())
    }

    /// Ends a session of a person, who asks by the session `current`.
    ///
    /// # Errors
    /// `NotFound` if the person has no such session.
    pub async fn end_session(&self, person: UserId, current: SessionId, session: SessionId) -> Result<()> {
        let not_found = || Error::not_found("session");
        let transaction = self.store.write().await?;
        let row = sessions::find(&transaction, person, session).await?.ok_or_else(not_found)?;
        if !sessions::delete(&transaction, person, session).await? {
            return Err(not_found());
        }
        let recorded_action = ENDED.removed(By::person(person), &Session::of(row, Some(current)))?;
        self.commit(transaction, vec![recorded_action]).await
    }

    /// Ends all sessions of a person but the one that asks.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn end_other_sessions(&self, person: UserId, current: SessionId) -> Result<()> {
        let transaction = self.store.write().await?;
        let ended = end_all_but(&transaction, person, Some(current), By::person(person)).await?;
        self.commit(transaction, ended).await
    }

    /// Begins a session in the transaction that made sure of who it is; with what that is called in the audit trail.
    pub(super) async fn begin_session(
        &self,
        transaction: &Transaction,
        user: User,
        client: &Client,
    ) -> Result<(IssuedSession, RecordedAction)> {
        self.begin_session_through("", transaction, user, client).await
    }

    /// The same for somebody who came through a provider.
    pub(super) async fn begin_session_through(
        &self,
        provider: &str,
        transaction: &Transaction,
        user: User,
        client: &Client,
    ) -> Result<(IssuedSession, RecordedAction)> {
        let now = clock::now();
        let token = Token::random(TokenKind::Session);
        let lifetime = self.settings.session_lifetime;
        let expires_at = now.plus(lifetime);
        let session = Row {
            id: SessionId::new(),
            user_id: user.id,
            token_hash: token.hash(),
            user_agent: client.printable_user_agent(),
            provider: provider.to_owned(),
            address: client.address.map(|address| address.to_string()).unwrap_or_default(),
            created_at: now,
            last_used_at: now,
            expires_at,
        };
        sessions::prune(transaction, user.id, now, SESSIONS_MAX - 1).await?;
        sessions::insert(transaction, session.clone()).await?;
        let current = session.id;
        self.note_device(transaction, user.id, client).await?;
        self.note_network(transaction, user.id, client.address).await?;
        let recorded_action = STARTED.made(By::person(user.id), &Session::of(session, Some(current)))?;
        Ok((IssuedSession { token: token.secret().clone(), expires_at, lifetime, user: user.into() }, recorded_action))
    }

    /// Gives a session a new secret and ends all others of the person, and what they let programs do, because what proves who they are has
    /// changed: whoever may have had the old secret, or another session, is out.
    pub(super) async fn renew_session(
        &self,
        transaction: &Transaction,
        user: User,
        session: SessionId,
    ) -> Result<(IssuedSession, Vec<RecordedAction>)> {
        let current =
            sessions::find(transaction, user.id, session).await?.ok_or_else(|| Error::not_found("session"))?;
        let token = Token::random(TokenKind::Session);
        sessions::replace_token(transaction, user.id, session, token.hash()).await?;
        let ended = end_all_but(transaction, user.id, Some(session), By::person(user.id)).await?;
        oauth_grants::delete_of_user(transaction, user.id).await?;
        let issued = IssuedSession {
            token: token.secret().clone(),
            expires_at: current.expires_at,
            lifetime: current.expires_at.since(clock::now()),
            user: user.into(),
        };
        Ok((issued, ended))
    }
}

/// Ends every session of a person but this one, if one is given.
pub(super) async fn end_all_but(
    transaction: &Transaction,
    person: UserId,
    kept: Option<SessionId>,
    by: By,
) -> Result<Vec<RecordedAction>> {
    let all = Page { after: None, limit: SESSIONS_MAX };
    let mut rows = sessions::list(transaction, person, clock::now(), all).await?;
    rows.retain(|row| Some(row.id) != kept);
    sessions::delete_all_but(transaction, person, kept).await?;
    rows.into_iter().map(|row| ENDED.removed(by, &Session::of(row, kept))).collect()
}
