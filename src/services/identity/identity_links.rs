//! Linking an identity of a provider to the account of somebody who is signed in, whatever its address.
//!
//! Invariants: it needs the password, where the account has one, and the session that asked for it is still there when the provider has
//! answered; an identity that belongs to somebody is never taken from them.

use std::net::IpAddr;

use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

use super::Identity;
use super::external_accounts::{ExternalPerson, again, require_domain};
use super::identities::{ExternalIdentity, LINKED};
use super::provider_sign_in::{BegunSignIn, Linker};
use super::providers::Provider;
use super::sign_in::require_enabled;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::{SessionId, UserId};
use crate::infra::store::{external_identities, sessions, users};
use crate::services::api_core::By;

/// The most identities of a person.
const IDENTITIES_MAX: u64 = 32;

/// Which provider, and proof that it is the owner of the account who asks.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IdentityLinkDraft {
    /// What the operator calls the provider.
    #[schema(max_length = 64, example = "corporate")]
    pub provider: String,
    /// The present password of the account. Only an account without one needs none.
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false, max_length = 128, format = "password", example = "correct horse battery")]
    pub password: Option<SecretString>,
    /// The path of this origin that the browser is sent to when the identity is linked; `/` if absent.
    #[serde(default)]
    #[schema(nullable = false, max_length = 1024, example = "/me")]
    pub return_to: Option<String>,
}

impl Identity {
    /// Sends a person to a provider, who is going to sign in through it as well from then on.
    ///
    /// # Errors
    /// `NotFound` if there is no such provider; `Forbidden` if the password is wrong; `Invalid` if `return_to` is no path of this origin;
    /// `Conflict` if the person has too many identities; `Unavailable` if the provider is unavailable.
    pub async fn begin_identity_link(
        &self,
        (person, session): (UserId, SessionId),
        draft: IdentityLinkDraft,
        address: Option<IpAddr>,
    ) -> Result<BegunSignIn> {
        self.providers.find(&draft.provider)?;
        let user = users::find(self.store.reader(), person).await?.ok_or_else(|| Error::not_found("account"))?;
        if user.password().is_some() {
            self.prove_password(person, draft.password.unwrap_or_default(), address).await?;
        }
        if external_identities::count(self.store.reader(), person).await? >= IDENTITIES_MAX {
            let message = format!("An account has at most {IDENTITIES_MAX} identities. Take one away first.");
            return Err(Error::new(ErrorKind::Conflict, "too_many_identities", message));
        }
        let linker = Linker { person, session };
        self.begin_at_provider(&draft.provider, draft.return_to.as_deref(), Some(linker)).await
    }

    /// Links who a provider says somebody is to the account that asked for it.
    pub(super) async fn link_identity(
        &self,
        provider: &Provider,
        person: &ExternalPerson,
        linker: Linker,
    ) -> Result<()> {
        require_domain(&provider.admission, person)?;
        let transaction = self.store.write().await?;
        let user = users::lock(&transaction, linker.person).await?.ok_or_else(session_is_over)?;
        sessions::find(&transaction, user.id, linker.session).await?.ok_or_else(session_is_over)?;
        require_enabled(&user)?;
        self.require_provider_allowed(&user, &person.provider)?;
        if let Some(known) = external_identities::find_by_subject(&transaction, &person.issuer, &person.subject).await?
        {
            return if known.user_id == user.id { Ok(()) } else { Err(identity_taken()) };
        }
        let row = person.row(user.id);
        if !external_identities::insert(&transaction, row.clone()).await? {
            return Err(again());
        }
        let linked = LINKED.made(By::person(user.id), &ExternalIdentity::from(row))?;
        self.commit(transaction, vec![linked]).await
    }
}

fn session_is_over() -> Error {
    let message = "The session that asked for this is over. Sign in, and link the identity again.";
    Error::new(ErrorKind::Forbidden, "session_over", message)
}

fn identity_taken() -> Error {
    let message = "This identity belongs to another account here. Sign in through the provider to use that one.";
    Error::new(ErrorKind::Conflict, "identity_taken", message)
}
