//! What people let programs do: remembered, listed and revoked.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::{OAuthClientId, OAuthConsentId, UserId, WorkspaceId};
use crate::domain::role::Scope;
use crate::domain::time::Timestamp;
use crate::infra::store::Transaction;
use crate::infra::store::columns::Json;
use crate::infra::store::oauth_clients::{self, OAuthClient};
use crate::infra::store::oauth_consents::{self, OAuthConsent as Row};
use crate::infra::store::oauth_grants::{self, Basis};
use crate::infra::store::page::Page;
use crate::runtime::clock;
use crate::services::api_core::{Action, By, Recorded, RecordedAction};
use crate::services::identity::Identity;

pub(in crate::services::identity) const GRANTED: Action<Consent> =
    Action::new("consent.granted", "A person let a program act for them in a workspace, or do more there than before.");
pub(in crate::services::identity) const REVOKED: Action<Consent> =
    Action::new("consent.revoked", "A person took back what they let a program do; its tokens ended.");

pub(in crate::services::identity) const GIVEN_BACK: Action<Consent> =
    Action::new("authorization.ended", "A program gave back the tokens that it had of one authorization.");
pub(in crate::services::identity) const REUSED: Action<Consent> = Action::new(
    "authorization.reused",
    "A code or a refresh token came a second time, as after a theft; the authorization that it belonged to ended.",
);

/// The most consents of one person.
const CONSENTS_MAX: u64 = 500;

/// What a person lets a program do in a workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Consent)]
pub struct Consent {
    /// Its id.
    pub id: OAuthConsentId,
    /// Whose it is.
    pub user_id: UserId,
    /// Which program.
    pub client_id: OAuthClientId,
    /// What the program is called.
    #[schema(example = "Elido for browsers")]
    pub client_name: String,
    /// Where.
    pub workspace_id: WorkspaceId,
    /// What.
    pub scopes: Vec<Scope>,
    /// When it was first given.
    pub created_at: Timestamp,
    /// When it was last widened.
    pub updated_at: Timestamp,
}

impl Recorded for Consent {
    fn subject(&self) -> String {
        self.id.to_string()
    }
}

impl Consent {
    fn of(row: Row, client_name: String) -> Self {
        Self {
            id: row.id,
            user_id: row.user_id,
            client_id: row.client_id,
            client_name,
            workspace_id: row.workspace_id,
            scopes: row.scopes.0,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

impl Identity {
    /// A page of what a person lets programs do, newest first.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn list_consents(&self, person: UserId, page: Page) -> Result<Vec<Consent>> {
        let reader = self.store.reader();
        let rows = oauth_consents::list(reader, person, page).await?;
        let clients = oauth_clients::find_all(reader, rows.iter().map(|row| row.client_id).collect()).await?;
        let name = |id| clients.iter().find(|client| client.id == id).map(|client| client.name.clone());
        // One whose client was deleted in this moment went with it.
        Ok(rows.into_iter().filter_map(|row| name(row.client_id).map(|name| Consent::of(row, name))).collect())
    }

    /// Takes back what a person lets a program do. Its tokens end at once.
    ///
    /// # Errors
    /// `NotFound` if the person gave no such consent.
    pub async fn revoke_consent(&self, person: UserId, id: OAuthConsentId) -> Result<()> {
        let not_found = || Error::not_found("consent");
        let transaction = self.store.write().await?;
        let row = oauth_consents::lock(&transaction, person, id).await?.ok_or_else(not_found)?;
        let client = oauth_clients::find_all(&transaction, vec![row.client_id]).await?.pop().ok_or_else(not_found)?;
        oauth_consents::delete(&transaction, person, id).await?;
        let by = By::person(person).within(row.workspace_id);
        let recorded_action = REVOKED.removed(by, &Consent::of(row, client.name))?;
        self.commit(transaction, vec![recorded_action]).await
    }
}

/// What is told of an authorization that ends while its consent goes on; nothing where there is no such consent.
pub(super) async fn end_of_authorization(
    transaction: &Transaction,
    action: &Action<Consent>,
    by: By,
    consent: OAuthConsentId,
) -> Result<Vec<RecordedAction>> {
    let Some(Basis { consent, client }) = oauth_grants::basis(transaction, consent).await? else {
        return Ok(Vec::new());
    };
    let by = by.within(consent.workspace_id);
    Ok(vec![action.made(by, &Consent::of(consent, client.name))?])
}

/// Remembers that a person lets a client do this in a workspace, besides what they let it do before. Lock the person first, so that there
/// is one consent. With what happened, if that is more than before.
pub(super) async fn remember(
    transaction: &Transaction,
    person: UserId,
    client: &OAuthClient,
    workspace_id: WorkspaceId,
    scopes: &[Scope],
) -> Result<(OAuthConsentId, Option<RecordedAction>)> {
    let (by, now) = (By::person(person).within(workspace_id), clock::now());
    let told = |row: Row| Consent::of(row, client.name.clone());
    if let Some(known) = oauth_consents::find(transaction, person, client.id, workspace_id).await? {
        if covers(&known, scopes) {
            return Ok((known.id, None));
        }
        let is_agreed = |scope: &Scope| known.scopes.0.contains(scope) || scopes.contains(scope);
        let all = Scope::ALL.into_iter().filter(is_agreed).collect();
        let widened = Row { scopes: Json(all), updated_at: now, ..known.clone() };
        oauth_consents::update(transaction, widened.clone()).await?;
        let id = known.id;
        return Ok((id, Some(GRANTED.edited(by, &told(known), &told(widened))?)));
    }
    if oauth_consents::count(transaction, person).await? >= CONSENTS_MAX {
        let message =
            format!("A person lets at most {CONSENTS_MAX} programs act for them. Revoke a consent that is not used.");
        return Err(Error::new(ErrorKind::Conflict, "too_many_consents", message));
    }
    let row = Row {
        id: OAuthConsentId::new(),
        user_id: person,
        client_id: client.id,
        workspace_id,
        scopes: Json(scopes.to_vec()),
        created_at: now,
        updated_at: now,
    };
    oauth_consents::insert(transaction, row.clone()).await?;
    Ok((row.id, Some(GRANTED.made(by, &told(row))?)))
}

/// Whether a consent is for all of these.
pub(super) fn covers(consent: &Row, scopes: &[Scope]) -> bool {
    scopes.iter().all(|scope| consent.scopes.0.contains(scope))
}
