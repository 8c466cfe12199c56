//! Forgets invitations that have long expired.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::infra::jobs::{CronKind, Handlers, JobKind, Kind};
use crate::infra::store::invitations;
use crate::runtime::clock;
use crate::services::api_core::ApiCore;

/// How long an expired invitation is kept, so that members see it and can send it again.
const KEPT_FOR: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Forgets invitations that have long expired.
#[derive(Debug, Default, Serialize, Deserialize)]
struct ForgetInvitations {}

impl JobKind for ForgetInvitations {
    const KIND: Kind = Kind::new("forget_invitations", Duration::from_secs(60)).concurrency(1);
}

impl CronKind for ForgetInvitations {
    const EVERY: Duration = Duration::from_secs(60 * 60);
}

pub(super) fn handlers(core: &ApiCore) -> Handlers {
    let store = core.store().clone();
    Handlers::default().on_tick(move |_: ForgetInvitations, attempt| {
        let store = store.clone();
        async move {
            let transaction = store.write().await?;
            invitations::delete_expired_before(&transaction, clock::now().minus(KEPT_FOR)).await?;
            attempt.finish(&transaction).await?;
            Ok(transaction.commit().await?)
        }
    })
}
