//! Access tokens and sessions of identity providers, for whoever authenticates a request.
//!
//! Invariants: a person's token speaks for the account that their subject is linked to, and makes none; a program's token does no more than
//! the operator gave the program; which account a session leads to is decided as at sign-in.

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::Identity;
use super::providers::Provider;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::ExternalClientId;
use crate::domain::role::Scope;
use crate::infra::identity_provider::{AccessToken, ProviderError};
use crate::infra::store::{external_identities, users};
use crate::runtime::origin;
use crate::services::api_core::{ForeignCredentials, ForeignHolder, ForeignSession, ForeignToken, Principal};

#[async_trait]
impl ForeignCredentials for Identity {
    async fn by_access_token(&self, token: &str) -> Result<Option<Principal>> {
        self.principal_of(token).await
    }

    async fn by_session(&self, session: &ForeignSession) -> Result<Option<Principal>> {
        self.kratos_session(session).await
    }

    fn require_passwords_allowed_for(&self, email_key: &str) -> Result<()> {
        Self::require_passwords_allowed_for(self, email_key)
    }
}

impl Identity {
    /// Boxed outside of the trait, as what is done for calls over gRPC is, and for the same reason.
    fn principal_of<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Option<Principal>>> {
        Box::pin(self.find_principal(token))
    }

    async fn find_principal(&self, token: &str) -> Result<Option<Principal>> {
        let provider = self.providers.iter().find(|provider| provider.issuer.may_have_given(token));
        let Some(provider) = provider else { return Ok(None) };
        if provider.issuer.has_to_ask(token) {
            self.count_question().await?;
        }
        let token = match provider.issuer.access_token(token).await {
            Ok(token) => token,
            Err(ProviderError::Unsound { .. }) => return Ok(None),
            Err(error) => return Err(unavailable(error)),
        };
        let holder = if token.is_of_client() { provider.client(&token) } else { self.person(provider, &token).await? };
        Ok(holder.map(|(holder, scopes)| {
            Principal::Foreign(ForeignToken { holder, scopes, holds_until: token.holds_until })
        }))
    }

    /// Counts a credential that a provider has to be asked about, for whoever sent it.
    pub(super) async fn count_question(&self) -> Result<()> {
        self.attempts.questions.take_from_address(origin::current().address).await
    }

    async fn person(&self, provider: &Provider, token: &AccessToken) -> Result<Option<(ForeignHolder, Vec<Scope>)>> {
        let Some(subject) = &token.subject else { return Ok(None) };
        let reader = self.store.reader();
        let identity = external_identities::find_by_subject(reader, provider.issuer.issuer(), subject).await?;
        let Some(identity) = identity else { return Ok(None) };
        let user = users::find(reader, identity.user_id).await?.filter(|user| user.disabled_at.is_none());
        let Some(user) = user else { return Ok(None) };
        self.require_provider_allowed(&user, provider.issuer.name())?;
        Ok(Some((ForeignHolder::Person(user.id), scopes(token))))
    }
}

impl Provider {
    fn client(&self, token: &AccessToken) -> Option<(ForeignHolder, Vec<Scope>)> {
        let rule = self.client_rules.iter().find(|rule| Some(&rule.client_id) == token.client_id.as_ref())?;
        let id = client_id(self.issuer.issuer(), &rule.client_id);
        let granted = scopes(token).into_iter().filter(|scope| rule.scopes.contains(scope)).collect();
        Some((ForeignHolder::Client { id, workspace_id: rule.workspace }, granted))
    }
}

/// The scopes of the token that mean something here: those with the names that API keys have.
fn scopes(token: &AccessToken) -> Vec<Scope> {
    let is_named = |scope: &Scope| token.scopes.iter().any(|name| name == scope.as_str());
    Scope::ALL.into_iter().filter(is_named).collect()
}

/// The same for the same program at every start and in every process.
fn client_id(issuer: &str, name: &str) -> ExternalClientId {
    let hash = Sha256::new().chain_update(issuer).chain_update([0]).chain_update(name).finalize();
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(hash).for_each(|(byte, of_hash)| *byte = of_hash);
    ExternalClientId::from_uuid(Uuid::from_bytes(bytes))
}

/// A provider that refuses to answer is misconfigured; whoever sent the token can do nothing about it.
pub(super) fn unavailable(error: ProviderError) -> Error {
    match error {
        ProviderError::Refused { .. } => {
            let message = "The identity provider refuses to say whose this is. Ask whoever runs this instance.";
            Error::new(ErrorKind::Unavailable, "provider_unavailable", message).caused_by(error)
        }
        other => other.into(),
    }
}
