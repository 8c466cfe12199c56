//! identity: accounts of people, how they prove who they are, and their sessions.
//!
//! Invariants: whether an address has an account shows neither in a response nor in how long it takes, and only mail to the address
//! tells; a session has a new secret after each sign-in and each change of what proves who somebody is; what was used once
//! (a code of a mail, of a second factor, a recovery code, a challenge) works no second time.

mod account_mail;
mod accounts;
mod attempts;
mod authenticator;
mod deliveries;
mod emails;
mod mail_texts;
mod one_time_token;
mod password_reset;
mod passwords;
mod recovery_codes;
mod registration;
pub mod rest;
mod second_factor;
mod second_factor_sign_in;
mod sessions;
mod sign_in;

pub use account_mail::AccountMail;
pub use accounts::Account;
pub use deliveries::AccountMails;
pub use emails::{ConfirmEmail, ConfirmedEmail, EmailChange};
pub use password_reset::{NewPassword, ResetRequest};
pub use passwords::PasswordChange;
pub use registration::{RegistrationDraft, RegistrationRequest};
pub use second_factor::{Enrolment, PasswordProof, RecoveryCodes, SecondFactor, SecondFactorCode};
pub use second_factor_sign_in::CodeSignIn;
pub use sessions::{IssuedSession, Person, Session};
pub use sign_in::{Challenge, Client, SignIn, SignInStep};

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use attempts::AllAttempts;

use crate::infra::cache::redis::Redis;
use crate::infra::passwords::Passwords;
use crate::infra::sealing::Sealing;
use crate::infra::store::Store;

/// What the use cases need. Clones share it.
#[derive(Clone)]
pub struct Identity {
    store: Store,
    passwords: Passwords,
    sealing: Sealing,
    attempts: Arc<AllAttempts>,
    settings: Arc<Settings>,
    interim: (AccountMails, crate::runtime::tasks::Tasks),
}

impl Identity {
    async fn enqueue(
        &self,
        _: &crate::infra::store::Transaction,
        mail: AccountMail,
    ) -> crate::domain::error::Result<()> {
        let mails = self.interim.0.clone();
        self.interim.1.spawn_finite("mail", async move {
            tokio::time::sleep(Duration::from_millis(300)).await;
            if let Err(error) = mails.deliver(&mail).await {
                tracing::error!(?error, "mail");
            }
        });
        Ok(())
    }
}

/// What the operator decides.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How long a session lasts.
    pub session_lifetime: Duration,
    /// Whether anybody may make an account.
    pub open_registration: bool,
    /// How the instance is called in authenticators.
    pub public_url: Url,
}

impl Identity {
    /// The service on this store. All processes with this Redis count attempts together.
    #[must_use]
    pub fn new(
        store: Store,
        passwords: Passwords,
        sealing: Sealing,
        redis: Option<&Redis>,
        settings: Settings,
        interim: (AccountMails, crate::runtime::tasks::Tasks),
    ) -> Self {
        Self {
            store,
            passwords,
            sealing,
            attempts: Arc::new(AllAttempts::new(redis)),
            settings: Arc::new(settings),
            interim,
        }
    }
}
