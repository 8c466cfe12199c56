//! What reports answer: counts, in total and by value.

use super::dimension::{Dimension, Value};
use super::selection::Selection;
use crate::domain::rule::AgentClass;
use crate::infra::click_store::columns::Class;

/// How many clicks, and of how many visitors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Clicks.
    pub clicks: u64,
    /// Distinct visitors. One person is a new visitor every day; those who asked not to be tracked are in none.
    pub visitors: u64,
}

/// Clicks that are kept and not counted, each under one reason: the first that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LeftOut {
    /// Of crawlers, monitors and scripts.
    pub bots: u64,
    /// Of messengers and social networks that make a preview of a link.
    pub previews: u64,
    /// Of browsers that fetched what nobody had asked for yet.
    pub prefetches: u64,
    /// With the method HEAD.
    pub heads: u64,
    /// Of visitors who asked not to be tracked, where the workspace leaves them out.
    pub opted_out: u64,
}

impl LeftOut {
    /// Counts clicks that are left out of `selection`, under the first reason that holds.
    pub(in crate::infra::click_store) fn add(&mut self, selection: &Selection, class: Class, clicks: u64) {
        let Class { agent, prefetch, head, opted_out, .. } = class;
        let include = selection.include;
        let by_agent = !selection.filters_on(Dimension::Agent);
        let reasons = [
            (&mut self.bots, by_agent && !include.bots && agent == AgentClass::Bot),
            (&mut self.previews, by_agent && !include.previews && agent == AgentClass::Preview),
            (&mut self.prefetches, !include.prefetches && prefetch),
            (&mut self.heads, !include.heads && head),
            (&mut self.opted_out, !include.opted_out && opted_out),
        ];
        if let Some((count, _)) = reasons.into_iter().find(|(_, holds)| *holds) {
            *count += clicks;
        }
    }
}

/// The clicks of one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BreakdownItem {
    /// The value; `None` where clicks lack the property.
    pub value: Option<Value>,
    /// Its clicks.
    pub counts: Counts,
}

/// Clicks by value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Breakdown {
    /// The values with the most clicks, most first.
    pub items: Vec<BreakdownItem>,
    /// How many values are not listed.
    pub other_values: u64,
    /// The clicks that belong to none of the listed values.
    pub other: Counts,
}
