//! The log of changes: what edges must no longer believe, numbered in the order of the commits.
//!
//! Invariant: whatever was read while the log ended at some number is right
//! until a later change names it. So numbers decide which of two values is
//! newer, however late and in whichever order invalidation messages arrives.

use serde::{Deserialize, Serialize};

use super::id::{DomainId, WorkspaceId};
use super::time::Timestamp;

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
    /// A domain's own settings changed.
    Domain {
        /// Its host name, lower-case.
        hostname: Box<str>,
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

/// What a follower of the log hears at once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChangeBatch {
    /// How far the follower has heard the log with this.
    pub sequence: Sequence,
    /// What was read before this may have changed unheard: the log no longer has the changes in between.
    pub unknown_before: Option<Sequence>,
    /// The next changes in their order; none where it only says that nothing happened.
    pub changes: Vec<Change>,
}
