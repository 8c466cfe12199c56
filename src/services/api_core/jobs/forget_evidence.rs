//! Forgets evidence exports that have expired, with their archives, and gives those up that nobody writes any more.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::infra::jobs::{CronKind, Handlers, JobKind, Kind};
use crate::infra::store::evidence_exports;
use crate::runtime::deletion_clock;
use crate::services::api_core::{ApiCore, evidence};

/// How many are forgotten at a time.
const STEP: u64 = 100;

/// Forgets evidence exports that have expired, and gives up what is stuck.
#[derive(Debug, Default, Serialize, Deserialize)]
struct ForgetEvidence {}

impl JobKind for ForgetEvidence {
    const KIND: Kind = Kind::new("forget_evidence", Duration::from_secs(10 * 60)).concurrency(1);
}

impl CronKind for ForgetEvidence {
    const EVERY: Duration = Duration::from_secs(60 * 60);
}

pub(super) fn handlers(core: &ApiCore) -> Handlers {
    let core = core.clone();
    Handlers::default().on_tick(move |_: ForgetEvidence, _| {
        let core = core.clone();
        async move {
            core.give_up_stuck_evidence_exports(STEP).await?;
            loop {
                let expired =
                    evidence_exports::expired_before(core.store.reader(), deletion_clock::now(), STEP).await?;
                if expired.is_empty() {
                    return Ok(());
                }
                for export in expired {
                    core.objects()?.delete(&evidence::archive_key(export.workspace_id, export.id)?).await?;
                    let transaction = core.store.write().await?;
                    evidence_exports::delete(&transaction, export.workspace_id, export.id).await?;
                    transaction.commit().await?;
                }
            }
        }
    })
}
