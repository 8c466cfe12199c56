//! Forgets codes of mails, challenges of sign-ins and marks of sessions at providers that have expired, and devices
//! and networks that nobody uses.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::AccountMails;
use crate::infra::jobs::{CronKind, Handlers, JobKind, Kind};
use crate::infra::store::{external_sessions, known_devices, known_networks, mail_tokens, sign_in_challenges};
use crate::runtime::{clock, deletion_clock};
use crate::services::identity::{known_devices as devices, known_networks as networks};

/// Forgets codes of mails, challenges of sign-ins and marks of sessions at providers that have expired.
#[derive(Debug, Default, Serialize, Deserialize)]
struct ForgetCodes {}

impl JobKind for ForgetCodes {
    const KIND: Kind = Kind::new("forget_codes", Duration::from_secs(60)).concurrency(1);
}

impl CronKind for ForgetCodes {
    const EVERY: Duration = Duration::from_secs(15 * 60);
}

pub(super) fn handlers(mails: &AccountMails) -> Handlers {
    let store = mails.store().clone();
    Handlers::default().on_tick(move |_: ForgetCodes, attempt| {
        let store = store.clone();
        async move {
            let transaction = store.write().await?;
            mail_tokens::delete_expired(&transaction, clock::now()).await?;
            sign_in_challenges::delete_expired(&transaction, clock::now()).await?;
            external_sessions::delete_expired(&transaction, clock::now()).await?;
            known_devices::delete_unused_since(&transaction, deletion_clock::now().minus(devices::REMEMBERED_FOR))
                .await?;
            known_networks::delete_unused_since(&transaction, deletion_clock::now().minus(networks::REMEMBERED_FOR))
                .await?;
            attempt.finish(&transaction).await?;
            Ok(transaction.commit().await?)
        }
    })
}
