//! The lists of a link's conditions that may be long, by what they list.

use super::value_index::{FoundLists, ListNumber, ValueIndex, ValueIndexBuilder};
use super::{Visitor, language, query, referrer};

/// What a list holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Listed {
    Languages,
    ReferrerHosts,
    Parameters,
}

/// What all conditions of a link list.
#[derive(Debug, Default)]
pub(super) struct Lists {
    languages: ValueIndex,
    referrer_hosts: ValueIndex,
    /// Whether some of these hosts begin with `www.`.
    has_www: bool,
    parameters: ValueIndex,
}

/// The lists of the conditions that have been compiled.
#[derive(Debug, Default)]
pub(super) struct ListsBuilder {
    languages: ValueIndexBuilder,
    referrer_hosts: ValueIndexBuilder,
    has_www: bool,
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
            referrer::look_up(visitor.referrer, self.has_www, &mut search);
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
    /// Adds the list of one condition.
    pub fn add(&mut self, listed: Listed, values: Box<[Box<str>]>) -> ListNumber {
        let number = ListNumber::after(self.count);
        self.count += 1;
        let index = match listed {
            Listed::Languages => &mut self.languages,
            Listed::ReferrerHosts => {
                self.has_www |= values.iter().any(|host| host.starts_with(referrer::WWW));
                &mut self.referrer_hosts
            }
            Listed::Parameters => &mut self.parameters,
        };
        index.add(number, values);
        number
    }

    /// All lists, ready to be asked.
    pub fn build(self) -> Lists {
        Lists {
            languages: self.languages.build(),
            referrer_hosts: self.referrer_hosts.build(),
            has_www: self.has_www,
            parameters: self.parameters.build(),
        }
    }
}
