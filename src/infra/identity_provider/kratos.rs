//! Ory Kratos: whose a session is, and how it ends.
//!
//! Answers are kept for [`KEPT_FOR`], and at most [`ANSWERS_MAX`] of them, so that a session that was revoked there is worth nothing
//! after that time.

use std::time::Duration;

use quick_cache::sync::Cache;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use url::Url;

use super::ProviderError;
use super::requests::Requests;
use crate::domain::time::Timestamp;
use crate::runtime::clock::{self, MonotonicTime};

/// How long an answer is believed.
pub const KEPT_FOR: Duration = Duration::from_secs(5);
/// The most answers that are kept.
const ANSWERS_MAX: usize = 10_000;
/// The most questions at once.
const QUESTIONS_MAX: usize = 32;
/// The longest credential that is looked at, in bytes.
const CREDENTIAL_BYTES_MAX: usize = 4096;
/// The cookie of browsers.
pub const COOKIE: &str = "ory_kratos_session";

/// What proves a session at Kratos.
#[derive(Debug, Clone)]
pub enum KratosCredential {
    /// Of a program.
    Token(SecretString),
    /// The value of a browser's cookie.
    Cookie(SecretString),
}

/// A session at Kratos that is active.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KratosSession {
    /// Its id there.
    pub id: String,
    /// Not valid from this moment on.
    pub expires_at: Timestamp,
    /// The id of the person there.
    pub subject: String,
    /// Their address, from the trait `email`.
    pub email: Option<String>,
    /// Whether Kratos has verified it.
    pub is_email_verified: bool,
    /// What to call them, from the trait `name`.
    pub name: Option<String>,
}

/// One Kratos, and what it said of late.
pub struct Kratos {
    url: Url,
    requests: Requests,
    answers: Cache<[u8; 32], (Option<KratosSession>, MonotonicTime)>,
    turns: Semaphore,
}

#[derive(Deserialize)]
struct WhoAmI {
    id: String,
    active: bool,
    expires_at: Timestamp,
    identity: Person,
}

#[derive(Deserialize)]
struct Person {
    id: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    traits: Value,
    #[serde(default)]
    verifiable_addresses: Option<Vec<Address>>,
}

#[derive(Deserialize)]
struct Address {
    value: String,
    verified: bool,
    via: String,
}

#[derive(Deserialize)]
struct LogoutFlow {
    logout_token: String,
}

impl Kratos {
    /// The Kratos whose public API is here. Nothing is asked yet.
    ///
    /// # Errors
    /// The machine gives no HTTP client.
    pub fn new(url: Url) -> Result<Self, ProviderError> {
        let (requests, turns) = (Requests::new("kratos")?, Semaphore::new(QUESTIONS_MAX));
        Ok(Self { url, requests, answers: Cache::new(ANSWERS_MAX), turns })
    }

    /// Where it is, by which its people are told from those of another.
    #[must_use]
    pub const fn url(&self) -> &Url {
        &self.url
    }

    /// Whose session this proves; `None` if it is over.
    ///
    /// # Errors
    /// `Unavailable` if Kratos gives no answer.
    pub async fn session(&self, credential: &KratosCredential) -> Result<Option<KratosSession>, ProviderError> {
        let Some(key) = credential.key() else { return Ok(None) };
        let now = clock::now();
        let session = match self.kept(&key) {
            Some(session) => session,
            None => self.ask(credential, key).await?,
        };
        Ok(session.filter(|session| now < session.expires_at))
    }

    /// Whether Kratos has to be asked now about this credential.
    #[must_use]
    pub fn has_to_ask(&self, credential: &KratosCredential) -> bool {
        credential.key().is_some_and(|key| self.kept(&key).is_none())
    }

    /// What it said of late.
    fn kept(&self, key: &[u8; 32]) -> Option<Option<KratosSession>> {
        let kept = self.answers.get(key).filter(|(_, at)| at.elapsed() < KEPT_FOR);
        kept.map(|(session, _)| session)
    }

    /// Ends the session that this proves.
    ///
    /// # Errors
    /// `Unavailable` if Kratos gives no answer; `Refused` if it knows no such session.
    pub async fn end(&self, credential: &KratosCredential) -> Result<(), ProviderError> {
        let ended = match credential {
            KratosCredential::Token(token) => {
                let body = json!({ "session_token": token.expose_secret() });
                self.requests.delete(self.at("/self-service/logout/api")?, &body).await
            }
            KratosCredential::Cookie(_) => {
                let (name, value) = credential.header();
                let address = self.at("/self-service/logout/browser")?;
                let flow: LogoutFlow = self.requests.get_with(address, (name, &value)).await?;
                let mut address = self.at("/self-service/logout")?;
                address.query_pairs_mut().append_pair("token", &flow.logout_token);
                self.requests.visit(address, (name, &value)).await
            }
        };
        if let Some(key) = credential.key() {
            self.answers.remove(&key);
        }
        ended
    }

    async fn ask(&self, credential: &KratosCredential, key: [u8; 32]) -> Result<Option<KratosSession>, ProviderError> {
        let too_many = |_| self.requests.unavailable("too many sessions are asked about at once");
        let _turn = self.turns.try_acquire().map_err(too_many)?;
        let (name, value) = credential.header();
        let answer: Result<WhoAmI, _> = self.requests.get_with(self.at("/sessions/whoami")?, (name, &value)).await;
        let session = match answer {
            Ok(answer) => answer.into_session(),
            // Nobody is signed in by it, or not far enough.
            Err(ProviderError::Refused { .. }) => None,
            Err(error) => return Err(error),
        };
        self.answers.insert(key, (session.clone(), clock::monotonic()));
        Ok(session)
    }

    fn at(&self, path: &str) -> Result<Url, ProviderError> {
        let address = format!("{}{path}", self.url.as_str().trim_end_matches('/'));
        Url::parse(&address).map_err(|error| self.requests.unavailable(error.to_string()))
    }
}

impl KratosCredential {
    /// A hash; `None` for what can be no credential.
    fn key(&self) -> Option<[u8; 32]> {
        let (kind, secret) = match self {
            Self::Token(token) => ("token ", token.expose_secret()),
            Self::Cookie(cookie) => ("cookie ", cookie.expose_secret()),
        };
        let is_possible = secret.len() <= CREDENTIAL_BYTES_MAX && secret.bytes().all(|byte| byte.is_ascii_graphic());
        is_possible.then(|| Sha256::new().chain_update(kind).chain_update(secret).finalize().into())
    }

    fn header(&self) -> (&'static str, SecretString) {
        match self {
            Self::Token(token) => ("x-session-token", token.clone()),
            Self::Cookie(cookie) => ("cookie", format!("{COOKIE}={}", cookie.expose_secret()).into()),
        }
    }
}

impl WhoAmI {
    fn into_session(self) -> Option<KratosSession> {
        let person = self.identity;
        if !self.active || person.state == "inactive" {
            return None;
        }
        let email = person.traits.get("email").and_then(Value::as_str).map(str::to_owned);
        let addresses = person.verifiable_addresses.unwrap_or_default();
        let is_verified = |address: &Address| {
            address.verified
                && address.via == "email"
                && Some(address.value.to_lowercase()) == email.as_deref().map(str::to_lowercase)
        };
        Some(KratosSession {
            id: self.id,
            expires_at: self.expires_at,
            subject: person.id,
            is_email_verified: addresses.iter().any(is_verified),
            name: name(&person.traits),
            email,
        })
    }
}

/// `name` is a text, or first and last.
fn name(traits: &Value) -> Option<String> {
    let name = traits.get("name")?;
    let parts = [name.as_str(), name.get("first").and_then(Value::as_str), name.get("last").and_then(Value::as_str)];
    Some(parts.into_iter().flatten().collect::<Vec<_>>().join(" "))
}
