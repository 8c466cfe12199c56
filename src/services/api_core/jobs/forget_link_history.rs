//! Forgets what links were long ago, what was asked for of them, deleted links that nobody restored in time, and edits of many links that are done.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::error::Result;
use crate::domain::id::LinkId;
use crate::infra::jobs::{CronKind, Handlers, JobKind, Kind};
use crate::infra::store::{bulk_edits, change_requests, deleted_links, link_comments, link_versions};
use crate::runtime::deletion_clock;
use crate::services::api_core::ApiCore;
use crate::services::api_core::links::kept_slug;

/// How many rows one transaction forgets; few enough that no writer waits for it noticeably.
const STEP: u64 = 200;

/// Forgets what links were long ago.
#[derive(Debug, Default, Serialize, Deserialize)]
struct ForgetLinkHistory {}

impl JobKind for ForgetLinkHistory {
    const KIND: Kind = Kind::new("forget_link_history", Duration::from_secs(30 * 60)).concurrency(1);
}

impl CronKind for ForgetLinkHistory {
    const EVERY: Duration = Duration::from_secs(60 * 60);
}

impl ApiCore {
    async fn forget_some_deleted_links(&self) -> Result<usize> {
        let end = deletion_clock::now().minus(self.settings.link_history.deleted_kept_for);
        let transaction = self.store.write().await?;
        let rows = deleted_links::lock_deleted_before(&transaction, end, STEP).await?;
        let ids: Vec<LinkId> = rows.iter().map(|row| row.id).collect();
        let stale = rows.iter().filter_map(kept_slug).collect();
        deleted_links::purge(&transaction, &ids).await?;
        link_versions::forget_all(&transaction, &ids).await?;
        link_comments::forget_all(&transaction, &ids).await?;
        self.commit(transaction, Vec::new(), stale).await?;
        Ok(ids.len())
    }

    async fn forget_bulk_edits(&self) -> Result<()> {
        let end = deletion_clock::now().minus(self.settings.link_history.deleted_kept_for);
        let transaction = self.store.write().await?;
        bulk_edits::forget_finished_before(&transaction, end).await?;
        transaction.commit().await
    }

    async fn forget_some_change_requests(&self) -> Result<u64> {
        let end = deletion_clock::now().minus(self.settings.link_history.kept_for);
        let transaction = self.store.write().await?;
        let forgotten = change_requests::forget_before(&transaction, end, STEP).await?;
        transaction.commit().await?;
        Ok(forgotten)
    }

    async fn forget_some_versions(&self) -> Result<usize> {
        let end = deletion_clock::now().minus(self.settings.link_history.kept_for);
        let transaction = self.store.write().await?;
        let forgotten = link_versions::forget_replaced_before(&transaction, end, STEP).await?;
        transaction.commit().await?;
        Ok(forgotten)
    }
}

pub(super) fn handlers(core: &ApiCore) -> Handlers {
    let core = core.clone();
    Handlers::default().on_tick(move |_: ForgetLinkHistory, _| {
        let core = core.clone();
        async move {
            while core.forget_some_deleted_links().await? > 0 {}
            while core.forget_some_versions().await? > 0 {}
            while core.forget_some_change_requests().await? > 0 {}
            Ok(core.forget_bulk_edits().await?)
        }
    })
}
