//! Which clicks are to be deleted.

use super::selection::{Filter, Period, Selection};
use super::{Dimension, Value};
use crate::domain::id::{LinkId, WorkspaceId};

/// Clicks of a workspace that are to be deleted, whatever they are. All conditions hold together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Erasure {
    /// Whose clicks.
    pub workspace_id: WorkspaceId,
    /// When they were.
    pub period: Period,
    /// Those of this link alone.
    pub link_id: Option<LinkId>,
    /// Those of this visitor alone, who has one number on one day.
    pub visitor: Option<u64>,
}

impl Erasure {
    /// The same as a question; it says nothing of the visitor.
    pub(in crate::infra::click_store) fn selection(&self) -> Selection {
        let mut selection = Selection::everything(self.workspace_id, self.period);
        let link = self.link_id.map(|link| Filter::any_of(Dimension::Link, vec![Some(Value::Id(link.as_uuid()))]));
        selection.filters.extend(link);
        selection
    }
}
