//! What the conditions of a link list, turned round: from a value to the conditions that list it.
//!
//! A visitor brings few values and a link may list thousands. Each of the visitor's is
//! looked up once, so that a request costs about the same however much the rules list.
//!
//! Invariant: nothing here allocates once the index is built.

use super::limits::{CONDITIONS_MAX, RULES_MAX, VALUE_BYTES_MAX, VALUES_TOTAL_MAX};

/// How many conditions a link may have.
const CONDITIONS_TOTAL_MAX: usize = RULES_MAX * CONDITIONS_MAX;

/// Which of a link's conditions a list belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ListNumber(u16);

/// All the values of one kind that the conditions of a link list.
#[derive(Debug, Default)]
pub(super) struct ValueIndex {
    /// Sorted, each once.
    values: Box<[ListedValue]>,
    /// The conditions that list the values, one value's behind the other's.
    lists: Box<[ListNumber]>,
}

#[derive(Debug)]
struct ListedValue {
    text: Box<str>,
    /// Where its conditions end; they begin where those of the value before it end.
    lists_end: u32,
}

/// The lists of each kind while rules are compiled.
#[derive(Debug, Default)]
pub(super) struct ValueIndexBuilder(Vec<(Box<str>, ListNumber)>);

/// Which lists hold something of a visitor's.
#[derive(Debug, Default)]
pub(super) struct FoundLists(Bits<{ CONDITIONS_TOTAL_MAX.div_ceil(64) }>);

/// Looks up the values that one visitor brings.
pub(super) struct Search<'a> {
    index: &'a ValueIndex,
    looked_up: Bits<{ VALUES_TOTAL_MAX.div_ceil(64) }>,
    found: &'a mut FoundLists,
}

/// A value in the form in which it is listed, while a visitor's text is put into that form.
pub(super) struct ValueBuffer {
    bytes: [u8; VALUE_BYTES_MAX],
    length: usize,
}

impl ListNumber {
    /// The number of the list that follows `count` others.
    pub fn after(count: usize) -> Self {
        Self(u16::try_from(count).unwrap_or(u16::MAX))
    }
}

impl ValueIndexBuilder {
    /// Notes that the list `number` holds these values.
    pub fn add(&mut self, number: ListNumber, values: Box<[Box<str>]>) {
        self.0.extend(values.into_iter().map(|value| (value, number)));
    }

    /// The index of all lists together.
    pub fn build(mut self) -> ValueIndex {
        self.0.sort_unstable();
        self.0.dedup();
        let lists = self.0.iter().map(|(_, number)| *number).collect();
        let mut values: Vec<ListedValue> = Vec::new();
        for (lists_end, (text, _)) in (1..).zip(self.0) {
            match values.last_mut() {
                Some(last) if last.text == text => last.lists_end = lists_end,
                _ => values.push(ListedValue { text, lists_end }),
            }
        }
        ValueIndex { values: values.into(), lists }
    }
}

impl ValueIndex {
    /// Begins to look up what a visitor brings; nothing, if no condition lists anything.
    pub fn search<'a>(&'a self, found: &'a mut FoundLists) -> Option<Search<'a>> {
        (!self.values.is_empty()).then(|| Search { index: self, looked_up: Bits::default(), found })
    }

    /// Memory on the heap, in bytes.
    pub fn heap_bytes(&self) -> usize {
        let texts: usize = self.values.iter().map(|value| value.text.len()).sum();
        texts + size_of_val::<[ListedValue]>(&self.values) + size_of_val::<[ListNumber]>(&self.lists)
    }

    fn lists_of(&self, place: usize) -> &[ListNumber] {
        let end_of = |place: usize| self.values.get(place).map_or(0, |value| value.lists_end as usize);
        let start = place.checked_sub(1).map_or(0, end_of);
        self.lists.get(start..end_of(place)).unwrap_or_default()
    }
}

impl Search<'_> {
    /// The visitor brings this value.
    pub fn add(&mut self, value: &[u8]) {
        let Ok(place) = self.index.values.binary_search_by(|listed| listed.text.as_bytes().cmp(value)) else { return };
        if self.looked_up.set(place) {
            for number in self.index.lists_of(place) {
                self.found.0.set(usize::from(number.0));
            }
        }
    }
}

impl FoundLists {
    /// Whether this list holds something of the visitor's.
    pub fn contain(&self, number: ListNumber) -> bool {
        self.0.is_set(usize::from(number.0))
    }
}

impl ValueBuffer {
    /// An empty value.
    pub fn new() -> Self {
        Self { bytes: [0; VALUE_BYTES_MAX], length: 0 }
    }

    /// Adds bytes up to the longest that a value may be; false if there are more.
    pub fn push(&mut self, bytes: impl Iterator<Item = u8>) -> bool {
        for byte in bytes {
            let Some(place) = self.bytes.get_mut(self.length) else { return false };
            *place = byte;
            self.length += 1;
        }
        true
    }

    /// Forgets what was added.
    pub fn clear(&mut self) {
        self.length = 0;
    }

    /// What was added.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

/// A set of small numbers.
#[derive(Debug)]
struct Bits<const WORDS: usize>([u64; WORDS]);

impl<const WORDS: usize> Default for Bits<WORDS> {
    fn default() -> Self {
        Self([0; WORDS])
    }
}

impl<const WORDS: usize> Bits<WORDS> {
    /// Adds a number; false if it was there before, or is too large.
    fn set(&mut self, number: usize) -> bool {
        let Some(word) = self.0.get_mut(number / 64) else { return false };
        let before = *word;
        *word |= 1 << (number % 64);
        *word != before
    }

    fn is_set(&self, number: usize) -> bool {
        self.0.get(number / 64).is_some_and(|word| word >> (number % 64) & 1 == 1)
    }
}

/// Whether a look-up finds a list that holds this value alone.
#[cfg(test)]
pub(super) fn is_found(listed: Box<str>, look_up: impl FnOnce(&mut Search<'_>)) -> bool {
    let number = ListNumber::after(0);
    let mut builder = ValueIndexBuilder::default();
    builder.add(number, [listed].into());
    let (index, mut found) = (builder.build(), FoundLists::default());
    if let Some(mut search) = index.search(&mut found) {
        look_up(&mut search);
    }
    found.contain(number)
}

#[cfg(test)]
mod tests {
    use proptest::collection::{hash_set, vec};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_list_is_found_by_any_of_its_values_and_by_no_other(
            lists in vec(hash_set("[a-d]{1,2}", 0..6), 0..80),
            brought in vec("[a-d]{1,2}", 0..6),
        ) {
            let mut builder = ValueIndexBuilder::default();
            for (place, values) in lists.iter().enumerate() {
                builder.add(ListNumber::after(place), values.iter().map(|value| value.as_str().into()).collect());
            }
            let index = builder.build();
            let mut found = FoundLists::default();
            if let Some(mut search) = index.search(&mut found) {
                brought.iter().for_each(|value| search.add(value.as_bytes()));
            }
            for (place, values) in lists.iter().enumerate() {
                let is_listed = brought.iter().any(|value| values.contains(value));
                prop_assert_eq!(found.contain(ListNumber::after(place)), is_listed);
            }
        }
    }

    #[test]
    fn a_buffer_holds_as_much_as_a_value_may_have() {
        let mut buffer = ValueBuffer::new();
        assert!(buffer.push(std::iter::repeat_n(b'a', VALUE_BYTES_MAX)));
        assert!(!buffer.push(std::iter::once(b'a')));
        assert_eq!(buffer.as_bytes().len(), VALUE_BYTES_MAX);
        buffer.clear();
        assert_eq!(buffer.as_bytes(), b"");
    }
}
