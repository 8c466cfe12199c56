//! Forgets codes and tokens of programs that have expired, and authorizations of which nothing is left.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::AccountMails;
use crate::infra::jobs::{CronKind, Handlers, JobKind, Kind};
use crate::infra::store::{oauth_grants, oauth_tokens};
use crate::runtime::clock;

/// Forgets codes and tokens of programs that have expired, and authorizations of which nothing is left.
#[derive(Debug, Default, Serialize, Deserialize)]
struct ForgetAuthorizations {}

impl JobKind for ForgetAuthorizations {
    const KIND: Kind = Kind::new("forget_authorizations", Duration::from_secs(60)).concurrency(1);
}

impl CronKind for ForgetAuthorizations {
    const EVERY: Duration = Duration::from_secs(15 * 60);
}

pub(super) fn handlers(mails: &AccountMails) -> Handlers {
    let store = mails.store().clone();
    Handlers::default().on_tick(move |_: ForgetAuthorizations, attempt| {
        let store = store.clone();
        async move {
            let transaction = store.write().await?;
            oauth_grants::delete_expired(&transaction, clock::now()).await?;
            oauth_tokens::delete_expired(&transaction, clock::now()).await?;
            attempt.finish(&transaction).await?;
            Ok(transaction.commit().await?)
        }
    })
}
