//! Clicks one by one, in an order that pages can be cut from.

use std::time::Duration;

use super::selection::Selection;
use crate::domain::time::Timestamp;
use crate::infra::click_store::click::EnrichedClick;
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

impl Selection {
    /// The same selection, ended where the page begins: what the index by time can use.
    pub(in crate::infra::click_store) fn up_to(&self, after: Option<EventPosition>) -> Self {
        let mut selection = self.clone();
        if let Some(after) = after {
            selection.period.to = selection.period.to.min(after.at.plus(Duration::from_micros(1)));
        }
        selection
    }
}
