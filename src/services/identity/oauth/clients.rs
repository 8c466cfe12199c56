//! Programs that may ask people to act for them, as workspaces register them.

use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::{OAuthClientId, UserId};
use crate::domain::redirect_uri;
use crate::domain::role::Scope;
use crate::domain::time::Timestamp;
use crate::infra::store::columns::Json;
use crate::infra::store::oauth_clients::{self, OAuthClient as Row};
use crate::infra::store::page::Page;
use crate::infra::store::{Transaction, workspaces};
use crate::runtime::clock;
use crate::services::api_core::{Access, Action, ExpectedVersion, FieldErrors, Recorded, Token, TokenKind};
use crate::services::identity::Identity;

pub(in crate::services::identity) const CREATED: Action<OAuthClient> =
    Action::new("oauth_client.created", "A program was registered that may ask people to act for them.");
pub(in crate::services::identity) const UPDATED: Action<OAuthClient> =
    Action::new("oauth_client.updated", "The name, the addresses or the scopes of an OAuth2 client were changed.");
pub(in crate::services::identity) const DELETED: Action<OAuthClient> =
    Action::new("oauth_client.deleted", "An OAuth2 client was deleted, with all consents and tokens that it had.");

/// The most clients of one workspace.
const CLIENTS_MAX: u64 = 100;
/// The most redirect URIs of one client.
const REDIRECT_URIS_MAX: usize = 10;

/// A program that may ask people to act for them, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = OAuthClient)]
pub struct OAuthClient {
    /// Its id, which it sends as `client_id`.
    pub id: OAuthClientId,
    /// Its name, as people read it when they are asked.
    pub name: String,
    /// Where codes may go.
    #[schema(example = json!(["https://example.com/callback"]))]
    pub redirect_uris: Vec<String>,
    /// What it may ask for.
    pub scopes: Vec<Scope>,
    /// Whether it can keep a secret, as a program on a server can. Programs on people's own machines cannot.
    pub confidential: bool,
    /// The first characters of the secret, so that people can tell secrets apart; `null` for a client without one.
    #[schema(example = "elido_cs_Ab3dE")]
    pub secret_start: Option<String>,
    /// When its secret was last exchanged for another.
    pub rotated_at: Option<Timestamp>,
    /// The secret before this one holds until then; `null` if it does not.
    pub previous_secret_expires_at: Option<Timestamp>,
    /// Who registered it.
    pub created_by: Option<UserId>,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Grows with every edit.
    pub version: i64,
}

/// A client with its secret, where it has one, which is shown this once.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = CreatedOAuthClient)]
pub struct CreatedOAuthClient {
    /// The client.
    #[serde(flatten)]
    pub client: OAuthClient,
    /// The secret. It is shown this once and kept nowhere. Absent for a client that cannot keep one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "elido_cs_Ab3dE5gH7jK9mN2pQ4sT6vW8yZ1bC3dF5hJ7lM9oP0q")]
    pub client_secret: Option<String>,
}

/// A client to be.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OAuthClientDraft)]
pub struct OAuthClientDraft {
    /// Its name, as people read it when they are asked.
    #[schema(min_length = 1, max_length = 100, example = "Elido for browsers")]
    pub name: String,
    /// Where codes may go: `https`, `http` on 127.0.0.1 or `[::1]` with any port, or a scheme of the program's own with a dot. Compared to the
    /// letter.
    #[schema(min_items = 1, max_items = 10, example = json!(["https://example.com/callback"]))]
    pub redirect_uris: Vec<String>,
    /// What it may ask for.
    #[schema(min_items = 1, max_items = 11)]
    pub scopes: Vec<Scope>,
    /// Whether it can keep a secret, and gets one.
    #[serde(default)]
    pub confidential: bool,
}

/// An edit of a client. What is absent stays as it is.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OAuthClientPatch)]
pub struct OAuthClientPatch {
    /// Its name, as people read it when they are asked.
    #[schema(min_length = 1, max_length = 100, nullable = false)]
    pub name: Option<String>,
    /// Where codes may go, in the place of all that were registered.
    #[schema(min_items = 1, max_items = 10, nullable = false)]
    pub redirect_uris: Option<Vec<String>>,
    /// What it may ask for. Access tokens that it has already stay as they are until they expire.
    #[schema(min_items = 1, max_items = 11, nullable = false)]
    pub scopes: Option<Vec<Scope>>,
}

impl Recorded for OAuthClient {
    fn subject(&self) -> String {
        self.id.to_string()
    }
}

impl From<Row> for OAuthClient {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            name: row.name,
            redirect_uris: row.redirect_uris.0,
            scopes: row.scopes.0,
            confidential: row.secret_hash.is_some(),
            secret_start: row.secret_start,
            rotated_at: row.rotated_at,
            previous_secret_expires_at: row.previous_expires_at.filter(|end| clock::now() < *end),
            created_by: row.created_by,
            created_at: row.created_at,
            updated_at: row.updated_at,
            version: row.version,
        }
    }
}

impl Identity {
    /// Registers a client.
    ///
    /// # Errors
    /// `Invalid` if a field is not as it should be; `Conflict` if the workspace has too many clients.
    pub async fn create_oauth_client(&self, access: &Access, draft: OAuthClientDraft) -> Result<CreatedOAuthClient> {
        let mut errors = FieldErrors::default();
        let name = errors.name("/name", &draft.name);
        let redirect_uris = check_redirect_uris(&mut errors, draft.redirect_uris);
        let scopes = check_scopes(&mut errors, &draft.scopes);
        errors.into_result()?;
        let now = clock::now();
        let secret = draft.confidential.then(|| Token::random(TokenKind::ClientSecret));
        let row = Row {
            id: OAuthClientId::new(),
            workspace_id: access.workspace_id(),
            name,
            redirect_uris: Json(redirect_uris),
            scopes: Json(scopes),
            secret_hash: secret.as_ref().map(Token::hash),
            secret_start: secret.as_ref().map(Token::start),
            previous_secret_hash: None,
            previous_expires_at: None,
            rotated_at: None,
            created_by: access.user_id(),
            version: 1,
            created_at: now,
            updated_at: now,
        };
        let transaction = self.store.write().await?;
        require_room(&transaction, access).await?;
        oauth_clients::insert(&transaction, row.clone()).await?;
        let client = OAuthClient::from(row);
        self.commit(transaction, vec![CREATED.made(access.by(), &client)?]).await?;
        let client_secret = secret.map(|secret| secret.secret().expose_secret().to_owned());
        Ok(CreatedOAuthClient { client, client_secret })
    }

    /// A page of the clients of a workspace, newest first.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn list_oauth_clients(&self, access: &Access, page: Page) -> Result<Vec<OAuthClient>> {
        let rows = oauth_clients::list(self.store.reader(), access.workspace_id(), page).await?;
        Ok(rows.into_iter().map(OAuthClient::from).collect())
    }

    /// One client.
    ///
    /// # Errors
    /// `NotFound` if the workspace has no such client.
    pub async fn find_oauth_client(&self, access: &Access, id: OAuthClientId) -> Result<OAuthClient> {
        let row = oauth_clients::find(self.store.reader(), access.workspace_id(), id).await?;
        row.map(OAuthClient::from).ok_or_else(not_found)
    }

    /// Changes a client.
    ///
    /// # Errors
    /// `NotFound` if the workspace has no such client; `PreconditionFailed` if it is not in the version expected.
    pub async fn update_oauth_client(
        &self,
        access: &Access,
        id: OAuthClientId,
        expected: &impl ExpectedVersion,
        patch: OAuthClientPatch,
    ) -> Result<OAuthClient> {
        let mut errors = FieldErrors::default();
        let name = patch.name.map(|name| errors.name("/name", &name));
        let redirect_uris = patch.redirect_uris.map(|uris| check_redirect_uris(&mut errors, uris));
        let scopes = patch.scopes.map(|scopes| check_scopes(&mut errors, &scopes));
        errors.into_result()?;
        let transaction = self.store.write().await?;
        let current = lock(&transaction, access, id).await?;
        expected.require(current.version)?;
        let before = OAuthClient::from(current.clone());
        let row = Row {
            name: name.unwrap_or(current.name),
            redirect_uris: redirect_uris.map_or(current.redirect_uris, Json),
            scopes: scopes.map_or(current.scopes, Json),
            version: current.version + 1,
            updated_at: clock::now(),
            ..current
        };
        oauth_clients::update(&transaction, row.clone()).await?;
        let client = OAuthClient::from(row);
        self.commit(transaction, vec![UPDATED.edited(access.by(), &before, &client)?]).await?;
        Ok(client)
    }

    /// Deletes a client, with all consents and tokens that it has.
    ///
    /// # Errors
    /// `NotFound` if the workspace has no such client.
    pub async fn delete_oauth_client(&self, access: &Access, id: OAuthClientId) -> Result<()> {
        let transaction = self.store.write().await?;
        let client = lock(&transaction, access, id).await?;
        oauth_clients::delete(&transaction, access.workspace_id(), id).await?;
        self.commit(transaction, vec![DELETED.removed(access.by(), &client.into())?]).await
    }
}

/// A client of the workspace, kept from changing until the transaction ends.
pub(super) async fn lock(transaction: &Transaction, access: &Access, id: OAuthClientId) -> Result<Row> {
    oauth_clients::lock(transaction, access.workspace_id(), id).await?.ok_or_else(not_found)
}

/// Clients of one workspace are counted by one transaction at a time.
async fn require_room(transaction: &Transaction, access: &Access) -> Result<()> {
    workspaces::lock(transaction, access.workspace_id()).await?.ok_or_else(|| Error::not_found("workspace"))?;
    if oauth_clients::count(transaction, access.workspace_id()).await? < CLIENTS_MAX {
        return Ok(());
    }
    let message = format!("A workspace has at most {CLIENTS_MAX} OAuth2 clients. Delete one that is not used.");
    Err(Error::new(ErrorKind::Conflict, "too_many_oauth_clients", message))
}

fn check_redirect_uris(errors: &mut FieldErrors, uris: Vec<String>) -> Vec<String> {
    if uris.is_empty() || uris.len() > REDIRECT_URIS_MAX {
        errors.add("/redirect_uris", "invalid_length", format!("a client has 1 to {REDIRECT_URIS_MAX} redirect URIs"));
    }
    for (place, uri) in uris.iter().enumerate().take(REDIRECT_URIS_MAX) {
        errors.check(&format!("/redirect_uris/{place}"), "invalid_redirect_uri", redirect_uri::check(uri));
    }
    uris
}

/// Each scope once, in the order that documents list them.
fn check_scopes(errors: &mut FieldErrors, scopes: &[Scope]) -> Vec<Scope> {
    if scopes.is_empty() {
        errors.add("/scopes", "invalid_length", "a client needs at least one scope to ask for");
    }
    Scope::ALL.into_iter().filter(|scope| scopes.contains(scope)).collect()
}

fn not_found() -> Error {
    Error::not_found("OAuth2 client")
}
