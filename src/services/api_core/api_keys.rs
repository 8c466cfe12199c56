//! API keys: shown once, kept as a hash, limited to scopes, and over at a time of the maker's choice.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ApiCore;
use super::field_errors::FieldErrors;
use super::patch::present;
use super::principal::Access;
use super::recorded_action::{Action, Recorded};
use super::tokens::{Token, TokenKind};
use super::version::ExpectedVersion;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::{ApiKeyId, UserId};
use crate::domain::role::Scope;
use crate::domain::time::Timestamp;
use crate::infra::store::Transaction;
use crate::infra::store::api_keys::{self, ApiKey as Row};
use crate::infra::store::columns::Json;
use crate::infra::store::page::Page;
use crate::infra::store::{users, workspaces};
use crate::runtime::clock;
use secrecy::ExposeSecret;

/// The most keys of one workspace.
const KEYS_MAX: u64 = 1_000;

pub(super) const CREATED: Action<ApiKey> = Action::new("api_key.created", "An API key was made.");
pub(super) const UPDATED: Action<ApiKey> =
    Action::new("api_key.updated", "The name or the limit of an API key was changed.");
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
    /// Whether the account of whoever made it is disabled. The key goes on all the same, until somebody revokes it.
    pub creator_is_disabled: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// Not valid from this moment on; `null` for ever valid.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, right to the minute.
    pub last_used_at: Option<Timestamp>,
    /// When its secret was last exchanged for another.
    pub rotated_at: Option<Timestamp>,
    /// The secret before this one holds until then; `null` if it does not.
    pub previous_secret_expires_at: Option<Timestamp>,
    /// Requests a minute; `null` for as many as the instance gives every key.
    pub rate_limit_per_minute: Option<u32>,
    /// Grows with every edit.
    pub version: i64,
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
    #[schema(min_items = 1, max_items = 11)]
    pub scopes: Vec<Scope>,
    /// Not valid from this moment on; absent for ever valid.
    #[serde(default)]
    #[schema(value_type = Option<Timestamp>)]
    pub expires_at: Option<String>,
    /// Requests a minute, at most as many as the instance allows; absent for as many as it gives every key.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 100_000_000)]
    pub rate_limit_per_minute: Option<u32>,
}

/// An edit of an API key. What is absent stays as it is, `null` clears.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiKeyPatch {
    /// Its name, for people.
    #[schema(min_length = 1, max_length = 100, nullable = false)]
    pub name: Option<String>,
    /// Requests a minute, at most as many as the instance allows.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 100_000_000)]
    pub rate_limit_per_minute: Option<Option<u32>>,
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
            creator_is_disabled: false,
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
            rotated_at: row.rotated_at,
            previous_secret_expires_at: row.previous_expires_at.filter(|end| clock::now() < *end),
            rate_limit_per_minute: row.rate_limit_per_minute.and_then(|limit| u32::try_from(limit).ok()),
            version: row.version,
        }
    }
}

impl ApiCore {
    /// Makes a key.
    ///
    /// # Errors
    /// `Forbidden` for a scope that the maker does not have; `Conflict` if the workspace has too many keys.
    pub async fn create_api_key(&self, access: &Access, draft: ApiKeyDraft) -> Result<CreatedApiKey> {
        let now = clock::now();
        let mut errors = FieldErrors::default();
        let name = errors.name("/name", &draft.name);
        let scopes = check_scopes(&mut errors, &draft.scopes);
        let expires_at = draft.expires_at.and_then(|text| check_end(&mut errors, &text, now));
        self.check_rate(&mut errors, draft.rate_limit_per_minute);
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
            previous_token_hash: None,
            previous_expires_at: None,
            rotated_at: None,
            rate_limit_per_minute: draft.rate_limit_per_minute.map(i64::from),
            version: 1,
        };
        let transaction = self.store.write().await?;
        // Keys are counted by one transaction at a time.
        let no_workspace = || Error::not_found("workspace");
        workspaces::lock(&transaction, access.workspace_id()).await?.ok_or_else(no_workspace)?;
        if let Some(person) = access.user_id() {
            // Whoever was removed meanwhile leaves no key behind.
            workspaces::find_member(&transaction, access.workspace_id(), person).await?.ok_or_else(no_workspace)?;
        }
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
        self.with_creators(rows).await
    }

    /// Whether whoever made them may still sign in.
    async fn with_creators(&self, rows: Vec<Row>) -> Result<Vec<ApiKey>> {
        let creators = rows.iter().filter_map(|row| row.created_by).collect();
        let disabled = users::disabled_among(self.store.reader(), creators).await?;
        let is_disabled = |key: &ApiKey| key.created_by.is_some_and(|creator| disabled.contains(&creator));
        let keys = rows.into_iter().map(ApiKey::from);
        Ok(keys.map(|key| ApiKey { creator_is_disabled: is_disabled(&key), ..key }).collect())
    }

    /// One key.
    ///
    /// # Errors
    /// `NotFound` if the workspace has no such key.
    pub async fn find_api_key(&self, access: &Access, id: ApiKeyId) -> Result<ApiKey> {
        let row = api_keys::find(self.store.reader(), access.workspace_id(), id).await?;
        let row = row.ok_or_else(|| Error::not_found("API key"))?;
        self.with_creators(vec![row]).await?.pop().ok_or_else(|| Error::not_found("API key"))
    }

    /// Changes the name or the limit of a key.
    ///
    /// # Errors
    /// `NotFound` if the workspace has no such key; `PreconditionFailed` if it is not in the version expected.
    pub async fn update_api_key(
        &self,
        access: &Access,
        id: ApiKeyId,
        expected: &impl ExpectedVersion,
        patch: ApiKeyPatch,
    ) -> Result<ApiKey> {
        let mut errors = FieldErrors::default();
        let name = patch.name.map(|name| errors.name("/name", &name));
        self.check_rate(&mut errors, patch.rate_limit_per_minute.flatten());
        errors.into_result()?;
        let transaction = self.store.write().await?;
        let current = lock(&transaction, access, id).await?;
        expected.require(current.version)?;
        let before = ApiKey::from(current.clone());
        let limit = patch.rate_limit_per_minute.map(|limit| limit.map(i64::from));
        let row = Row {
            name: name.unwrap_or(current.name),
            rate_limit_per_minute: limit.unwrap_or(current.rate_limit_per_minute),
            version: current.version + 1,
            ..current
        };
        api_keys::update(&transaction, row.clone()).await?;
        let key = ApiKey::from(row);
        self.commit(transaction, vec![UPDATED.edited(access.by(), &before, &key)?], Vec::new()).await?;
        Ok(key)
    }

    /// Revokes a key, at once and for good.
    ///
    /// # Errors
    /// `NotFound` if the workspace has no such key.
    pub async fn revoke_api_key(&self, access: &Access, id: ApiKeyId) -> Result<()> {
        let transaction = self.store.write().await?;
        let key = lock(&transaction, access, id).await?;
        api_keys::delete(&transaction, access.workspace_id(), id).await?;
        self.commit(transaction, vec![REVOKED.removed(access.by(), &key.into())?], Vec::new()).await
    }
}

/// A key of the workspace, kept from changing until the transaction ends.
pub(super) async fn lock(transaction: &Transaction, access: &Access, id: ApiKeyId) -> Result<Row> {
    let row = api_keys::lock(transaction, access.workspace_id(), id).await?;
    row.ok_or_else(|| Error::not_found("API key"))
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
