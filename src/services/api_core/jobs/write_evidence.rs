//! Writes evidence exports.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::id::{EvidenceExportId, WorkspaceId};
use crate::infra::jobs::{Handlers, JobKind, Kind, Repeat};
use crate::services::api_core::ApiCore;

/// How often an export is tried. With the pauses between them that takes about twenty minutes.
const TRIES: u16 = 9;

/// Writes this evidence export.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::services::api_core) struct WriteEvidence {
    pub(in crate::services::api_core) workspace_id: WorkspaceId,
    pub(in crate::services::api_core) export_id: EvidenceExportId,
}

impl JobKind for WriteEvidence {
    const KIND: Kind = Kind::new("write_evidence", Duration::from_secs(60 * 60))
        .concurrency(2)
        .concurrency_per_key(1)
        .repeat(Repeat::UpTo(TRIES));
}

pub(super) fn handlers(core: &ApiCore) -> Handlers {
    let core = core.clone();
    Handlers::default().on(move |WriteEvidence { workspace_id, export_id }, attempt| {
        let core = core.clone();
        async move {
            let is_last_try = attempt.number() >= i64::from(TRIES);
            Ok(core.write_evidence_export(workspace_id, export_id, is_last_try).await?)
        }
    })
}
