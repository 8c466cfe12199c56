//! Forgets codes of mails and challenges of sign-ins that have expired, marks of sessions at providers that are long over, and devices
//! and networks that nobody uses.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::AccountMails;
use crate::infra::jobs::{CronKind, Handlers, JobKind, Kind};
use crate::infra::store::{external_sessions, known_devices, known_networks, mail_tokens, sign_in_challenges};
use crate::runtime::{clock, deletion_clock};
use crate::services::identity::kratos_sessions::ENDED_REMEMBERED_FOR;
use crate::services::identity::{known_devices as devices, known_networks as networks};

/// Forgets codes of mails and challenges of sign-ins that have expired, and what nobody comes back to.
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
            external_sessions::delete_over_before(&transaction, deletion_clock::now().minus(ENDED_REMEMBERED_FOR))
                .await?;
            known_devices::delete_unused_since(&transaction, deletion_clock::now().minus(devices::REMEMBERED_FOR))
                .await?;
            known_networks::delete_unused_since(&transaction, deletion_clock::now().minus(networks::REMEMBERED_FOR))
                .await?;
            attempt.finish(&transaction).await?;
            Ok(transaction.commit().await?)
        }
    })
}
