//! Signing in through an identity provider: where the browser is sent, and what it comes back with.
//!
//! Invariants: an answer counts only in the browser that asked, of the provider that was asked, within ten minutes, for which the browser
//! keeps the secrets of the request in a sealed cookie; nobody is sent to another origin than that of this API afterwards.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use url::Url;

use super::Identity;
use super::external_accounts::ExternalPerson;
use super::providers::Provider;
use super::sign_in::{Client, SignInStep};
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::{SessionId, UserId};
use crate::domain::role::Role;
use crate::domain::time::Timestamp;
use crate::infra::identity_provider::{Authorization, Callback, IdToken};
use crate::runtime::clock;
use crate::services::api_core::ProviderRole;

/// How long somebody may take at the provider.
pub const SIGN_IN_HOLDS_FOR: Duration = Duration::from_secs(10 * 60);
/// What the cookie is sealed for.
const CONTEXT: &str = "sign-in through a provider";
/// The longest place to go on, in bytes.
const RETURN_TO_BYTES_MAX: usize = 1024;
const RETURN_TO: &str = "return_to";

/// A sign-in that goes on at the provider.
pub struct BegunSignIn {
    /// Where the browser goes.
    pub url: Url,
    /// What the browser keeps until it comes back.
    pub kept: SecretString,
}

/// A sign-in that came back.
pub struct FinishedSignIn {
    /// What came of it; `None` where an identity was linked for somebody who is signed in.
    pub step: Option<SignInStep>,
    /// Where the browser goes on, on the origin of the API.
    pub return_to: Url,
}

/// What a browser comes back with.
#[derive(Debug, Clone)]
pub struct ProviderAnswer {
    /// What was sent along.
    pub state: Option<SecretString>,
    /// What is redeemed.
    pub code: Option<SecretString>,
    /// Whom the answer is from (RFC 9207).
    pub issuer: Option<String>,
    /// Why there is no code.
    pub error: Option<String>,
}

/// What the browser keeps, sealed.
#[derive(Serialize, Deserialize)]
struct Pending {
    provider: String,
    state: String,
    nonce: String,
    verifier: String,
    return_to: String,
    expires_at: Timestamp,
    /// Whose account the identity is to be linked to; a sign-in if absent.
    link_to: Option<Linker>,
}

/// Somebody who is signed in and wants to sign in through a provider as well.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Linker {
    pub(super) person: UserId,
    pub(super) session: SessionId,
}

impl Identity {
    /// Begins a sign-in through a provider.
    ///
    /// # Errors
    /// `NotFound` if there is no such provider; `Invalid` if `return_to` is no path of this origin; `Unavailable` if the provider is unavailable.
    pub async fn begin_provider_sign_in(&self, provider: &str, return_to: Option<&str>) -> Result<BegunSignIn> {
        self.begin_at_provider(provider, return_to, None).await
    }

    /// The same for a sign-in and for somebody who is signed in.
    pub(super) async fn begin_at_provider(
        &self,
        provider: &str,
        return_to: Option<&str>,
        link_to: Option<Linker>,
    ) -> Result<BegunSignIn> {
        let provider = self.providers.find(provider)?;
        let return_to = return_to.unwrap_or("/");
        self.local_url(return_to)?;
        let authorization = Authorization::random();
        let url = provider.issuer.authorization_url(&authorization).await?;
        let kept = self.keep(&Pending {
            provider: provider.issuer.name().to_owned(),
            state: authorization.state.expose_secret().to_owned(),
            nonce: authorization.nonce.expose_secret().to_owned(),
            verifier: authorization.verifier.expose_secret().to_owned(),
            return_to: return_to.to_owned(),
            expires_at: clock::now().plus(SIGN_IN_HOLDS_FOR),
            link_to,
        })?;
        Ok(BegunSignIn { url, kept })
    }

    /// Ends a sign-in through a provider, in the browser that kept this.
    ///
    /// # Errors
    /// `NotFound` if there is no such provider; `Forbidden` if this browser did not ask, the answer does not hold, or the person may not come
    /// in; `Conflict` if their address has an account that is not shown to be theirs; `Unavailable` if the provider is unavailable.
    pub async fn finish_provider_sign_in(
        &self,
        provider: &str,
        answer: ProviderAnswer,
        kept: Option<SecretString>,
        client: Client,
    ) -> Result<FinishedSignIn> {
        let provider = self.providers.find(provider)?;
        let pending = kept.and_then(|kept| self.pending(&kept)).ok_or_else(not_begun)?;
        let state = answer.state.as_ref().map(ExposeSecret::expose_secret).unwrap_or_default();
        let is_same: bool = pending.state.as_bytes().ct_eq(state.as_bytes()).into();
        if !is_same || pending.provider != provider.issuer.name() || pending.expires_at <= clock::now() {
            return Err(not_begun());
        }
        let return_to = self.local_url(&pending.return_to)?;
        let code = answer.code.ok_or_else(|| refused_by_provider(provider, answer.error.as_deref()))?;
        let authorization = Authorization {
            state: pending.state.into(),
            nonce: pending.nonce.into(),
            verifier: pending.verifier.into(),
        };
        let callback = Callback { code, issuer: answer.issuer };
        let token = provider.issuer.redeem(&authorization, &callback).await?;
        let person = ExternalPerson::of(provider, &token);
        let step = match pending.link_to {
            Some(linker) => self.link_identity(provider, &person, linker).await.map(|()| None)?,
            None => Some(self.let_in_through(provider, &token, &person, &client).await?),
        };
        Ok(FinishedSignIn { step, return_to })
    }

    async fn let_in_through(
        &self,
        provider: &Provider,
        token: &IdToken,
        person: &ExternalPerson,
        client: &Client,
    ) -> Result<SignInStep> {
        let transaction = self.store.write().await?;
        let (user, mut recorded_actions) = self.admit(&transaction, &provider.admission, person).await?;
        let roles = provider.roles(token);
        recorded_actions.extend(self.core.provide_roles(&transaction, &user, &person.provider, roles).await?);
        self.let_in(transaction, user, &person.provider, client, recorded_actions).await
    }

    /// A path of this API's origin, as a whole address. Browsers read more as another origin than they should, such as `/\`.
    fn local_url(&self, path: &str) -> Result<Url> {
        let refused =
            || Error::invalid_field(RETURN_TO, "not_local", "write a path of this origin, such as /links?tag=new");
        let is_path = path.starts_with('/') && !path.starts_with("//");
        let is_plain = !path.contains(|character: char| character == '\\' || character.is_control());
        if !is_path || !is_plain || path.len() > RETURN_TO_BYTES_MAX {
            return Err(refused());
        }
        let own = &self.settings.public_url;
        let url = own.join(path).map_err(|_| refused())?;
        let is_own = url.origin() == own.origin() && url.username().is_empty() && url.password().is_none();
        if is_own { Ok(url) } else { Err(refused()) }
    }

    fn keep(&self, pending: &Pending) -> Result<SecretString> {
        let text = serde_json::to_vec(pending).map_err(Error::internal)?;
        Ok(URL_SAFE_NO_PAD.encode(self.sealing.seal(CONTEXT, &text)?).into())
    }

    fn pending(&self, kept: &SecretString) -> Option<Pending> {
        let sealed = URL_SAFE_NO_PAD.decode(kept.expose_secret()).ok()?;
        let text = self.sealing.open(CONTEXT, sealed).ok()?;
        serde_json::from_slice(text.expose_secret()).ok()
    }
}

impl Provider {
    /// What the token says of every workspace that the settings name.
    fn roles(&self, token: &IdToken) -> Vec<ProviderRole> {
        let mut provided: Vec<ProviderRole> = Vec::new();
        for rule in &self.role_rules {
            let given = token.values(&self.role_claim).any(|value| value == rule.value).then_some(rule.role);
            match provided.iter_mut().find(|provided| provided.workspace == rule.workspace) {
                Some(known) => known.role = higher(known.role, given),
                None => provided.push(ProviderRole { workspace: rule.workspace, role: given }),
            }
        }
        provided
    }
}

/// The one with more rights, where several values give a role in one workspace.
fn higher(left: Option<Role>, right: Option<Role>) -> Option<Role> {
    let rank = |role: &Role| Role::ALL.iter().position(|known| known == role);
    left.into_iter().chain(right).min_by_key(rank)
}

fn not_begun() -> Error {
    let message = "This browser did not begin this sign-in, or more than 10 minutes ago. Begin it again.";
    Error::new(ErrorKind::Forbidden, "sign_in_not_begun", message)
}

fn refused_by_provider(provider: &Provider, error: Option<&str>) -> Error {
    let message = format!("{} did not sign you in. Begin again, or use another way.", provider.issuer.name());
    let reason: String =
        error.unwrap_or("no code").chars().filter(|character| !character.is_control()).take(100).collect();
    Error::new(ErrorKind::Forbidden, "provider_refused", message).caused_by(reason)
}
