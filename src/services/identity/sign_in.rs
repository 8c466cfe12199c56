//! Signing in with a password, and proving it again for what matters.

use std::net::IpAddr;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use utoipa::ToSchema;

use super::Identity;
use super::attempts::Attempts;
use super::one_time_token::OneTimeToken;
use super::refusals::refused_field;
use super::sessions::IssuedSession;
use crate::domain::client_address::site;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::UserId;
use crate::domain::time::Timestamp;
use crate::infra::store::Transaction;
use crate::infra::store::sign_in_challenges::{self, SignInChallenge};
use crate::infra::store::totp;
use crate::infra::store::users::{self, User};
use crate::runtime::clock;
use crate::services::api_core::RecordedAction;

/// What challenges begin with.
pub(super) const CHALLENGE_PREFIX: &str = "challenge_";
/// How long a code may take to follow the password.
const CHALLENGE_HOLDS_FOR: Duration = Duration::from_secs(5 * 60);
/// How much of a `User-Agent` header is kept, in bytes.
const USER_AGENT_BYTES_MAX: usize = 255;
/// How many codes may be tried for one challenge. How many may be tried for one account, over all of them, is the limit of codes.
const CHALLENGE_ATTEMPTS: i64 = 5;
/// The most challenges of one account at once, each from a site of its own.
const CHALLENGES_MAX: u64 = 100;

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
    /// Whether the session goes into a cookie that no script can read, for browsers, and not into the response.
    #[serde(default)]
    pub cookie: bool,
}

/// From where.
#[derive(Debug, Clone, Default)]
pub struct Client {
    /// The address.
    pub address: Option<IpAddr>,
    /// The `User-Agent` header, empty if absent.
    pub user_agent: String,
}

impl Client {
    /// The beginning of the `User-Agent` header, without control characters.
    pub(super) fn printable_user_agent(&self) -> String {
        let end = self.user_agent.floor_char_boundary(USER_AGENT_BYTES_MAX);
        self.user_agent.get(..end).unwrap_or_default().chars().filter(|character| !character.is_control()).collect()
    }
}

/// What a right password leads to.
#[derive(Debug, Clone)]
pub enum SignInStep {
    /// A session.
    SignedIn(IssuedSession),
    /// A code of the second factor has to follow.
    Challenged(Challenge),
}

/// Proof of a right password, for whoever can follow it up with a code.
#[derive(Debug, Clone)]
pub struct Challenge {
    /// The proof.
    pub token: SecretString,
    /// Not valid from this moment on.
    pub expires_at: Timestamp,
}

impl Identity {
    /// Begins a session, or asks for the second factor.
    ///
    /// # Errors
    /// `Unauthenticated` if address and password do not belong together; `Forbidden` if the account is disabled; `RateLimited` after
    /// too many attempts.
    pub async fn sign_in(&self, credentials: SignIn, client: Client) -> Result<SignInStep> {
        let email_key = credentials.email.trim().to_lowercase();
        self.count_attempt(&self.attempts.passwords, &email_key, client.address).await?;
        if !is_possible(&email_key, &credentials.password) {
            return Err(refused());
        }
        let user = users::find_by_email(self.store.reader(), &email_key).await?;
        let hash = user.as_ref().and_then(User::password);
        let is_right = self.passwords.verify(credentials.password, hash).await?;
        let user = user.filter(|_| is_right).ok_or_else(refused)?;
        self.require_password_allowed(&user)?;

        let transaction = self.store.write().await?;
        let user = unchanged(&transaction, &user).await?;
        self.let_in(transaction, user, "", &client, Vec::new()).await
    }

    /// Begins the session of somebody who proved who they are, by a password or through a provider, or asks for the second factor.
    /// Commits what `happened` before.
    pub(super) async fn let_in(
        &self,
        transaction: Transaction,
        user: User,
        provider: &str,
        client: &Client,
        mut happened: Vec<RecordedAction>,
    ) -> Result<SignInStep> {
        let factor = totp::find(&transaction, user.id).await?;
        if factor.is_some_and(|factor| factor.confirmed_at.is_some()) {
            let challenge = self.challenge(&transaction, user.id, provider, client.address).await?;
            self.commit(transaction, happened).await?;
            return Ok(SignInStep::Challenged(challenge));
        }
        let (issued, started) = self.begin_session_through(provider, &transaction, user, client).await?;
        happened.push(started);
        self.commit(transaction, happened).await?;
        Ok(SignInStep::SignedIn(issued))
    }

    /// A signed-in person, who has just given their password once more.
    ///
    /// # Errors
    /// `Forbidden` if it is wrong; `RateLimited` after too many attempts.
    pub(super) async fn prove_password(
        &self,
        person: UserId,
        password: SecretString,
        address: Option<IpAddr>,
    ) -> Result<User> {
        let user = users::find(self.store.reader(), person).await?.ok_or_else(|| Error::not_found("account"))?;
        self.count_attempt(&self.attempts.passwords, &user.email_key, address).await?;
        let is_right =
            is_possible(&user.email_key, &password) && self.passwords.verify(password, user.password()).await?;
        if is_right { Ok(user) } else { Err(wrong_password()) }
    }

    /// Counts an attempt. Guessing from many addresses slows an account down for all but those who ask from where its owner has signed
    /// in, and uses up no other network's own small share, so that it locks nobody out.
    pub(super) async fn count_attempt(
        &self,
        attempts: &Attempts,
        email_key: &str,
        address: Option<IpAddr>,
    ) -> Result<()> {
        attempts.take(email_key, address).await?;
        let Err(refused) = attempts.take_from_anywhere(email_key).await else { return Ok(()) };
        let is_let_through =
            self.is_known_from(email_key, address).await? || attempts.take_share(email_key, address).await;
        if is_let_through { Ok(()) } else { Err(refused) }
    }

    /// Whether the owner of the account has signed in from the network of this address.
    async fn is_known_from(&self, email_key: &str, address: Option<IpAddr>) -> Result<bool> {
        if !is_possible(email_key, &SecretString::default()) {
            return Ok(false);
        }
        let Some(user) = users::find_by_email(self.store.reader(), email_key).await? else { return Ok(false) };
        self.knows_network(user.id, address).await
    }

    /// Asks for a code. One challenge of a site at a time, so that a right password is not worth any number of codes; and none ends
    /// that of another site, so that whoever has the password keeps the owner from nothing.
    async fn challenge(
        &self,
        transaction: &Transaction,
        user_id: UserId,
        provider: &str,
        address: Option<IpAddr>,
    ) -> Result<Challenge> {
        let token = OneTimeToken::random(CHALLENGE_PREFIX);
        let expires_at = clock::now().plus(CHALLENGE_HOLDS_FOR);
        let hash = |address| self.sealing.hash(&format!("sign-in-challenge:{user_id}"), &site(address).to_string());
        let row = SignInChallenge {
            token_hash: token.hash(),
            user_id,
            provider: provider.to_owned(),
            site: address.map(hash).unwrap_or_default(),
            attempts_left: CHALLENGE_ATTEMPTS,
            expires_at,
        };
        sign_in_challenges::replace(transaction, row, CHALLENGES_MAX).await?;
        Ok(Challenge { token: token.secret().clone(), expires_at })
    }
}

/// The person as they are now, kept from changing. A password that was changed since it was verified is no longer right.
pub(super) async fn unchanged(transaction: &Transaction, verified: &User) -> Result<User> {
    let user = users::lock(transaction, verified.id).await?;
    let user = user.filter(|user| user.password_hash == verified.password_hash).ok_or_else(refused)?;
    require_enabled(&user)?;
    Ok(user)
}

/// Told only to whoever has proved to be the owner.
pub(super) fn require_enabled(user: &User) -> Result<()> {
    match user.disabled_at {
        None => Ok(()),
        Some(_) => {
            let message = "This account is disabled. Ask whoever runs this instance.";
            Err(Error::new(ErrorKind::Forbidden, "account_disabled", message))
        }
    }
}

/// Whether an account could have these at all. What no database can look up, no account has.
fn is_possible(email_key: &str, password: &SecretString) -> bool {
    let is_short = email_key.len() <= 1_024 && password.expose_secret().len() <= 1_024;
    is_short && !email_key.contains('\0')
}

fn refused() -> Error {
    Error::new(ErrorKind::Unauthenticated, "wrong_credentials", "This address and password do not belong together.")
}

fn wrong_password() -> Error {
    refused_field("/password", "wrong_password", "This is not the present password of the account.")
}
