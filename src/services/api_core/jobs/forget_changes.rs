//! Forgets changes that edges do not come back for any more.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::infra::jobs::{CronKind, Handlers, JobKind, Kind};
use crate::infra::store::changes;
use crate::runtime::clock;
use crate::services::api_core::{ApiCore, CHANGES_KEPT_FOR};

/// Forgets changes that edges do not come back for any more.
#[derive(Debug, Default, Serialize, Deserialize)]
struct ForgetChanges {}

impl JobKind for ForgetChanges {
    const KIND: Kind = Kind::new("forget_changes", Duration::from_secs(60)).concurrency(1);
}

impl CronKind for ForgetChanges {
    const EVERY: Duration = Duration::from_secs(15 * 60);
}

pub(super) fn handlers(core: &ApiCore) -> Handlers {
    let store = core.store().clone();
    Handlers::default().on_tick(move |_: ForgetChanges, attempt| {
        let store = store.clone();
        async move {
            let transaction = store.write().await?;
            changes::delete_before(&transaction, clock::now().minus(CHANGES_KEPT_FOR)).await?;
            attempt.finish(&transaction).await?;
            Ok(transaction.commit().await?)
        }
    })
}
