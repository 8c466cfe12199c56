//! Raw clicks, newest first.

use std::time::Duration;

use sqlx::QueryBuilder;

use super::click::EnrichedClick;
use super::connection::ClickStore;
use super::error::ClickStoreError;
use super::reading::Reading;
use super::row::{COLUMNS, read};
use super::selection::Selection;
use crate::domain::time::Timestamp;
use crate::infra::journal::JournalId;

/// Where a click stands in the order of all clicks: by time, then by its record's identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventPosition {
    /// When it was answered.
    pub at: Timestamp,
    /// The journal it came from.
    pub journal_id: JournalId,
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
        selection.up_to(after).push_where(&mut query);
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

impl Selection {
    /// The same selection, ended where the page begins: what the index by time can use.
    fn up_to(&self, after: Option<EventPosition>) -> Self {
        let mut selection = self.clone();
        if let Some(after) = after {
            selection.period.to = selection.period.to.min(after.at.plus(Duration::from_micros(1)));
        }
        selection
    }
}
