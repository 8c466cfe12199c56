//! Writes files of clicks.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::id::{ClickExportId, WorkspaceId};
use crate::infra::jobs::{Handlers, JobKind, Kind, Repeat};
use crate::services::analytics_api::Analytics;

/// How often an export is tried. With the pauses between them that takes about twenty minutes.
const TRIES: u16 = 9;

/// Writes this file of clicks.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::services::analytics_api) struct WriteClicks {
    pub(in crate::services::analytics_api) workspace_id: WorkspaceId,
    pub(in crate::services::analytics_api) export_id: ClickExportId,
}

impl JobKind for WriteClicks {
    const KIND: Kind = Kind::new("write_clicks", Duration::from_secs(60 * 60))
        .concurrency(2)
        .concurrency_per_key(1)
        .repeat(Repeat::UpTo(TRIES));
}

pub(super) fn handlers(analytics: &Analytics) -> Handlers {
    let analytics = analytics.clone();
    Handlers::default().on(move |WriteClicks { workspace_id, export_id }, attempt| {
        let analytics = analytics.clone();
        async move {
            let is_last_try = attempt.number() >= i64::from(TRIES);
            Ok(analytics.write_click_export(workspace_id, export_id, is_last_try).await?)
        }
    })
}
