//! What sort of work a job is.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// How many jobs of a kind one process does at once, where the kind does not say.
const CONCURRENCY: usize = 4;
/// How often a job is tried, where the kind does not say. With the pauses between them that takes about five hours.
const ATTEMPTS: u16 = 12;

/// How jobs of one kind are done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// Its name in the database and in metrics: `snake_case`, for ever.
    pub name: &'static str,
    /// How many one process does at once.
    pub concurrency: usize,
    /// How many all processes together do at once that have the same concurrency key.
    pub concurrency_per_key: Option<usize>,
    /// How long an attempt may take.
    pub timeout: Duration,
    /// Whether a job may be tried again.
    pub repeat: Repeat,
}

/// Whether a job may be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// Never: whatever ends the one attempt, the work may have been done. Only a person tries it again.
    Never,
    /// Until it is done, so many times at most.
    UpTo(u16),
}

/// What a job of one kind is about. It is kept as JSON that operators can read, so that no secret belongs into it.
pub trait JobKind: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// How it is done.
    const KIND: Kind;
}

/// A kind that is due from time to time, once over all processes.
pub trait CronKind: JobKind + Default {
    /// How often. Ticks are whole multiples of this since 1970-01-01T00:00:00Z.
    const EVERY: Duration;
}

impl Kind {
    /// A kind of this name, whose attempts take at most `timeout`: four at once in a process, twelve tries.
    #[must_use]
    pub const fn new(name: &'static str, timeout: Duration) -> Self {
        let repeat = Repeat::UpTo(ATTEMPTS);
        Self { name, concurrency: CONCURRENCY, concurrency_per_key: None, timeout, repeat }
    }

    /// The same kind, of which one process does so many at once.
    #[must_use]
    pub const fn concurrency(self, jobs: usize) -> Self {
        Self { concurrency: jobs, ..self }
    }

    /// The same kind, of which so many with the same concurrency key are done at once.
    #[must_use]
    pub const fn concurrency_per_key(self, jobs: usize) -> Self {
        Self { concurrency_per_key: Some(jobs), ..self }
    }

    /// The same kind, whose jobs may be tried again like this.
    #[must_use]
    pub const fn repeat(self, repeat: Repeat) -> Self {
        Self { repeat, ..self }
    }

    /// How many attempts a job has.
    #[must_use]
    pub const fn attempts_max(&self) -> i64 {
        match self.repeat {
            Repeat::Never | Repeat::UpTo(0) => 1,
            Repeat::UpTo(attempts) => attempts as i64,
        }
    }
}
