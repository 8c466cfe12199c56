//! Why an attempt at a job failed, and what that means for the next one.

use std::error::Error as StdError;
use std::time::Duration;

use crate::domain::error::Error;

/// Why an attempt at a job failed.
#[derive(Debug)]
pub struct JobFailure {
    pub(super) message: String,
    pub(super) source: Option<Box<dyn StdError + Send + Sync>>,
    pub(super) next: NextAttempt,
}

/// When the job is tried again, if it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NextAttempt {
    /// After a pause that grows with the attempts.
    Later,
    /// After this.
    After(Duration),
    /// Never.
    Never,
}

impl JobFailure {
    /// It did not work this time. Operators read the message; it holds no secret.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), source: None, next: NextAttempt::Later }
    }

    /// It will never work. Operators read the message; it holds no secret.
    #[must_use]
    pub fn for_good(message: impl Into<String>) -> Self {
        Self { next: NextAttempt::Never, ..Self::new(message) }
    }

    /// The same, which shall be tried again after this time, as when whoever was asked said so.
    #[must_use]
    pub fn try_again_after(self, pause: Duration) -> Self {
        Self { next: NextAttempt::After(pause), ..self }
    }

    /// Whether it will never work.
    #[must_use]
    pub fn is_for_good(&self) -> bool {
        self.next == NextAttempt::Never
    }
}

impl From<Error> for JobFailure {
    fn from(error: Error) -> Self {
        Self { message: error.to_string(), source: error.source, next: NextAttempt::Later }
    }
}
