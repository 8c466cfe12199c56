//! The log of changes: what edges must no longer believe, numbered in the order of the commits.
//!
//! Invariant: whatever was read while the log ended at some number is right
//! until a later change names it. So numbers decide which of two values is
//! newer, however late and in whichever order invalidation messages arrive.
//!
//! A number belongs to a history: the log of one database that has lost no
//! commit. A restored copy or a standby that takes over with less than it was
//! sent begins a new history, whose numbers are above those of all others.

use serde::{Deserialize, Serialize};

use super::id::{DomainId, WorkspaceId};
use super::time::Timestamp;

/// The lower bits of a number count the changes of a history; those above say when it began, in seconds since 1970.
const COUNTER_BITS: u32 = 32;
/// How far ahead of the clock a history may have begun to be believed, in seconds.
const AHEAD_MAX: i64 = 24 * 60 * 60;

/// How far the log of changes went at some moment: the number of its last change, 0 before the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sequence(i64);

impl Sequence {
    /// Wraps the number that a database row or a message holds.
    #[must_use]
    pub const fn new(number: i64) -> Self {
        Self(number)
    }

    /// The bare number.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.0
    }

    /// The first number of a new history: above all that this one ever gave, and all of histories that began before `now`.
    #[must_use]
    pub fn of_new_history(self, now: Timestamp) -> Self {
        let began = now.as_micros().div_euclid(1_000_000).max(self.history().saturating_add(1));
        Self(began.saturating_mul(1 << COUNTER_BITS))
    }

    /// When its history began, in seconds since 1970; 0 in databases from before there were histories.
    #[must_use]
    pub const fn history(self) -> i64 {
        self.0 >> COUNTER_BITS
    }

    /// Whether it is the first number of its history, or the first change in it.
    #[must_use]
    pub const fn begins_history(self) -> bool {
        self.0 & ((1 << COUNTER_BITS) - 1) <= 1
    }

    /// Whether a log could have given this number by now.
    #[must_use]
    pub fn is_plausible(self, now: Timestamp) -> bool {
        self.history() <= now.as_micros().div_euclid(1_000_000).saturating_add(AHEAD_MAX)
    }

    /// The number of the change after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// A value of the source of truth, and how far the log went before it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AsOf<T> {
    /// The value; at least as new as the number says.
    pub value: T,
    /// The number.
    pub sequence: Sequence,
}

/// What a host name is to edges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum HostStanding {
    /// A domain that is in use.
    Served,
    /// Somebody's domain in quarantine: nothing is served under it until it is back.
    Withheld,
    /// Nobody's.
    Unclaimed,
}

/// What is no longer to be believed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Invalidation {
    /// A link was created, changed or deleted.
    Link {
        /// Where it lives.
        domain_id: DomainId,
        /// Under which slug, as the domain files it.
        slug: Box<str>,
    },
    /// A domain's own settings changed, or whose its host name is.
    Domain {
        /// Its host name, lower-case.
        hostname: Box<str>,
        /// What the host name is from now on. Absent in changes that a release from before custom domains has made.
        #[serde(default)]
        standing: Option<HostStanding>,
    },
    /// Everything of a workspace changed, such as by its deletion.
    Workspace {
        /// Which one.
        workspace_id: WorkspaceId,
    },
    /// Everything may have changed.
    Everything,
}

/// One commit that edges have to know of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Its number.
    pub sequence: Sequence,
    /// When it was written; shortly before its commit.
    pub at: Timestamp,
    /// What it made wrong.
    pub invalidations: Vec<Invalidation>,
}

/// What a follower of the log receives at once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChangeBatch {
    /// How far the follower has come in the log with this.
    pub sequence: Sequence,
    /// What was read before this may have changed unheard: the log no longer has the changes in between.
    pub unknown_before: Option<Sequence>,
    /// The next changes in their order; none where it only says that nothing happened.
    pub changes: Vec<Change>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_new_history_is_above_the_old_one_whatever_the_clock_says(number in 0..i64::MAX / 2, now in 0..2_000_000_000_000_000_i64) {
            let old = Sequence::new(number);
            let new = old.of_new_history(Timestamp::from_micros(now));
            prop_assert!(new > old && new.history() > old.history());
            prop_assert!(new.begins_history() && new.next().begins_history() && !new.next().next().begins_history());
        }
    }
}
