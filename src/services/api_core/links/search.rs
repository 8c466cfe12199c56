//! What links are found by, and how links that were filed under an older form come under the present one.

use crate::domain::error::Result;
use crate::domain::folded_text::{fold, readable};
use crate::infra::store::links::{self, Link as Row, SEARCH_FORM};
use crate::services::api_core::ApiCore;

/// How many links one transaction files anew; few enough that no writer waits for it noticeably.
const STEP: u64 = 200;

/// Files a link under its slug, its destination as written and as read, and its title: folded, a line each.
pub(super) fn file(row: &mut Row) {
    let written = row.destination_url.as_str();
    let readable = readable(&row.destination_url);
    let readable = if readable == written { "" } else { &readable };
    let title = row.title.as_deref().unwrap_or_default();
    row.search_key = fold(&format!("{}\n{written}\n{readable}\n{title}", row.slug));
    row.search_form = SEARCH_FORM;
}

impl ApiCore {
    /// Files those links anew that an older program has filed, step by step, until there are none or the process stops.
    ///
    /// # Errors
    /// Only those of the store; the rest is left for the next time.
    pub(in crate::services::api_core) async fn file_older_links(&self) -> Result<()> {
        let stopping = self.tasks.stopping();
        while !stopping.is_cancelled() {
            let transaction = self.store.write().await?;
            let rows = links::lock_older_search_forms(&transaction, STEP).await?;
            if rows.is_empty() {
                return Ok(());
            }
            for mut row in rows {
                file(&mut row);
                links::write_search_key(&transaction, row.id, row.search_key).await?;
            }
            transaction.commit().await?;
        }
        Ok(())
    }
}
