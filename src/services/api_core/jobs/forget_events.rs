//! Forgets events that were kept long enough; where events are archived, only those that are.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::infra::jobs::{CronKind, Handlers, JobKind, Kind};
use crate::infra::store::{event_archive, events};
use crate::runtime::deletion_clock;
use crate::services::api_core::{ApiCore, metrics};

/// How many events one transaction forgets; few enough that no writer waits for it noticeably.
const STEP: u64 = 2_000;

/// Forgets events that were kept long enough.
#[derive(Debug, Default, Serialize, Deserialize)]
struct ForgetEvents {}

impl JobKind for ForgetEvents {
    const KIND: Kind = Kind::new("forget_events", Duration::from_secs(10 * 60)).concurrency(1);
}

impl CronKind for ForgetEvents {
    const EVERY: Duration = Duration::from_secs(15 * 60);
}

pub(super) fn handlers(core: &ApiCore) -> Handlers {
    let core = core.clone();
    Handlers::default().on_tick(move |_: ForgetEvents, attempt| {
        let core = core.clone();
        async move {
            let end = deletion_clock::now().minus(core.settings.events_kept_for);
            let is_archiving = core.settings.events_archived_for.is_some();
            let through = if is_archiving { event_archive::through(core.store.reader()).await? } else { i64::MAX };
            loop {
                let transaction = core.store.write().await?;
                let forgotten = events::delete_before(&transaction, end, through, STEP).await?;
                if forgotten < STEP {
                    attempt.finish(&transaction).await?;
                }
                transaction.commit().await?;
                metrics::events_forgotten().increment(forgotten);
                if forgotten < STEP {
                    return Ok(());
                }
            }
        }
    })
}
