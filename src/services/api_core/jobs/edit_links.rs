//! Goes on with edits of many links.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::id::{BulkEditId, WorkspaceId};
use crate::infra::jobs::{Handlers, JobKind, Kind, Repeat};
use crate::services::api_core::ApiCore;

/// How often an edit is taken up again after a failure. What was done before stays done.
const TRIES: u16 = 20;

/// Makes this edit of many links.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::services::api_core) struct EditLinks {
    pub(in crate::services::api_core) workspace_id: WorkspaceId,
    pub(in crate::services::api_core) bulk_edit_id: BulkEditId,
}

impl JobKind for EditLinks {
    const KIND: Kind = Kind::new("edit_links", Duration::from_secs(60 * 60))
        .concurrency(2)
        .concurrency_per_key(1)
        .repeat(Repeat::UpTo(TRIES));
}

pub(super) fn handlers(core: &ApiCore) -> Handlers {
    let core = core.clone();
    Handlers::default().on(move |EditLinks { workspace_id, bulk_edit_id }, _| {
        let core = core.clone();
        async move { Ok(core.go_on_editing(workspace_id, bulk_edit_id).await?) }
    })
}
