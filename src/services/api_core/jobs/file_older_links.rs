//! Files those links anew that an older release has filed by another form, so that they are found by all of their text.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::error::Result;
use crate::infra::jobs::{Handlers, JobFailure, JobKind, Kind, NewJob, enqueue};
use crate::infra::store::links::{self, SEARCH_FORM};
use crate::services::api_core::ApiCore;
use crate::services::api_core::links::file;

/// How many links one transaction files anew; few enough that no writer waits for it noticeably.
const STEP: u64 = 200;

/// Files links under this form.
#[derive(Debug, Serialize, Deserialize)]
struct FileOlderLinks {
    form: i64,
}

impl JobKind for FileOlderLinks {
    const KIND: Kind = Kind::new("file_older_links", Duration::from_secs(60 * 60)).concurrency(1);
}

impl ApiCore {
    /// Has links of an older release filed anew. Call it at each start of the service.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn enqueue_filing_of_older_links(&self) -> Result<()> {
        let transaction = self.store.write().await?;
        let job = NewJob::of(&FileOlderLinks { form: SEARCH_FORM })?.unique(SEARCH_FORM.to_string());
        enqueue(&transaction, job).await?;
        transaction.commit().await
    }

    async fn file_some_older_links(&self) -> Result<usize> {
        let transaction = self.store.write().await?;
        let rows = links::lock_older_search_forms(&transaction, STEP).await?;
        let filed = rows.len();
        for mut row in rows {
            file(&mut row);
            links::write_search_key(&transaction, row.id, row.search_key).await?;
        }
        transaction.commit().await?;
        Ok(filed)
    }
}

pub(super) fn handlers(core: &ApiCore) -> Handlers {
    let core = core.clone();
    Handlers::default().on(move |FileOlderLinks { form }, _| {
        let core = core.clone();
        async move {
            if form != SEARCH_FORM {
                return Err(JobFailure::new(format!("this release files links by form {SEARCH_FORM}, not {form}")));
            }
            while core.file_some_older_links().await? > 0 {}
            Ok(())
        }
    })
}
