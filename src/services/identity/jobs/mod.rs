//! What identity leaves to workers: one file a kind.

mod account_mail;
mod forget_authorizations;
mod forget_codes;

pub use super::deliveries::AccountMails;
pub use account_mail::AccountMail;

use crate::infra::jobs::Handlers;

/// The kinds of jobs of the service, and how they are done.
#[must_use]
pub fn handlers(mails: &AccountMails) -> Handlers {
    Handlers::default()
        .and(account_mail::handlers(mails))
        .and(forget_codes::handlers(mails))
        .and(forget_authorizations::handlers(mails))
}
