//! One property of many clicks: the values that there are, and of each click which it has.

use std::collections::HashMap;

use super::packing::{Damaged, pack_column, unpack_column};
use crate::infra::click_store::Value;

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Column {
    /// Every value once.
    values: Vec<Option<Value>>,
    /// The place among the values, a click each.
    codes: Vec<u32>,
}

impl Column {
    /// The values, each at the place of its code.
    pub fn values(&self) -> &[Option<Value>] {
        &self.values
    }

    /// The codes, a click each.
    pub fn codes(&self) -> &[u32] {
        &self.codes
    }

    /// What a click has.
    pub fn value(&self, index: usize) -> Option<&Value> {
        let code = usize::try_from(*self.codes.get(index)?).ok()?;
        self.values.get(code)?.as_ref()
    }

    /// Whether a click has what `test` is true of; asked once a value.
    pub fn matches(&self, test: impl Fn(Option<&Value>) -> bool) -> Vec<bool> {
        self.values.iter().map(|value| test(value.as_ref())).collect()
    }

    /// The column as bytes.
    ///
    /// # Errors
    /// It is too large.
    pub fn pack(&self) -> Result<Vec<u8>, Damaged> {
        pack_column(&self.values, &self.codes)
    }

    /// Reads what [`Column::pack`] made, of at most so many clicks.
    ///
    /// # Errors
    /// It is damaged.
    pub fn unpack(packed: &[u8], clicks_max: usize) -> Result<Self, Damaged> {
        let (values, codes) = unpack_column(packed, clicks_max)?;
        Ok(Self { values, codes })
    }
}

/// A column in the making.
#[derive(Debug, Default)]
pub struct ColumnBuilder {
    codes_of: HashMap<Option<Value>, u32>,
    column: Column,
}

impl ColumnBuilder {
    /// The code of a value, which is a new one where it was not there yet.
    fn code(&mut self, value: Option<Value>) -> u32 {
        if let Some(code) = self.codes_of.get(&value) {
            return *code;
        }
        let code = u32::try_from(self.column.values.len()).unwrap_or(u32::MAX);
        self.column.values.push(value.clone());
        self.codes_of.insert(value, code);
        code
    }

    /// Adds a click.
    pub fn push(&mut self, value: Option<Value>) {
        let code = self.code(value);
        self.column.codes.push(code);
    }

    /// Adds those clicks of another column that are `kept`.
    pub fn extend(&mut self, other: &Column, kept: &[bool]) {
        // A value is looked for when the first click that has it comes, so that values without clicks are left behind.
        let mut known: Vec<Option<u32>> = vec![None; other.values.len()];
        for code in other.codes.iter().zip(kept).filter(|(_, kept)| **kept).map(|(code, _)| *code) {
            let place = usize::try_from(code).unwrap_or(usize::MAX);
            let (Some(slot), Some(value)) = (known.get_mut(place), other.values.get(place)) else { continue };
            let new = *slot.get_or_insert_with(|| self.code(value.clone()));
            self.column.codes.push(new);
        }
    }

    /// The column with its clicks in another order.
    pub fn finish(self, order: &[u32]) -> Column {
        let Column { values, codes } = self.column;
        let codes = reordered(&codes, order);
        Column { values, codes }
    }
}

/// The items in this order.
pub fn reordered<T: Copy>(items: &[T], order: &[u32]) -> Vec<T> {
    order.iter().filter_map(|place| items.get(usize::try_from(*place).ok()?)).copied().collect()
}
