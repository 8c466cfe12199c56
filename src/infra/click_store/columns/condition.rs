//! Which clicks of a block a report is about. A condition is asked once a value, and then looked up for each click.

use std::collections::HashSet;

use super::block::{Block, Part};
use super::property::{Class, Property};
use crate::domain::click::ClickKind;
use crate::domain::rule::AgentClass;
use crate::infra::click_store::{Dimension, Filter, Selection, Value};

/// Whether each click is selected.
pub fn selected(block: &Block, selection: &Selection) -> Vec<bool> {
    let mut kept = within_period(block, selection);
    if let Some(classes) = block.column(Property::Class) {
        narrow(&mut kept, classes.codes(), &classes.matches(|class| is_counted(class, selection)));
    }
    let hidden = (!selection.hidden_links.is_empty()).then(|| hidden_links(selection));
    for filter in hidden.iter().chain(&selection.filters) {
        if let Some(column) = block.column(Property::of(filter.dimension)) {
            let listed = filter.any_of.iter().map(Option::as_ref).collect();
            narrow(&mut kept, column.codes(), &column.matches(|value| fits(filter, &listed, value)));
        }
    }
    kept
}

/// The parts that [`selected`] looks at; the times only where the clicks are not all within the period.
pub fn parts(selection: &Selection, is_whole: bool) -> Vec<Part> {
    let mut parts = vec![Part::Column(Property::Class)];
    if !is_whole {
        parts.push(Part::At);
    }
    if !selection.hidden_links.is_empty() {
        parts.push(Part::Column(Property::of(Dimension::Link)));
    }
    parts.extend(selection.filters.iter().map(|filter| Part::Column(Property::of(filter.dimension))));
    parts
}

/// The parts that events are chosen by.
pub fn selecting_parts(selection: &Selection) -> Vec<Part> {
    let mut parts = parts(selection, false);
    parts.extend([Part::Position, Part::Column(Property::Journal)]);
    parts.sort_unstable();
    parts.dedup();
    parts
}

fn within_period(block: &Block, selection: &Selection) -> Vec<bool> {
    let at = block.at();
    if at.is_empty() {
        return vec![true; block.clicks()];
    }
    let place = |moment: i64| at.partition_point(|at| *at < moment);
    let (first, beyond) = (place(selection.period.from.as_micros()), place(selection.period.to.as_micros()));
    (0..block.clicks()).map(|index| (first..beyond).contains(&index)).collect()
}

fn narrow(kept: &mut [bool], codes: &[u32], fits: &[bool]) {
    if fits.iter().all(|fits| *fits) {
        return;
    }
    for (kept, code) in kept.iter_mut().zip(codes) {
        *kept &= fits.get(*code as usize).copied().unwrap_or_default();
    }
}

fn hidden_links(selection: &Selection) -> Filter {
    let links = selection.hidden_links.iter().map(|link| Some(Value::Id(link.as_uuid()))).collect();
    Filter { negated: true, ..Filter::any_of(Dimension::Link, links) }
}

/// Whether clicks of this class are counted unless a filter says otherwise.
fn is_counted(class: Option<&Value>, selection: &Selection) -> bool {
    let Ok(class) = Class::read(class) else { return false };
    let include = selection.include;
    let agent = match class.agent {
        AgentClass::Human => true,
        AgentClass::Bot => include.bots,
        AgentClass::Preview => include.previews,
    };
    (agent || selection.filters_on(Dimension::Agent))
        && (class.kind == ClickKind::Redirect || selection.filters_on(Dimension::Kind))
        && (include.prefetches || !class.prefetch)
        && (include.heads || !class.head)
        && (include.opted_out || !class.opted_out)
}

/// Whether a filter lets a value of its column through. `listed` are the values that it names, of which there may be very many.
fn fits(filter: &Filter, listed: &HashSet<Option<&Value>>, value: Option<&Value>) -> bool {
    let of_class = match filter.dimension {
        Dimension::Kind | Dimension::Agent => Class::read(value).ok().map(|class| class.value_of(filter.dimension)),
        _ => None,
    };
    let value = of_class.as_ref().or(value);
    (listed.contains(&value) || filter.any_part.iter().any(|part| has_part(value, part))) != filter.negated
}

fn has_part(value: Option<&Value>, part: &str) -> bool {
    match value {
        Some(Value::Text(text)) => text.to_ascii_lowercase().contains(&part.to_ascii_lowercase()),
        _ => false,
    }
}
