//! What a process waits for before it can begin.
//!
//! Invariant: a process whose server is not there yet is alive and not ready, says what it waits for, and ends only when
//! the time of `startup.wait_seconds` is over. An orchestrator that starts everything at once needs no order of its own.
//! A process that answers redirects gives up at once, because no visitor must wait for its database.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::domain::error::{Error, ErrorKind, Result};

/// How long to wait after the first attempt; doubled after each one.
const PAUSE_MIN: Duration = Duration::from_millis(250);
/// The longest pause between attempts.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// The time that a process has to begin, and what keeps it from that.
pub(super) struct Startup {
    deadline: Instant,
    missing: Mutex<Option<&'static str>>,
}

impl Startup {
    /// Time runs from now on.
    pub(super) fn new(wait: Duration) -> Self {
        Self { deadline: Instant::now() + wait, missing: Mutex::new(None) }
    }

    /// The part that the process waits for now.
    pub(super) fn missing(&self) -> Option<&'static str> {
        *self.missing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tries until `part` is there.
    ///
    /// # Errors
    /// What the last attempt met when time was over, or at once what no waiting mends.
    pub(super) async fn wait_for<T>(&self, part: &'static str, attempt: impl AsyncFn() -> Result<T>) -> Result<T> {
        let mut pause = PAUSE_MIN;
        loop {
            let error = match attempt().await {
                Ok(found) => {
                    self.set_missing(None);
                    return Ok(found);
                }
                Err(error) => error,
            };
            let left = self.deadline.saturating_duration_since(Instant::now());
            if error.kind != ErrorKind::Unavailable || left.is_zero() {
                return Err(error);
            }
            self.tell(part, &error, left);
            tokio::time::sleep(pause.min(left)).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    fn tell(&self, part: &'static str, error: &Error, left: Duration) {
        if self.set_missing(Some(part)) == Some(part) {
            return;
        }
        let reason = error.source.as_ref().map_or_else(|| error.message.clone(), ToString::to_string);
        tracing::warn!(part, reason, seconds = left.as_secs(), "waiting for a part that is unavailable");
    }

    /// Returns what was missing before.
    fn set_missing(&self, part: Option<&'static str>) -> Option<&'static str> {
        std::mem::replace(&mut *self.missing.lock().unwrap_or_else(PoisonError::into_inner), part)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test]
    async fn what_is_unavailable_is_tried_until_it_is_there() {
        let startup = Startup::new(Duration::from_secs(600));
        let tries = Cell::new(0);
        let attempt = async || {
            tries.set(tries.get() + 1);
            if tries.get() < 3 { Err(Error::unavailable("refused")) } else { Ok(tries.get()) }
        };
        assert_eq!(startup.wait_for("database", attempt).await.expect("it comes"), 3);
        assert_eq!(startup.missing(), None);
    }

    #[tokio::test]
    async fn what_no_waiting_mends_and_what_takes_too_long_ends_it() {
        let refused = async || Err::<(), _>(Error::internal("wrong password"));
        let patient = Startup::new(Duration::from_secs(600));
        assert_eq!(patient.wait_for("database", refused).await.expect_err("it ends").kind, ErrorKind::Internal);

        let unavailable = async || Err::<(), _>(Error::unavailable("refused"));
        let impatient = Startup::new(Duration::ZERO);
        assert_eq!(impatient.wait_for("database", unavailable).await.expect_err("ends").kind, ErrorKind::Unavailable);
    }

    #[tokio::test]
    async fn while_it_waits_it_says_for_what() {
        let startup = Startup::new(Duration::from_secs(600));
        let waits = startup.wait_for("database", async || Err::<(), _>(Error::unavailable("refused")));
        let waited = tokio::time::timeout(Duration::from_millis(10), waits).await;
        assert!(waited.is_err());
        assert_eq!(startup.missing(), Some("database"));
    }
}
