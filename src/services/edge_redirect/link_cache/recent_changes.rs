//! What changed lately, as far as it was received: the test for values that were on their way meanwhile.
//!
//! Invariant: a value that was read before a change of its key which was received
//! here counts as outdated, however long ago that was. What is forgotten for
//! want of room only makes more values count as outdated.

use std::collections::HashMap;

use crate::domain::change::Sequence;

/// How many keys one generation remembers; there are two.
const KEYS_MAX: usize = 65_536;

/// The last change of each key, by the key's hash. Two keys with one hash are taken for one, to nobody's harm.
#[derive(Debug, Default)]
pub(super) struct RecentChanges {
    young: HashMap<u64, Sequence>,
    old: HashMap<u64, Sequence>,
    /// What was read before this is outdated, whatever its key.
    floor: Sequence,
}

impl RecentChanges {
    /// Takes a change of one key in. False if it was known.
    pub(super) fn note_key(&mut self, key: u64, sequence: Sequence) -> bool {
        if self.changed_at(key) >= sequence {
            return false;
        }
        if self.young.len() >= KEYS_MAX {
            let forgotten = std::mem::replace(&mut self.old, std::mem::take(&mut self.young));
            self.floor = forgotten.into_values().fold(self.floor, Sequence::max);
        }
        self.young.insert(key, sequence);
        true
    }

    /// Everything may have changed at `sequence`. False if that was known.
    pub(super) fn note_everything(&mut self, sequence: Sequence) -> bool {
        let is_news = self.floor < sequence;
        self.floor = self.floor.max(sequence);
        is_news
    }

    /// Whether a value that was read at `sequence` has changed since.
    pub(super) fn is_outdated(&self, key: u64, sequence: Sequence) -> bool {
        self.changed_at(key) > sequence
    }

    fn changed_at(&self, key: u64) -> Sequence {
        let changed = self.young.get(&key).or_else(|| self.old.get(&key));
        self.floor.max(changed.copied().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(number: i64) -> Sequence {
        Sequence::new(number)
    }

    #[test]
    fn a_value_is_outdated_by_later_changes_of_its_key_or_of_everything() {
        let mut recent = RecentChanges::default();
        assert!(recent.note_key(1, at(5)));
        assert!(!recent.note_key(1, at(4)), "an earlier change is no news");
        assert!(recent.is_outdated(1, at(4)));
        assert!(!recent.is_outdated(1, at(5)));
        assert!(recent.note_everything(at(7)));
        assert!(recent.is_outdated(2, at(6)));
        assert!(!recent.is_outdated(2, at(7)));
    }

    #[test]
    fn what_is_forgotten_outdates_more_and_never_less() {
        let mut recent = RecentChanges::default();
        let changes = 3 * i64::try_from(KEYS_MAX).expect("a small number");
        let key = i64::cast_unsigned;
        assert!((0..changes).all(|number| recent.note_key(key(number), at(number + 1))));
        assert!(recent.young.len() + recent.old.len() <= 2 * KEYS_MAX);
        assert!((0..changes).all(|number| recent.is_outdated(key(number), at(number))));
        assert!(!recent.is_outdated(0, at(changes)));
    }
}
