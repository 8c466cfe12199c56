//! The account of each journal: what its writer says that it wrote, against what arrived here.

use super::click::ClickBatch;

/// What is known of one journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct JournalAccount {
    pub(super) records: i64,
    pub(super) missing: i64,
    pub(super) dropped: i64,
}

/// The accounts of all journals together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ClickAccount {
    /// Records that were written and did not arrive.
    pub missing: u64,
    /// Records that arrived and were never counted as written, such as one that a failing disk kept although it said that it did not.
    pub surplus: u64,
    /// Records that edges gave up, because neither disk nor memory had room.
    pub dropped: u64,
}

impl JournalAccount {
    /// The account with what is new in a batch: the records above the high-water mark.
    pub(super) fn with(self, batch: &ClickBatch, mark: Option<u64>) -> Self {
        let is_new = |position: u64| mark.is_none_or(|mark| position > mark);
        let positions = || batch.clicks.iter().map(|record| record.position).chain(batch.undecodable.iter().copied());
        let count = |end: u64| {
            self.records + number(positions().filter(|position| is_new(*position) && *position < end).count())
        };
        let moved = Self { records: count(u64::MAX), ..self };
        match batch.tally.filter(|placed| is_new(placed.position)) {
            Some(placed) => Self {
                missing: number(placed.tally.records) - count(placed.position),
                dropped: number(placed.tally.dropped),
                ..moved
            },
            None => moved,
        }
    }
}

fn number(count: impl TryInto<i64>) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}
