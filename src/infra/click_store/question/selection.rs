//! Which clicks a report is about.

use super::dimension::{Dimension, Value};
use super::labels::{KINDS, kind_label};
use crate::domain::id::{LinkId, WorkspaceId};
use crate::domain::query_limits::QueryLimits;
use crate::domain::time::Timestamp;

/// A range of time: `from` is in it, `to` is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// Its first moment.
    pub from: Timestamp,
    /// The first moment after it.
    pub to: Timestamp,
}

/// What is counted although it is left out by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Include {
    /// Crawlers, monitors and scripts.
    pub bots: bool,
    /// Link previews of messengers and social networks.
    pub previews: bool,
    /// Pages that a browser fetched before anybody asked for them.
    pub prefetches: bool,
    /// Requests with the method HEAD.
    pub heads: bool,
    /// Visitors who asked not to be tracked, where the workspace leaves them out.
    pub opted_out: bool,
}

impl Include {
    /// Nothing is left out.
    pub const EVERYTHING: Self = Self { bots: true, previews: true, prefetches: true, heads: true, opted_out: true };
}

/// One condition on a dimension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// Of which property.
    pub dimension: Dimension,
    /// Any of these; `None` is a click that lacks the property.
    pub any_of: Vec<Option<Value>>,
    /// Or any of these texts within the property, whatever the case of the letters A to Z.
    pub any_part: Vec<Box<str>>,
    /// Whether it is the clicks to which none of that applies.
    pub negated: bool,
}

impl Filter {
    /// The clicks that have any of these values; `None` is a click that lacks the property.
    #[must_use]
    pub const fn any_of(dimension: Dimension, any_of: Vec<Option<Value>>) -> Self {
        Self { dimension, any_of, any_part: Vec::new(), negated: false }
    }
}

/// Which clicks a report is about. All conditions hold together.
///
/// Only redirects of people are counted, without prefetches, HEAD requests and those who have opted out, unless `include` says otherwise.
/// A filter on the kind or the agent takes the place of the default for that dimension, unless it is negated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// Whose clicks.
    pub workspace_id: WorkspaceId,
    /// When they were.
    pub period: Period,
    /// What is counted although it is left out by default.
    pub include: Include,
    /// What else must hold.
    pub filters: Vec<Filter>,
    /// Links whose clicks are left out without a word, because whoever asks may not know of them.
    pub hidden_links: Vec<LinkId>,
    /// What asking for them may take, where that is something of the workspace's own.
    pub limits: QueryLimits,
}

impl Selection {
    /// All clicks of a period, whatever they are.
    #[must_use]
    pub fn everything(workspace_id: WorkspaceId, period: Period) -> Self {
        let kinds = KINDS.map(|kind| Some(Value::Text(kind_label(kind).into())));
        Self {
            workspace_id,
            period,
            include: Include::EVERYTHING,
            filters: vec![Filter::any_of(Dimension::Kind, kinds.to_vec())],
            hidden_links: Vec::new(),
            limits: QueryLimits::default(),
        }
    }

    /// Those clicks of the selection that are of these links.
    pub(in crate::infra::click_store) fn of_links(&self, links: &[LinkId]) -> Self {
        let mut selection = self.clone();
        let links = links.iter().map(|link| Some(Value::Id(link.as_uuid()))).collect();
        selection.filters.push(Filter::any_of(Dimension::Link, links));
        selection
    }

    /// Whether a filter takes the place of what is counted by default for this dimension.
    #[must_use]
    pub fn filters_on(&self, dimension: Dimension) -> bool {
        self.filters.iter().any(|filter| filter.dimension == dimension && !filter.negated)
    }
}
