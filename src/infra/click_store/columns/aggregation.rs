//! One pass over blocks that counts the selected clicks by group.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use super::block::{Block, Part};
use super::column::Column;
use super::condition::{parts, selected};
use super::property::{Class, Property};
use super::tally::{Hit, Tally};
use crate::infra::click_store::{Counts, Dimension, Period, Selection, Value};

/// Clicks of this value count in no group.
const NO_GROUP: u32 = u32::MAX;

/// What a click counts for by a value of its column.
#[derive(Clone)]
pub enum Labels {
    /// The value.
    Itself,
    /// What this says of it: any number of labels.
    Said(Arc<Saying>),
}

/// The labels of a value.
type Saying = dyn Fn(Option<&Value>) -> Vec<Option<Value>> + Send + Sync;

/// The groups of a block's clicks: for each label that a value may have at the same time, the group of each code.
type Layers = Vec<Vec<u32>>;

/// What clicks are grouped by.
pub enum Grouping {
    /// All together.
    Whole,
    /// By time: periods that do not overlap, earliest first.
    Periods(Vec<Period>),
    /// By link and time, for passes of clicks alone.
    LinksOverTime {
        /// The number of each link, from zero on without gaps.
        links: HashMap<Value, u32>,
        /// Periods that do not overlap, earliest first. The groups of a link are as many, one behind the other.
        periods: Vec<Period>,
    },
    /// By what a property says of them.
    Labels {
        /// Which property.
        property: Property,
        /// What it says.
        labels: Labels,
        /// The group of each label.
        groups: HashMap<Option<Value>, u32>,
        /// The groups of every block that was taken, in their order.
        layers: Vec<Layers>,
    },
    /// The same, with groups for some labels alone, and one for the rest. The blocks come as they came before.
    Regrouped {
        /// Which property.
        property: Property,
        /// The groups of every block.
        layers: std::vec::IntoIter<Layers>,
    },
}

impl Grouping {
    /// By the values of a dimension.
    pub fn dimension(dimension: Dimension) -> Self {
        let labels = match dimension {
            Dimension::Kind | Dimension::Agent => Labels::Said(Arc::new(move |value| {
                vec![Class::read(value).ok().map(|class| class.value_of(dimension))]
            })),
            _ => Labels::Itself,
        };
        Self::labels(Property::of(dimension), labels)
    }

    /// By labels, each of which is a group.
    pub fn labels(property: Property, labels: Labels) -> Self {
        Self::Labels { property, labels, groups: HashMap::new(), layers: Vec::new() }
    }

    /// After a pass by labels: with groups for these labels alone, and one for the `rest`.
    pub fn only(self, listed: &HashMap<Option<Value>, u32>, rest: u32) -> Self {
        let Self::Labels { property, groups, mut layers, .. } = self else { return self };
        let mut listed_as = vec![rest; groups.len()];
        for (label, group) in &groups {
            if let (Some(place), Some(new)) = (listed_as.get_mut(*group as usize), listed.get(label)) {
                *place = *new;
            }
        }
        layers.iter_mut().for_each(|layers| regroup(layers, &listed_as, rest));
        Self::Regrouped { property, layers: layers.into_iter() }
    }
}

/// Puts the groups that are listed now in the place of those before. A value none of whose labels is listed is in the rest, once.
fn regroup(layers: &mut Layers, listed_as: &[u32], rest: u32) {
    let codes = layers.first().map_or(0, Vec::len);
    for code in 0..codes {
        let mut of_code: Vec<&mut u32> = layers.iter_mut().filter_map(|layer| layer.get_mut(code)).collect();
        let mut is_listed = false;
        for group in of_code.iter_mut().filter(|group| ***group != NO_GROUP) {
            **group = listed_as.get(**group as usize).copied().unwrap_or(rest);
            is_listed |= **group != rest;
        }
        let in_rest = of_code.into_iter().filter(|group| **group == rest);
        in_rest.skip(usize::from(!is_listed)).for_each(|group| *group = NO_GROUP);
    }
}

/// A aggregation, and what it has counted.
pub struct Aggregation {
    selection: Selection,
    grouping: Grouping,
    /// Whether visitors are counted as well.
    visitors: bool,
    tally: Tally,
}

impl Aggregation {
    /// One that counts clicks and visitors.
    pub fn new(selection: Selection, grouping: Grouping) -> Self {
        Self { selection, grouping, visitors: true, tally: Tally::default() }
    }

    /// One that counts clicks alone, which is faster.
    pub fn of_clicks(selection: Selection, grouping: Grouping) -> Self {
        Self { visitors: false, ..Self::new(selection, grouping) }
    }

    /// What it is about.
    pub const fn selection(&self) -> &Selection {
        &self.selection
    }

    /// What it groups by.
    pub fn into_grouping(self) -> Grouping {
        self.grouping
    }

    /// The parts of a block that it looks at; `is_whole` where all clicks of the block are in the period, `is_alone` where no other block
    /// has clicks of the same days.
    pub fn parts(&self, is_whole: bool, is_alone: bool) -> Vec<Part> {
        let mut parts = parts(&self.selection, is_whole);
        match &self.grouping {
            Grouping::Whole => {}
            Grouping::Periods(_) => parts.push(Part::At),
            Grouping::LinksOverTime { .. } => {
                parts.extend([Part::At, Part::Column(Property::of(Dimension::Link))]);
            }
            Grouping::Labels { property, .. } | Grouping::Regrouped { property, .. } => {
                parts.push(Part::Column(*property));
            }
        }
        if self.visitors {
            parts.push(Part::Visitors);
            if !is_alone {
                parts.push(Part::Hashes);
            }
        }
        parts.sort_unstable();
        parts.dedup();
        parts
    }

    /// Counts the blocks of some days. No other call has clicks of those days.
    pub fn take(&mut self, blocks: &[Block]) {
        let shared = self.visitors.then(|| shared_visitors(blocks));
        let (mut hits, mut highest) = (Vec::new(), 0);
        for (number, block) in blocks.iter().enumerate() {
            let kept = selected(block, &self.selection);
            let Some(shared) = &shared else {
                self.count_clicks(block, &kept);
                continue;
            };
            let visitors = match shared.get(number) {
                Some(places) => Cow::Owned(translated(block.visitors(), places)),
                None => Cow::Borrowed(block.visitors()),
            };
            highest = highest.max(visitors.iter().copied().max().unwrap_or_default());
            self.collect(block, &kept, &visitors, &mut hits);
        }
        if shared.is_some() {
            self.tally.add(hits, highest);
        }
    }

    /// What was counted in the group of this number.
    pub fn counts(&self, group: u32) -> Counts {
        self.tally.counts().get(group as usize).copied().unwrap_or_default()
    }

    /// What was counted of each label.
    pub fn labelled(&self) -> Vec<(Option<Value>, Counts)> {
        match &self.grouping {
            Grouping::Labels { groups, .. } => {
                groups.iter().map(|(label, group)| (label.clone(), self.counts(*group))).collect()
            }
            Grouping::Whole | Grouping::Periods(_) | Grouping::LinksOverTime { .. } | Grouping::Regrouped { .. } => {
                Vec::new()
            }
        }
    }

    fn count_clicks(&mut self, block: &Block, kept: &[bool]) {
        if let Grouping::LinksOverTime { links, periods } = &self.grouping {
            self.tally.add_clicks(links_over_time(block, kept, links, periods).into_iter());
            return;
        }
        let (codes, layers) = self.layers(block);
        for layer in &layers {
            let of_kept = codes.iter().zip(kept).filter(|(_, kept)| **kept);
            let groups = of_kept.map(|(code, _)| layer.get(*code as usize).copied().unwrap_or(NO_GROUP));
            self.tally.add_clicks(groups.filter(|group| *group != NO_GROUP));
        }
        self.keep(layers);
    }

    fn collect(&mut self, block: &Block, kept: &[bool], visitors: &[u32], hits: &mut Vec<Hit>) {
        match &self.grouping {
            Grouping::LinksOverTime { .. } => {}
            Grouping::Whole => {
                let of_kept = visitors.iter().zip(kept).filter(|(_, kept)| **kept);
                hits.extend(of_kept.map(|(visitor, _)| Hit { group: 0, visitor: *visitor }));
            }
            Grouping::Periods(periods) => {
                for (group, period) in (0..).zip(periods) {
                    let place = |moment: i64| block.at().partition_point(|at| *at < moment);
                    let range = place(period.from.as_micros())..place(period.to.as_micros());
                    let within = visitors.get(range.clone()).unwrap_or_default().iter();
                    let of_kept = within.zip(kept.get(range).unwrap_or_default()).filter(|(_, kept)| **kept);
                    hits.extend(of_kept.map(|(visitor, _)| Hit { group, visitor: *visitor }));
                }
            }
            Grouping::Labels { .. } | Grouping::Regrouped { .. } => {
                let (codes, layers) = self.layers(block);
                for layer in &layers {
                    let of_kept = codes.iter().zip(visitors).zip(kept).filter(|(_, kept)| **kept);
                    let hit = |((code, visitor), _): ((&u32, &u32), &bool)| Hit {
                        group: layer.get(*code as usize).copied().unwrap_or(NO_GROUP),
                        visitor: *visitor,
                    };
                    hits.extend(of_kept.map(hit).filter(|hit| hit.group != NO_GROUP));
                }
                self.keep(layers);
            }
        }
    }

    /// The codes of the clicks, and the groups of each code.
    fn layers<'a>(&mut self, block: &'a Block) -> (&'a [u32], Layers) {
        match &mut self.grouping {
            Grouping::Labels { property, labels, groups, .. } => match block.column(*property) {
                Some(column) => (column.codes(), layers_of(column, labels, groups)),
                None => (&[], Vec::new()),
            },
            Grouping::Regrouped { property, layers } => {
                let codes = block.column(*property).map(Column::codes).unwrap_or_default();
                (codes, layers.next().unwrap_or_default())
            }
            Grouping::Whole | Grouping::Periods(_) | Grouping::LinksOverTime { .. } => (&[], Vec::new()),
        }
    }

    /// Remembers the groups of a block for the next aggregation.
    fn keep(&mut self, of_block: Layers) {
        if let Grouping::Labels { layers, .. } = &mut self.grouping {
            layers.push(of_block);
        }
    }
}

/// The group of each selected click of these links.
fn links_over_time(block: &Block, kept: &[bool], links: &HashMap<Value, u32>, periods: &[Period]) -> Vec<u32> {
    let Some(column) = block.column(Property::of(Dimension::Link)) else { return Vec::new() };
    let number = |value: &Option<Value>| value.as_ref().and_then(|value| links.get(value).copied());
    let numbers: Vec<Option<u32>> = column.values().iter().map(number).collect();
    let of_each = u32::try_from(periods.len()).unwrap_or(u32::MAX);
    let place = |moment: i64| block.at().partition_point(|at| *at < moment);
    let mut groups = Vec::new();
    for (place_in_link, period) in (0..).zip(periods) {
        let range = place(period.from.as_micros())..place(period.to.as_micros());
        let codes = column.codes().get(range.clone()).unwrap_or_default().iter();
        let of_kept = codes.zip(kept.get(range).unwrap_or_default()).filter(|(_, kept)| **kept);
        let found = of_kept.filter_map(|(code, _)| numbers.get(*code as usize).copied().flatten());
        groups.extend(found.map(|link| link.saturating_mul(of_each).saturating_add(place_in_link)));
    }
    groups
}

/// The groups of each value of a column; a label that was not there before is a new group.
fn layers_of(column: &Column, labels: &Labels, groups: &mut HashMap<Option<Value>, u32>) -> Layers {
    let Labels::Said(labels) = labels else { return vec![groups_of(column.values(), groups)] };
    let mut layers = Layers::new();
    for (code, value) in column.values().iter().enumerate() {
        for (depth, group) in groups_of(&labels(value.as_ref()), groups).into_iter().enumerate() {
            if layers.len() <= depth {
                layers.push(vec![NO_GROUP; column.values().len()]);
            }
            if let Some(slot) = layers.get_mut(depth).and_then(|layer| layer.get_mut(code)) {
                *slot = group;
            }
        }
    }
    layers
}

/// The groups of labels; one that was not there before is a new group.
fn groups_of(labels: &[Option<Value>], groups: &mut HashMap<Option<Value>, u32>) -> Vec<u32> {
    let mut found = Vec::with_capacity(labels.len());
    for label in labels {
        let next = u32::try_from(groups.len()).unwrap_or(NO_GROUP);
        let known = groups.get(label).copied();
        if known.is_none() {
            groups.insert(label.clone(), next);
        }
        found.push(known.unwrap_or(next));
    }
    found
}

fn translated(visitors: &[u32], places: &[u32]) -> Vec<u32> {
    visitors.iter().map(|code| places.get(*code as usize).copied().unwrap_or_default()).collect()
}

/// For each of several blocks and each of its visitors, a number that the blocks share; nothing where there is one block, whose own will do.
fn shared_visitors(blocks: &[Block]) -> Vec<Vec<u32>> {
    if blocks.len() < 2 {
        return Vec::new();
    }
    let mut all: Vec<i64> = blocks.iter().flat_map(|block| block.hashes().iter().copied()).collect();
    all.sort_unstable();
    all.dedup();
    let places = |block: &Block| {
        let place = |hash: &i64| all.binary_search(hash).ok().and_then(|place| u32::try_from(place + 1).ok());
        std::iter::once(0).chain(block.hashes().iter().map(|hash| place(hash).unwrap_or_default())).collect()
    };
    blocks.iter().map(places).collect()
}
