//! What each link was ever clicked.

use std::collections::HashMap;

use super::click::{EnrichedClick, JournalledClick};
use crate::domain::click::ClickKind;
use crate::domain::id::{LinkId, WorkspaceId};
use crate::domain::time::Timestamp;

/// What a link was ever clicked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkTotal {
    /// Redirects of people: no bots, previews, prefetches or HEAD requests.
    pub clicks: u64,
    /// When the last of them was.
    pub last_click_at: Timestamp,
}

/// What a batch adds to a link.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Gain {
    pub(super) clicks: i64,
    pub(super) last_click_at: Timestamp,
}

impl Gain {
    /// One more click.
    fn add(&mut self, at: Timestamp) {
        self.clicks += 1;
        self.last_click_at = self.last_click_at.max(at);
    }
}

/// What the links of these clicks gain.
pub(super) fn counted_per_link(records: &[&JournalledClick]) -> HashMap<(WorkspaceId, LinkId), Gain> {
    let mut gains: HashMap<_, Gain> = HashMap::new();
    for click in records.iter().map(|record| &record.click).filter(|click| is_in_totals(click)) {
        if let (Some(workspace_id), Some(link_id)) = (click.workspace_id, click.link_id) {
            gains.entry((workspace_id, link_id)).or_default().add(click.at);
        }
    }
    gains
}

fn is_in_totals(click: &EnrichedClick) -> bool {
    click.kind == ClickKind::Redirect && click.is_counted()
}
