//! What each link was ever clicked, as reports count by default; kept for good, also when old clicks are deleted.

use std::collections::HashMap;

use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{QueryBuilder, Row, Sqlite};

use super::condition::hexadecimal_list;
use super::connection::ClickStore;
use super::reading::Reading;
use super::row::{id, id_bytes};
use crate::domain::id::{LinkId, WorkspaceId};
use crate::domain::time::Timestamp;
use crate::infra::click_store::totals::Gain;
use crate::infra::click_store::{ClickStoreError, LinkTotal};

/// Links in one statement.
const LINKS_PER_STATEMENT: usize = 500;

impl ClickStore {
    /// The totals of those of `links` that were ever clicked.
    ///
    /// # Errors
    /// The store is unavailable or too slow.
    pub async fn link_totals(
        &self,
        workspace_id: WorkspaceId,
        links: &[LinkId],
    ) -> Result<HashMap<LinkId, LinkTotal>, ClickStoreError> {
        let mut reading = Reading::begin(self).await?;
        let rows = sqlx::query(
            "SELECT link_id, clicks, last_click_at FROM link_totals \
             WHERE workspace_id = ? AND link_id IN (SELECT unhex(value) FROM json_each(?))",
        )
        .bind(id_bytes(workspace_id.as_uuid()))
        .bind(hexadecimal_list(links.iter().map(|link| link.as_uuid())))
        .fetch_all(reading.connection())
        .await?;
        Ok(rows.iter().map(read_total).collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    }
}

fn read_total(row: &SqliteRow) -> Result<Option<(LinkId, LinkTotal)>, sqlx::Error> {
    let total = LinkTotal {
        clicks: row.try_get::<i64, _>("clicks")?.cast_unsigned(),
        last_click_at: Timestamp::from_micros(row.try_get("last_click_at")?),
    };
    Ok(id(row, "link_id")?.map(|link| (LinkId::from_uuid(link), total)))
}

/// Adds what a batch brought.
pub(super) async fn add(
    connection: &mut SqliteConnection,
    gains: &HashMap<(WorkspaceId, LinkId), Gain>,
) -> Result<(), sqlx::Error> {
    let gains: Vec<_> = gains.iter().collect();
    for chunk in gains.chunks(LINKS_PER_STATEMENT) {
        let mut statement =
            QueryBuilder::<Sqlite>::new("INSERT INTO link_totals (workspace_id, link_id, clicks, last_click_at) ");
        statement.push_values(chunk, |mut row, ((workspace_id, link_id), gain)| {
            row.push_bind(id_bytes(workspace_id.as_uuid()))
                .push_bind(id_bytes(link_id.as_uuid()))
                .push_bind(gain.clicks)
                .push_bind(gain.last_click_at.as_micros());
        });
        statement.push(
            " ON CONFLICT (workspace_id, link_id) DO UPDATE SET clicks = clicks + excluded.clicks, \
             last_click_at = max(last_click_at, excluded.last_click_at)",
        );
        statement.build().persistent(false).execute(&mut *connection).await?;
    }
    Ok(())
}
