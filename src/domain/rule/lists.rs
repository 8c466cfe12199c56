//! The lists of a link's conditions that may be long, by what they list.

use super::value_index::{FoundLists, ListNumber, ValueIndex, ValueIndexBuilder};
use super::{Visitor, language, query, referrer};

/// What all conditions of a link list.
#[derive(Debug, Default)]
pub(super) struct Lists {
    languages: ValueIndex,
    referrer_hosts: ValueIndex,
    parameters: ValueIndex,
}

/// The lists of the conditions that have been compiled.
#[derive(Debug, Default)]
pub(super) struct ListsBuilder {
    languages: ValueIndexBuilder,
    referrer_hosts: ValueIndexBuilder,
    parameters: ValueIndexBuilder,
    count: usize,
}

impl Lists {
    /// The lists that hold something of this visitor's.
    pub fn find(&self, visitor: &Visitor<'_>) -> FoundLists {
        let mut found = FoundLists::default();
        if let Some(mut search) = self.languages.search(&mut found) {
            language::look_up(visitor.accept_language, &mut search);
        }
        if let Some(mut search) = self.referrer_hosts.search(&mut found) {
            referrer::look_up(visitor.referrer, &mut search);
        }
        if let Some(mut search) = self.parameters.search(&mut found) {
            query::look_up(visitor.query, &mut search);
        }
        found
    }

    /// Memory on the heap, in bytes.
    pub fn heap_bytes(&self) -> usize {
        self.languages.heap_bytes() + self.referrer_hosts.heap_bytes() + self.parameters.heap_bytes()
    }
}

impl ListsBuilder {
    /// Adds the list of a condition on languages.
    pub fn add_languages(&mut self, values: Box<[Box<str>]>) -> ListNumber {
        let number = self.next();
        self.languages.add(number, values);
        number
    }

    /// Adds the list of a condition on referrers.
    pub fn add_referrer_hosts(&mut self, values: Box<[Box<str>]>) -> ListNumber {
        let number = self.next();
        self.referrer_hosts.add(number, values);
        number
    }

    /// Adds the list of a condition on the query.
    pub fn add_parameters(&mut self, values: Box<[Box<str>]>) -> ListNumber {
        let number = self.next();
        self.parameters.add(number, values);
        number
    }

    /// All lists, ready to be asked.
    pub fn build(self) -> Lists {
        Lists {
            languages: self.languages.build(),
            referrer_hosts: self.referrer_hosts.build(),
            parameters: self.parameters.build(),
        }
    }

    fn next(&mut self) -> ListNumber {
        let number = ListNumber::after(self.count);
        self.count += 1;
        number
    }
}
