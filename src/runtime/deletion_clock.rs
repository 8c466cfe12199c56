//! The time by which what is old is deleted for good.
//!
//! Invariant: whoever sets the wall clock ahead by mistake has a day to set it right before anything is deleted by it. A
//! process that starts with a wrong clock cannot tell.

use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

use super::clock::{self, MonotonicTime};
use crate::domain::time::Timestamp;

/// Clocks are set by so much to keep them right; more is a step.
const STEP: Duration = Duration::from_secs(60 * 60);
/// A step is believed once it has lasted for so long.
const BELIEVED_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

static CLOCK: LazyLock<Mutex<DeletionClock>> =
    LazyLock::new(|| Mutex::new(DeletionClock::new(clock::now(), clock::monotonic())));

/// What the wall clock said last, and when.
#[derive(Debug)]
struct DeletionClock {
    wall: Timestamp,
    at: MonotonicTime,
    stepped_at: Option<MonotonicTime>,
}

/// Begins to watch the wall clock; before that, a step is not noticed.
pub fn watch() {
    LazyLock::force(&CLOCK);
}

/// The wall clock, but for the first day after it was set ahead: then what it would say if it had not been.
#[must_use]
pub fn now() -> Timestamp {
    CLOCK.lock().unwrap_or_else(PoisonError::into_inner).believed(clock::now(), clock::monotonic())
}

impl DeletionClock {
    fn new(wall: Timestamp, at: MonotonicTime) -> Self {
        Self { wall, at, stepped_at: None }
    }

    fn believed(&mut self, wall: Timestamp, now: MonotonicTime) -> Timestamp {
        let expected = self.wall.plus(now.since(self.at));
        if wall > expected.plus(STEP) {
            if self.stepped_at.is_none() {
                tracing::warn!(now = %wall, expected = %expected, "the clock was set ahead: nothing is deleted by it for a day");
            }
            let stepped_at = *self.stepped_at.get_or_insert(now);
            if now.since(stepped_at) < BELIEVED_AFTER {
                return expected;
            }
        }
        *self = Self::new(wall, now);
        wall
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(60 * 60);
    const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

    #[test]
    fn a_clock_that_is_set_ahead_deletes_nothing_for_a_day() {
        let (wall, begun) = (Timestamp::from_micros(1_000_000_000_000_000), clock::monotonic());
        let mut clock = DeletionClock::new(wall, begun);
        let after = |hours: u32| (wall.plus(HOUR * hours), begun.plus(HOUR * hours));
        let (right, later) = after(1);
        assert_eq!(clock.believed(right, later), right);
        for hours in [2, 25] {
            let (right, later) = after(hours);
            assert_eq!(clock.believed(right.plus(YEAR), later), right, "{hours} h");
        }
        let (right, later) = after(26);
        assert_eq!(clock.believed(right.plus(YEAR), later), right.plus(YEAR), "somebody means it");
    }

    #[test]
    fn a_clock_that_is_put_right_again_is_believed_at_once() {
        let (wall, begun) = (Timestamp::from_micros(1_000_000_000_000_000), clock::monotonic());
        let mut clock = DeletionClock::new(wall, begun);
        assert_eq!(clock.believed(wall.plus(YEAR), begun), wall);
        assert_eq!(clock.believed(wall, begun), wall);
        assert_eq!(clock.believed(wall.minus(YEAR), begun), wall.minus(YEAR), "what is kept for longer harms nobody");
        let later = begun.plus(HOUR * 24);
        assert_eq!(
            clock.believed(wall.plus(YEAR), later),
            wall.minus(YEAR).plus(HOUR * 24),
            "another step begins another day"
        );
    }
}
