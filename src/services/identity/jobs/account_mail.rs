//! Mails to people about their accounts, as they wait to be written.
//!
//! Invariant: what waits holds no secret. A code is made when the mail that carries it is written, so that neither the queue of jobs
//! nor whoever reads it ever has one, and it holds from then on. What waits names the version of the credentials that it was asked for
//! under, and is written only while they are the same.

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::AccountMails;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::id::UserId;
use crate::domain::time::Timestamp;
use crate::infra::jobs::{Handlers, JobFailure, JobKind, Kind};

/// A mail to be written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "about", rename_all = "snake_case")]
pub enum AccountMail {
    /// A code to choose a new password with, if the address has an account.
    ResetPassword {
        /// The address, lower-cased.
        email_key: String,
        /// Those of the account when it was asked for; 0 where there was none.
        #[serde(default)]
        credentials_version: i64,
    },
    /// A code to make an account with, or word that there is one.
    Register {
        /// The address.
        email: String,
    },
    /// A code that shows that the account's address is right.
    VerifyEmail {
        /// Whose.
        user_id: UserId,
        /// Those of the account when it was asked for.
        #[serde(default)]
        credentials_version: i64,
    },
    /// A code that makes this the address of the account, or word that it has one.
    ChangeEmail {
        /// Whose.
        user_id: UserId,
        /// The new address.
        email: String,
        /// Those of the account when its owner proved the password.
        #[serde(default)]
        credentials_version: i64,
    },
    /// Word to the old address that there is a new one.
    EmailChanged {
        /// The old address.
        email: String,
        /// The new one.
        new_email: String,
    },
    /// Word that the password was changed.
    PasswordChanged {
        /// Whose.
        user_id: UserId,
    },
    /// Word that the second factor was switched on or off.
    SecondFactorChanged {
        /// Whose.
        user_id: UserId,
        /// Whether there is one now.
        is_on: bool,
    },
    /// Word that somebody signed in with something that the account has not been used with before.
    SignedInWithNewDevice {
        /// Whose account.
        user_id: UserId,
        /// What the program calls itself.
        user_agent: String,
        /// From where, if that is known.
        address: Option<IpAddr>,
        /// When.
        at: Timestamp,
    },
}

impl JobKind for AccountMail {
    const KIND: Kind = Kind::new("account_mail", Duration::from_secs(60));
}

pub(super) fn handlers(mails: &AccountMails) -> Handlers {
    let mails = mails.clone();
    Handlers::default().on(move |mail: AccountMail, _| {
        let mails = mails.clone();
        async move { mails.deliver(&mail).await.map_err(failure) }
    })
}

/// What the relay refuses for good is not sent again.
fn failure(error: Error) -> JobFailure {
    match error.kind {
        ErrorKind::Invalid => JobFailure::for_good(error.to_string()),
        _ => error.into(),
    }
}
