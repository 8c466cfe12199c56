//! The one place that asks what time it is.
//!
//! Moments that people or other machines see are read from the wall clock, which may be set at any time. Whatever lasts
//! or runs out within a process is measured by the clock that nobody sets.

use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::domain::time::Timestamp;

/// When this process first asked for the time.
static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);

/// A point on the clock that nobody sets, in microseconds since this process first asked. It means nothing elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct MonotonicTime(Timestamp);

/// The wall clock, in microseconds UTC.
#[must_use]
#[allow(clippy::disallowed_methods, reason = "everything else asks this function")]
pub fn now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
}

/// The clock that nobody sets.
#[must_use]
pub fn monotonic() -> MonotonicTime {
    MonotonicTime::from_micros(0).plus(STARTED.elapsed())
}

impl MonotonicTime {
    /// Before everything.
    pub const LONG_AGO: Self = Self::from_micros(i64::MIN);
    /// After everything.
    pub const NEVER: Self = Self::from_micros(i64::MAX);

    /// Wraps microseconds, such as they were kept in an atomic number.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(Timestamp::from_micros(micros))
    }

    /// Microseconds since this process first asked for the time.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0.as_micros()
    }

    /// [`Timestamp::plus`] of this clock.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.plus(duration))
    }

    /// [`Timestamp::minus`] of this clock.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.minus(duration))
    }

    /// [`Timestamp::since`] of this clock.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        self.0.since(earlier.0)
    }

    /// How long ago this moment is.
    #[must_use]
    pub fn elapsed(self) -> Duration {
        monotonic().since(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_saturate_at_the_ends_of_time() {
        assert_eq!(MonotonicTime::NEVER.plus(Duration::from_secs(1)), MonotonicTime::NEVER);
        assert_eq!(MonotonicTime::LONG_AGO.minus(Duration::MAX), MonotonicTime::LONG_AGO);
        assert_eq!(MonotonicTime::LONG_AGO.since(monotonic()), Duration::ZERO);
        assert!(monotonic().since(MonotonicTime::LONG_AGO) > Duration::from_secs(1));
        assert!(monotonic().minus(Duration::from_secs(5)).elapsed() >= Duration::from_secs(5));
    }
}
