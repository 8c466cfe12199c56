//! Clicks of one workspace in the order of their times, as columns: all of them, or those that a question needs.

use std::collections::BTreeMap;
use std::ops::Range;

use super::column::{Column, ColumnBuilder, reordered};
use super::packing::{Damaged, pack_codes, pack_numbers, unpack_codes, unpack_numbers};
use super::property::Property;
use crate::domain::click::ClickKind;
use crate::domain::rule::{AgentClass, Device};
use crate::domain::time::Timestamp;
use crate::infra::click_store::{Dimension, EnrichedClick, Event, EventPosition, Utm, Value};
use crate::infra::journal::JournalId;

/// A part of a block that is packed by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The times.
    At,
    /// The positions in the journals.
    Position,
    /// Which of the visitors of the block, a click each.
    Visitors,
    /// The hashes of the visitors.
    Hashes,
    /// A property.
    Column(Property),
}

/// The number of the first property among the parts.
const FIRST_PROPERTY: usize = 8;

impl Part {
    /// Every part.
    pub fn all() -> impl Iterator<Item = Self> {
        [Self::At, Self::Position, Self::Visitors, Self::Hashes].into_iter().chain(Property::ALL.map(Self::Column))
    }

    /// Its number on the disk.
    pub fn number(self) -> i64 {
        let number = match self {
            Self::At => 0,
            Self::Position => 1,
            Self::Visitors => 2,
            Self::Hashes => 3,
            Self::Column(property) => {
                let place = Property::ALL.iter().position(|other| *other == property);
                place.map_or(usize::MAX, |place| FIRST_PROPERTY + place)
            }
        };
        i64::try_from(number).unwrap_or(i64::MAX)
    }
}

/// Clicks as columns. Parts that were not read are empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Block {
    clicks: usize,
    at: Vec<i64>,
    positions: Vec<i64>,
    /// Zero for a click without a visitor; otherwise the place among the hashes, counted from one.
    visitors: Vec<u32>,
    hashes: Vec<i64>,
    columns: BTreeMap<Property, Column>,
}

impl Block {
    /// One of so many clicks of which nothing was read yet.
    pub fn of(clicks: usize) -> Self {
        Self { clicks, ..Self::default() }
    }

    /// How many clicks there are.
    pub const fn clicks(&self) -> usize {
        self.clicks
    }

    /// The times, earliest first.
    pub fn at(&self) -> &[i64] {
        &self.at
    }

    /// The visitors, a click each; zero where there is none.
    pub fn visitors(&self) -> &[u32] {
        &self.visitors
    }

    /// The hashes of the visitors, each once and in order.
    pub fn hashes(&self) -> &[i64] {
        &self.hashes
    }

    /// A property.
    pub fn column(&self, property: Property) -> Option<&Column> {
        self.columns.get(&property)
    }

    /// How many of them belong to no link.
    pub fn orphans(&self) -> usize {
        self.column(Property::of(Dimension::Link)).map_or(0, |links| {
            let is_none = links.matches(|value| value.is_none());
            links.codes().iter().filter(|code| is_none.get(**code as usize).copied().unwrap_or_default()).count()
        })
    }

    /// Packs a part.
    ///
    /// # Errors
    /// The part is not there.
    pub fn pack(&self, part: Part) -> Result<Vec<u8>, Damaged> {
        Ok(match part {
            Part::At => pack_numbers(&self.at),
            Part::Position => pack_numbers(&self.positions),
            Part::Visitors => pack_codes(&self.visitors),
            Part::Hashes => pack_numbers(&self.hashes),
            Part::Column(property) => self.column(property).ok_or(Damaged)?.pack()?,
        })
    }

    /// Takes a packed part in.
    ///
    /// # Errors
    /// It is damaged, or of another number of clicks.
    pub fn unpack(&mut self, part: Part, packed: &[u8]) -> Result<(), Damaged> {
        let clicks = match part {
            Part::At => kept(&mut self.at, unpack_numbers(packed, self.clicks)?),
            Part::Position => kept(&mut self.positions, unpack_numbers(packed, self.clicks)?),
            Part::Visitors => {
                let visitors = unpack_codes(packed, self.clicks)?;
                // There are no more visitors than clicks, and as many numbers of them as the highest says are kept while they are counted.
                let is_possible = |visitor: &u32| usize::try_from(*visitor).is_ok_and(|visitor| visitor <= self.clicks);
                visitors.iter().max().is_none_or(is_possible).then_some(()).ok_or(Damaged)?;
                kept(&mut self.visitors, visitors)
            }
            Part::Hashes => {
                self.hashes = unpack_numbers(packed, self.clicks)?;
                self.clicks
            }
            Part::Column(property) => {
                let column = Column::unpack(packed, self.clicks)?;
                let clicks = column.codes().len();
                self.columns.insert(property, column);
                clicks
            }
        };
        if clicks == self.clicks { Ok(()) } else { Err(Damaged) }
    }

    /// Where one of the clicks stands in the order of all clicks.
    pub fn position(&self, index: usize) -> Option<EventPosition> {
        Some(EventPosition {
            at: Timestamp::from_micros(*self.at.get(index)?),
            journal_id: JournalId::from_u64(self.journal(index)?.cast_unsigned()),
            position: self.positions.get(index)?.cast_unsigned(),
        })
    }

    /// One of the clicks, where all parts are there; but for its workspace, which the block does not know.
    ///
    /// # Errors
    /// They are not, or make no click.
    pub fn event(&self, index: usize) -> Result<Event, Damaged> {
        let position = self.position(index).ok_or(Damaged)?;
        let at = position.at;
        let mut click = EnrichedClick { at, visitor: self.visitor(index)?.map(i64::cast_unsigned), ..blank() };
        for (property, column) in &self.columns {
            property.put(column.value(index), &mut click)?;
        }
        Ok(Event { position, click })
    }

    fn visitor(&self, index: usize) -> Result<Option<i64>, Damaged> {
        match self.visitors.get(index).ok_or(Damaged)?.checked_sub(1) {
            Some(place) => Ok(Some(*self.hashes.get(place as usize).ok_or(Damaged)?)),
            None => Ok(None),
        }
    }

    fn journal(&self, index: usize) -> Option<i64> {
        match self.column(Property::Journal)?.value(index) {
            Some(Value::Number(number)) => Some(*number),
            _ => None,
        }
    }

    /// The clicks from one moment to another, with the parts that are there. The times and the hashes of the visitors are.
    pub fn between(&self, from: i64, to: i64) -> Self {
        let place = |moment: i64| self.at.partition_point(|at| *at < moment);
        self.slice(place(from)..place(to))
    }

    /// The clicks of a range, with the parts that are there.
    pub fn slice(&self, range: Range<usize>) -> Self {
        let kept: Vec<bool> = (0..self.clicks).map(|index| range.contains(&index)).collect();
        let mut builder = BlockBuilder::of(self.columns.keys().copied());
        builder.extend(self, &kept);
        builder.finish()
    }
}

/// Puts the numbers where they belong, and says how many there are.
fn kept<T>(place: &mut Vec<T>, numbers: Vec<T>) -> usize {
    *place = numbers;
    place.len()
}

/// A click of which nothing is known.
fn blank() -> EnrichedClick {
    EnrichedClick {
        at: Timestamp::default(),
        kind: ClickKind::Redirect,
        status: 0,
        workspace_id: None,
        domain_id: None,
        link_id: None,
        host: Box::default(),
        slug: Box::default(),
        country: None,
        region: None,
        city: None,
        asn: None,
        device: Device::Other,
        os: None,
        browser: None,
        agent: AgentClass::Human,
        prefetch: false,
        head: false,
        opted_out: false,
        referrer_host: None,
        language: None,
        utm: Utm::default(),
        rule: None,
        variant: None,
        qr: false,
        visitor: None,
    }
}

/// A block in the making; clicks come in any order.
#[derive(Debug, Default)]
pub struct BlockBuilder {
    at: Vec<i64>,
    positions: Vec<i64>,
    visitors: Vec<Option<i64>>,
    columns: Vec<(Property, ColumnBuilder)>,
}

impl BlockBuilder {
    /// One with these properties.
    pub fn of(properties: impl IntoIterator<Item = Property>) -> Self {
        let columns = properties.into_iter().map(|property| (property, ColumnBuilder::default())).collect();
        Self { columns, ..Self::default() }
    }

    /// Adds a click; `value` gives what it has of a property.
    ///
    /// # Errors
    /// Those of `value`.
    pub fn push<E>(
        &mut self,
        at: i64,
        position: i64,
        visitor: Option<i64>,
        value: impl Fn(Property) -> Result<Option<Value>, E>,
    ) -> Result<(), E> {
        for (property, column) in &mut self.columns {
            column.push(value(*property)?);
        }
        self.at.push(at);
        self.positions.push(position);
        self.visitors.push(visitor);
        Ok(())
    }

    /// Adds those clicks of a block that are `kept`. The block has the parts that this one is to have.
    pub fn extend(&mut self, block: &Block, kept: &[bool]) {
        let indexes = || kept.iter().enumerate().filter(|(_, kept)| **kept).map(|(index, _)| index);
        self.at.extend(indexes().filter_map(|index| block.at.get(index)));
        // A question may have left them behind.
        self.positions.extend(indexes().map(|index| block.positions.get(index).copied().unwrap_or_default()));
        self.visitors.extend(indexes().map(|index| block.visitor(index).unwrap_or_default()));
        for (property, column) in &mut self.columns {
            if let Some(other) = block.column(*property) {
                column.extend(other, kept);
            }
        }
    }

    /// The block.
    pub fn finish(self) -> Block {
        let order = self.order();
        let columns: BTreeMap<_, _> =
            self.columns.into_iter().map(|(property, column)| (property, column.finish(&order))).collect();
        let mut hashes: Vec<i64> = self.visitors.iter().flatten().copied().collect();
        hashes.sort_unstable();
        hashes.dedup();
        let code = |hash: Option<i64>| {
            let place = hash.and_then(|hash| hashes.binary_search(&hash).ok());
            place.map_or(0, |place| u32::try_from(place + 1).unwrap_or(u32::MAX))
        };
        let visitors = reordered(&self.visitors, &order).into_iter().map(code).collect();
        Block {
            clicks: self.at.len(),
            at: reordered(&self.at, &order),
            positions: reordered(&self.positions, &order),
            visitors,
            hashes,
            columns,
        }
    }

    /// By time, then by the identity of the record, as events are listed.
    fn order(&self) -> Vec<u32> {
        let mut order: Vec<u32> = (0..u32::try_from(self.at.len()).unwrap_or(u32::MAX)).collect();
        order.sort_by_key(|index| self.at.get(*index as usize).copied());
        order
    }
}
