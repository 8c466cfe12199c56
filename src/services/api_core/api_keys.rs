//! API keys: shown once, kept as a hash, limited to scopes, and over at a time of the maker's choice.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ApiCore;
use super::field_errors::FieldErrors;
use super::happening::{Action, Recorded};
use super::principal::Access;
use super::principal::Actor;
use super::tokens::{Token, TokenKind};
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::{ApiKeyId, UserId};
use crate::domain::role::Scope;
use crate::domain::time::Timestamp;
use crate::infra::store::api_keys::{self, ApiKey as Row};
use crate::infra::store::columns::Json;
use crate::infra::store::page::Page;
use crate::infra::store::workspaces;
use crate::runtime::clock;
use secrecy::ExposeSecret;

/// The most keys of one workspace.
const KEYS_MAX: u64 = 1_000;

pub(super) const CREATED: Action<ApiKey> = Action::new("api_key.created", "An API key was made.");
pub(super) const REVOKED: Action<ApiKey> =
    Action::new("api_key.revoked", "An API key was revoked, at once and for good.");

/// An API key, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// Its name, for people.
    pub name: String,
    /// The first characters of the secret, so that people can tell keys apart.
    #[schema(example = "elido_Ab3dE")]
    pub token_start: String,
    /// What it may be used for.
    pub scopes: Vec<Scope>,
    /// Who made it.
    pub created_by: Option<UserId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Not valid from this moment on; `null` for ever valid.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, right to the minute.
    pub last_used_at: Option<Timestamp>,
}

/// An API key that was just made, with its secret.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CreatedApiKey {
    /// The key.
    #[serde(flatten)]
    pub key: ApiKey,
    /// The secret. It is shown this once and kept nowhere.
    #[schema(example = "elido_Ab3dE5gH7jK9mN2pQ4sT6vW8yZ1bC3dF5hJ7lM9oP0q")]
    pub token: String,
}

/// An API key to be.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiKeyDraft {
    /// Its name, for people.
    #[schema(min_length = 1, max_length = 100, example = "CI")]
    pub name: String,
    /// What it may be used for; nothing that whoever makes it may not do.
    #[schema(min_items = 1, max_items = 7)]
    pub scopes: Vec<Scope>,
    /// Not valid from this moment on; absent for ever valid.
    #[serde(default)]
    #[schema(value_type = Option<Timestamp>)]
    pub expires_at: Option<String>,
}

impl Recorded for ApiKey {
    fn subject(&self) -> String {
        self.id.to_string()
    }
}

impl From<Row> for ApiKey {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            name: row.name,
            token_start: row.token_start,
            scopes: row.scopes.0,
            created_by: row.created_by,
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
        }
    }
}

impl ApiCore {
    /// Makes a key.
    ///
    /// # Errors
    /// `Forbidden` for keys, and for a scope that the maker does not have; `Conflict` if the workspace has too many keys.
    pub async fn create_api_key(&self, access: &Access, draft: ApiKeyDraft) -> Result<CreatedApiKey> {
        let now = clock::now();
        if let Actor::ApiKey { .. } = access.actor {
            // A key that leaked would live on in those that it made.
            let message = "An API key makes no API keys. Sign in, and make it with a session.";
            return Err(Error::new(ErrorKind::Forbidden, "session_required", message));
        }
        let mut errors = FieldErrors::default();
        let name = errors.name("/name", &draft.name);
        let scopes = check_scopes(&mut errors, &draft.scopes);
        let expires_at = draft.expires_at.and_then(|text| check_end(&mut errors, &text, now));
        errors.into_result()?;
        for scope in &scopes {
            access.actor.require(*scope)?;
        }

        let token = Token::random(TokenKind::ApiKey);
        let row = Row {
            id: ApiKeyId::new(),
            workspace_id: access.workspace_id(),
            name,
            token_hash: token.hash(),
            token_start: token.start(),
            scopes: Json(scopes),
            created_by: access.user_id(),
            created_at: now,
            expires_at,
            last_used_at: None,
        };
        let transaction = self.store.write().await?;
        // Keys are counted by one transaction at a time.
        workspaces::lock(&transaction, access.workspace_id()).await?.ok_or_else(|| Error::not_found("workspace"))?;
        if api_keys::count(&transaction, access.workspace_id()).await? >= KEYS_MAX {
            let message = format!("A workspace has at most {KEYS_MAX} keys. Revoke one that is not used.");
            return Err(Error::new(ErrorKind::Conflict, "too_many_keys", message));
        }
        api_keys::insert(&transaction, row.clone()).await?;
        let key = ApiKey::from(row);
        self.commit(transaction, vec![CREATED.made(access.by(), &key)?], Vec::new()).await?;
        Ok(CreatedApiKey { key, token: token.secret().expose_secret().to_owned() })
    }

    /// A page of the workspace's keys, newest first.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn list_api_keys(&self, access: &Access, page: Page) -> Result<Vec<ApiKey>> {
        let rows = api_keys::list(self.store.reader(), access.workspace_id(), page).await?;
        Ok(rows.into_iter().map(ApiKey::from).collect())
    }

    /// One key.
    ///
    /// # Errors
    /// `NotFound` if the workspace has no such key.
    pub async fn find_api_key(&self, access: &Access, id: ApiKeyId) -> Result<ApiKey> {
        let row = api_keys::find(self.store.reader(), access.workspace_id(), id).await?;
        row.map(ApiKey::from).ok_or_else(|| Error::not_found("API key"))
    }

    /// Revokes a key, at once and for good.
    ///
    /// # Errors
    /// `NotFound` if the workspace has no such key.
    pub async fn revoke_api_key(&self, access: &Access, id: ApiKeyId) -> Result<()> {
        let not_found = || Error::not_found("API key");
        let transaction = self.store.write().await?;
        let key = api_keys::find(&transaction, access.workspace_id(), id).await?.ok_or_else(not_found)?;
        if !api_keys::delete(&transaction, access.workspace_id(), id).await? {
            return Err(not_found());
        }
        self.commit(transaction, vec![REVOKED.removed(access.by(), &key.into())?], Vec::new()).await
    }
}

/// Each scope once, in the order that documents list them.
fn check_scopes(errors: &mut FieldErrors, scopes: &[Scope]) -> Vec<Scope> {
    if scopes.is_empty() {
        errors.add("/scopes", "invalid_length", "a key needs at least one scope");
    }
    Scope::ALL.into_iter().filter(|scope| scopes.contains(scope)).collect()
}

fn check_end(errors: &mut FieldErrors, text: &str, now: Timestamp) -> Option<Timestamp> {
    let end: Timestamp = errors.check("/expires_at", "invalid_time", text.parse())?;
    if end <= now {
        errors.add("/expires_at", "in_the_past", "a key must be valid for some time");
    }
    Some(end)
}
