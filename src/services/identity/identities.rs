//! Who a person is to identity providers, for the person.

use serde::Serialize;
use utoipa::ToSchema;

use super::Identity;
use super::sessions::{ENDED, SESSIONS_MAX, Session};
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::{IdentityId, SessionId, UserId};
use crate::domain::time::Timestamp;
use crate::infra::store::external_identities::{self, ExternalIdentity as Row};
use crate::infra::store::page::Page;
use crate::infra::store::{Transaction, sessions, users};
use crate::runtime::clock;
use crate::services::api_core::{Action, By, Recorded, RecordedAction};

pub(super) const LINKED: Action<ExternalIdentity> =
    Action::new("identity.linked", "A person came through an identity provider for the first time.");
pub(super) const UNLINKED: Action<ExternalIdentity> = Action::new(
    "identity.unlinked",
    "A person took an identity away; the sessions that came through its provider ended.",
);

/// Who a person is to an identity provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ExternalIdentity {
    /// Its id.
    pub id: IdentityId,
    /// What the operator calls the provider.
    #[schema(example = "corporate")]
    pub provider: String,
    /// What the provider calls itself.
    #[schema(example = "https://login.example.com")]
    pub issuer: String,
    /// What it calls the person.
    #[schema(example = "248289761001")]
    pub subject: String,
    /// The verified address that it told last; empty if it told none.
    pub email: String,
    /// When it was linked to the account.
    pub created_at: Timestamp,
    /// When the person last signed in by it.
    pub last_used_at: Timestamp,
}

impl Recorded for ExternalIdentity {
    fn subject(&self) -> String {
        self.id.to_string()
    }
}

impl From<Row> for ExternalIdentity {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            provider: row.provider,
            issuer: row.issuer,
            subject: row.subject,
            email: row.email,
            created_at: row.created_at,
            last_used_at: row.last_used_at,
        }
    }
}

impl Identity {
    /// A page of a person's identities, newest first.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn list_identities(&self, person: UserId, page: Page) -> Result<Vec<ExternalIdentity>> {
        let rows = external_identities::list(self.store.reader(), person, page).await?;
        Ok(rows.into_iter().map(ExternalIdentity::from).collect())
    }

    /// Takes an identity from a person, and ends the other sessions that came through its provider.
    ///
    /// # Errors
    /// `NotFound` if they have no such identity; `Conflict` if they could not sign in any more.
    pub async fn unlink_identity(&self, person: UserId, current: SessionId, id: IdentityId) -> Result<()> {
        let not_found = || Error::not_found("identity");
        let transaction = self.store.write().await?;
        let user = users::lock(&transaction, person).await?.ok_or_else(not_found)?;
        let row = external_identities::find(&transaction, person, id).await?.ok_or_else(not_found)?;
        if user.password().is_none() && external_identities::count(&transaction, person).await? <= 1 {
            let message = "This is the last way to sign in to the account. Set a password first, by POST /v1/auth/password-reset.";
            return Err(Error::new(ErrorKind::Conflict, "last_way_in", message));
        }
        external_identities::delete(&transaction, person, id).await?;
        let mut recorded_actions = end_sessions_through(&transaction, person, &row.provider, current).await?;
        recorded_actions.push(UNLINKED.removed(By::person(person), &row.into())?);
        self.commit(transaction, recorded_actions).await
    }
}

async fn end_sessions_through(
    transaction: &Transaction,
    person: UserId,
    provider: &str,
    kept: SessionId,
) -> Result<Vec<RecordedAction>> {
    let all = Page { after: None, limit: SESSIONS_MAX };
    let mut ended = Vec::new();
    for row in sessions::list(transaction, person, clock::now(), all).await? {
        if row.provider == provider && row.id != kept {
            sessions::delete(transaction, person, row.id).await?;
            ended.push(ENDED.removed(By::person(person), &Session::of(row, Some(kept)))?);
        }
    }
    Ok(ended)
}
