//! Forgets sessions that have expired.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::infra::jobs::{CronKind, Handlers, JobKind, Kind};
use crate::infra::store::sessions;
use crate::runtime::clock;
use crate::services::api_core::ApiCore;

/// Forgets sessions that have expired.
#[derive(Debug, Default, Serialize, Deserialize)]
struct ForgetSessions {}

impl JobKind for ForgetSessions {
    const KIND: Kind = Kind::new("forget_sessions", Duration::from_secs(60)).concurrency(1);
}

impl CronKind for ForgetSessions {
    const EVERY: Duration = Duration::from_secs(15 * 60);
}

pub(super) fn handlers(core: &ApiCore) -> Handlers {
    let store = core.store().clone();
    Handlers::default().on_tick(move |_: ForgetSessions, attempt| {
        let store = store.clone();
        async move {
            let transaction = store.write().await?;
            sessions::delete_expired(&transaction, clock::now()).await?;
            attempt.finish(&transaction).await?;
            Ok(transaction.commit().await?)
        }
    })
}
