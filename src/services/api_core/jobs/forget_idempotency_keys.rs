//! Forgets idempotency keys whose time is over.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::infra::jobs::{CronKind, Handlers, JobKind, Kind};
use crate::infra::store::idempotency_keys;
use crate::runtime::clock;
use crate::services::api_core::ApiCore;

/// Forgets idempotency keys whose time is over.
#[derive(Debug, Default, Serialize, Deserialize)]
struct ForgetIdempotencyKeys {}

impl JobKind for ForgetIdempotencyKeys {
    const KIND: Kind = Kind::new("forget_idempotency_keys", Duration::from_secs(60)).concurrency(1);
}

impl CronKind for ForgetIdempotencyKeys {
    const EVERY: Duration = Duration::from_secs(15 * 60);
}

pub(super) fn handlers(core: &ApiCore) -> Handlers {
    let store = core.store().clone();
    Handlers::default().on_tick(move |_: ForgetIdempotencyKeys, attempt| {
        let store = store.clone();
        async move {
            let transaction = store.write().await?;
            idempotency_keys::delete_expired(&transaction, clock::now()).await?;
            attempt.finish(&transaction).await?;
            Ok(transaction.commit().await?)
        }
    })
}
