//! Signing in and out.

use std::net::IpAddr;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Identity;
use super::sessions::{ENDED, Person, STARTED, Session};
use crate::domain::client_address::network;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::{SessionId, UserId};
use crate::domain::time::Timestamp;
use crate::infra::store::page::Page;
use crate::infra::store::sessions::{self, Session as Row};
use crate::infra::store::users;
use crate::runtime::clock;
use crate::services::api_core::{By, Token, TokenKind};

/// The most sessions that a person may have at once; the oldest end first.
const SESSIONS_MAX: u64 = 100;
/// How much of a `User-Agent` header is kept, in bytes.
const USER_AGENT_BYTES_MAX: usize = 255;

/// Who wants to sign in.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// The address of the account, in any case.
    #[schema(max_length = 254, format = "email", example = "ada@example.com")]
    pub email: String,
    /// The password.
    #[schema(value_type = String, max_length = 128, format = "password", example = "correct horse battery")]
    pub password: SecretString,
}

/// From where.
#[derive(Debug, Clone, Default)]
pub struct Client {
    /// The address.
    pub address: Option<IpAddr>,
    /// The `User-Agent` header, empty if absent.
    pub user_agent: String,
}

/// A session that has just begun.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SignedIn {
    /// What to send as `Authorization: Bearer`. It is shown this once.
    #[schema(example = "session_Ab3dE5gH7jK9mN2pQ4sT6vW8yZ1bC3dF5hJ7lM9oP0q")]
    pub token: String,
    /// The session ends then.
    pub expires_at: Timestamp,
    /// Who signed in.
    pub user: Person,
}

impl Identity {
    /// Begins a session.
    ///
    /// # Errors
    /// `Unauthenticated` if address and password do not belong together; `RateLimited` after too many attempts.
    pub async fn sign_in(&self, credentials: SignIn, client: Client) -> Result<SignedIn> {
        let email_key = credentials.email.trim().to_lowercase();
        self.count_attempt(&email_key, client.address).await?;
        if !is_possible(&email_key, &credentials.password) {
            return Err(refused());
        }
        let user = users::find_by_email(self.store.reader(), &email_key).await?;
        let hash = user.as_ref().map(|user| user.password_hash.clone());
        let is_right = self.passwords.verify(credentials.password, hash).await?;
        let user = user.filter(|_| is_right).ok_or_else(refused)?;

        let now = clock::now();
        let token = Token::random(TokenKind::Session);
        let session = Row {
            id: SessionId::new(),
            user_id: user.id,
            token_hash: token.hash(),
            user_agent: printable(&client.user_agent),
            address: client.address.map(|address| address.to_string()).unwrap_or_default(),
            created_at: now,
            last_used_at: now,
            expires_at: now.plus(self.session_lifetime),
        };
        let expires_at = session.expires_at;
        let transaction = self.store.write().await?;
        sessions::prune(&transaction, user.id, now, SESSIONS_MAX - 1).await?;
        sessions::insert(&transaction, session.clone()).await?;
        let id = session.id;
        let happening = STARTED.made(By::person(user.id), &Session::of(session, id))?;
        self.core.commit(transaction, vec![happening], Vec::new()).await?;
        Ok(SignedIn { token: token.secret().expose_secret().to_owned(), expires_at, user: user.into() })
    }

    /// Counts an attempt. Guessing from many addresses slows an account down for all but those who are signed in from where they
    /// ask, so that it does not lock the owner out.
    async fn count_attempt(&self, email_key: &str, address: Option<IpAddr>) -> Result<()> {
        self.attempts.take(email_key, address).await?;
        match self.attempts.take_from_anywhere(email_key).await {
            Err(_) if self.has_session_from(email_key, address).await? => Ok(()),
            decision => decision,
        }
    }

    /// Whether the account has a session that began at this address, or in its /64 of IPv6.
    async fn has_session_from(&self, email_key: &str, address: Option<IpAddr>) -> Result<bool> {
        let Some(address) = address.map(network).filter(|_| is_possible(email_key, &SecretString::default())) else {
            return Ok(false);
        };
        let Some(user) = users::find_by_email(self.store.reader(), email_key).await? else { return Ok(false) };
        let page = Page { after: None, limit: SESSIONS_MAX };
        let sessions = sessions::list(self.store.reader(), user.id, clock::now(), page).await?;
        Ok(sessions.iter().any(|session| session.address.parse().map(network) == Ok(address)))
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
        let happening = ENDED.removed(By::person(person), &Session::of(row, current))?;
        self.core.commit(transaction, vec![happening], Vec::new()).await
    }
}

/// Whether an account could have these at all. What no database can look up, no account has.
fn is_possible(email_key: &str, password: &SecretString) -> bool {
    let is_short = email_key.len() <= 1_024 && password.expose_secret().len() <= 1_024;
    is_short && !email_key.contains('\0')
}

/// The beginning of a header, without control characters.
fn printable(text: &str) -> String {
    let end = text.floor_char_boundary(USER_AGENT_BYTES_MAX);
    text.get(..end).unwrap_or_default().chars().filter(|character| !character.is_control()).collect()
}

fn refused() -> Error {
    Error::new(ErrorKind::Unauthenticated, "wrong_credentials", "This address and password do not belong together.")
}
