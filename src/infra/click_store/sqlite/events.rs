//! Raw clicks, newest first.

use sqlx::QueryBuilder;

use super::condition::push_where;
use super::connection::ClickStore;
use super::reading::Reading;
use super::row::{COLUMNS, read};
use crate::infra::click_store::{ClickStoreError, Event, EventPosition, Selection};

impl ClickStore {
    /// At most `limit` of the selected clicks, newest first, those after `after` in that order.
    ///
    /// # Errors
    /// The store is unavailable or too slow.
    pub async fn events(
        &self,
        selection: &Selection,
        after: Option<EventPosition>,
        limit: u32,
    ) -> Result<Vec<Event>, ClickStoreError> {
        let mut query = QueryBuilder::new(format!("SELECT {COLUMNS} FROM clicks"));
        push_where(&mut query, &selection.up_to(after));
        if let Some(after) = after {
            // The plus keeps the comparison out of the choice of an index; the period has narrowed it already.
            query.push(" AND (+at, journal_id, position) < (").push_bind(after.at.as_micros());
            query.push(", ").push_bind(after.journal_id.as_u64().cast_signed());
            query.push(", ").push_bind(after.position.cast_signed()).push(")");
        }
        query.push(" ORDER BY at DESC, journal_id DESC, position DESC LIMIT ").push_bind(limit);
        let mut reading = Reading::begin(self).await?;
        let rows = query.build().fetch_all(reading.connection()).await?;
        Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
    }
}
