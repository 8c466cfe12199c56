//! Raw clicks, newest first.

use sqlx::{QueryBuilder, Sqlite};

use super::click::EnrichedClick;
use super::connection::ClickStore;
use super::error::ClickStoreError;
use super::reading::Reading;
use super::row::{COLUMNS, read};
use super::selection::Selection;
use crate::domain::time::Timestamp;

/// Where a click stands in the order of all clicks: by time, then by its record's identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventPosition {
    /// When it was answered.
    pub at: Timestamp,
    /// The journal it came from.
    pub journal_id: u64,
    /// Its position there.
    pub position: u64,
}

/// A stored click.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Where it stands; unique.
    pub position: EventPosition,
    /// What is known of it.
    pub click: EnrichedClick,
}

impl ClickStore {
    /// At most `limit` of the selected clicks, newest first, those after `after` in that order.
    ///
    /// # Errors
    /// The store is away or too slow.
    pub async fn events(
        &self,
        selection: &Selection,
        after: Option<EventPosition>,
        limit: u32,
    ) -> Result<Vec<Event>, ClickStoreError> {
        let mut query = QueryBuilder::new(format!("SELECT {COLUMNS} FROM clicks"));
        selection.push_where(&mut query);
        if let Some(after) = after {
            push_after(&mut query, after);
        }
        query.push(" ORDER BY at DESC, journal_id DESC, position DESC LIMIT ").push_bind(limit);
        let mut reading = Reading::begin(self).await?;
        let rows = query.build().fetch_all(reading.connection()).await?;
        Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
    }
}

fn push_after(query: &mut QueryBuilder<Sqlite>, after: EventPosition) {
    // The first condition is what the index can use.
    query.push(" AND at <= ").push_bind(after.at.as_micros());
    query.push(" AND (at, journal_id, position) < (").push_bind(after.at.as_micros());
    query.push(", ").push_bind(after.journal_id.cast_signed());
    query.push(", ").push_bind(after.position.cast_signed()).push(")");
}
