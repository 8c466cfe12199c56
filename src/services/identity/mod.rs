//! identity: accounts of people, how they prove who they are, and their sessions.
//!
//! Invariants: whether an address has an account shows neither in a response nor in how long it takes, and only mail to the address
//! tells; a session has a new secret after each sign-in and each change of what proves who somebody is; what was used once
//! (a code of a mail, of a second factor, a recovery code, a challenge) works no second time.

mod accounts;
mod attempts;
mod authenticator;
mod deliveries;
mod emails;
mod external_accounts;
mod foreign_credentials;
pub mod grpc;
mod identities;
mod identity_links;
pub mod jobs;
mod known_devices;
mod known_networks;
mod kratos_sessions;
mod mail_texts;
pub mod oauth;
mod one_time_token;
mod password_reset;
mod passwords;
mod provider_sign_in;
mod providers;
mod recovery_codes;
mod refusals;
mod registration;
pub mod rest;
mod second_factor;
mod second_factor_sign_in;
mod sessions;
mod sign_in;

pub use emails::{ConfirmEmail, ConfirmedEmail, EmailChange};
pub use identities::ExternalIdentity;
pub use identity_links::IdentityLinkDraft;
pub use password_reset::{NewPassword, ResetRequest};
pub use passwords::PasswordChange;
pub use provider_sign_in::{BegunSignIn, FinishedSignIn, ProviderAnswer, SIGN_IN_HOLDS_FOR};
pub use registration::{RegistrationDraft, RegistrationRequest};
pub use second_factor::{Enrolment, PasswordProof, RecoveryCodes, SecondFactor, SecondFactorCode};
pub use second_factor_sign_in::CodeSignIn;
pub use sessions::{IssuedSession, Person, Session};
pub use sign_in::{Challenge, Client, SignIn, SignInStep};

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use attempts::AllAttempts;
use jobs::AccountMail;
use providers::Providers;

use crate::config::Config;
use crate::domain::error::Result;
use crate::infra::cache::redis::Redis;
use crate::infra::jobs::{NewJob, enqueue};
use crate::infra::passwords::Passwords;
use crate::infra::sealing::Sealing;
use crate::infra::store::{Store, Transaction};
use crate::services::api_core::{ActionKind, ApiCore, REGISTERED, RecordedAction};

/// What the service records.
pub const ACTIONS: &[ActionKind] = &[
    sessions::STARTED.kind(),
    sessions::ENDED.kind(),
    REGISTERED.kind(),
    accounts::PASSWORD_CHANGED.kind(),
    accounts::PASSWORD_RESET.kind(),
    accounts::EMAIL_VERIFIED.kind(),
    accounts::EMAIL_CHANGED.kind(),
    accounts::SECOND_FACTOR_ENABLED.kind(),
    accounts::SECOND_FACTOR_DISABLED.kind(),
    accounts::RECOVERY_CODES_REPLACED.kind(),
    accounts::DISABLED.kind(),
    accounts::ENABLED.kind(),
    accounts::SECOND_FACTOR_RESET.kind(),
    oauth::CREATED.kind(),
    oauth::UPDATED.kind(),
    oauth::ROTATED.kind(),
    oauth::DELETED.kind(),
    oauth::GIVEN_BACK.kind(),
    oauth::GRANTED.kind(),
    oauth::REUSED.kind(),
    oauth::REVOKED.kind(),
    identities::LINKED.kind(),
    identities::UNLINKED.kind(),
];

/// What the use cases need. Clones share it.
#[derive(Clone)]
pub struct Identity {
    core: ApiCore,
    store: Store,
    passwords: Passwords,
    sealing: Sealing,
    attempts: Arc<AllAttempts>,
    providers: Providers,
    settings: Arc<Settings>,
}

/// What the operator decides.
struct Settings {
    /// How long a session lasts.
    session_lifetime: Duration,
    /// Whether anybody may make an account.
    open_registration: bool,
    /// How the instance is called in authenticators.
    public_url: Url,
}

impl Identity {
    /// The service on the store of `core`, by which it commits. All processes with this Redis count attempts together.
    ///
    /// # Errors
    /// An identity provider of the settings cannot be used.
    pub fn new(config: &Config, core: ApiCore, sealing: Sealing, redis: Option<&Redis>) -> Result<Self> {
        let settings = Settings {
            session_lifetime: config.api.session_lifetime(),
            open_registration: config.identity.open_registration,
            public_url: config.api.public_url.clone(),
        };
        let providers = Providers::new(&config.identity, &config.api.public_url)?;
        let (store, passwords) = (core.store().clone(), core.passwords().clone());
        let (attempts, settings) = (Arc::new(AllAttempts::new(redis)), Arc::new(settings));
        Ok(Self { core, store, passwords, sealing, attempts, providers, settings })
    }

    /// Has a mail written once the transaction is committed, so that no response waits for a relay.
    async fn enqueue(&self, transaction: &Transaction, mail: AccountMail) -> Result<()> {
        enqueue(transaction, NewJob::of(&mail)?).await?;
        Ok(())
    }

    /// Commits with what happened written down. Edges need to know of none of it.
    async fn commit(&self, transaction: Transaction, recorded_actions: Vec<RecordedAction>) -> Result<()> {
        self.core.commit(transaction, recorded_actions, Vec::new()).await
    }
}
