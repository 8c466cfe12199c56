//! A circuit breaker: after some failures in a row a dependency is left alone for
//! a moment, so that a dead one costs its timeout once and not per request.
//!
//! Invariant: the moment passes however the wall clock is set.

use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;

use crate::runtime::clock::MonotonicTime;

/// Counts failures in a row.
#[derive(Debug)]
pub struct Breaker {
    failures_max: u32,
    open_for: Duration,
    failures: AtomicU32,
    open_until: AtomicI64,
}

/// What a breaker does with the next call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    /// It lets it through.
    Closed,
    /// It refuses it.
    Open,
    /// It lets one through, to see whether the dependency is back.
    HalfOpen,
}

impl Breaker {
    /// A closed breaker: so many failures in a row open it, and so long it stays open until one call may try.
    #[must_use]
    pub const fn new(failures_max: u32, open_for: Duration) -> Self {
        Self { failures_max, open_for, failures: AtomicU32::new(0), open_until: AtomicI64::new(0) }
    }

    /// Whether a call may be made. Of many that ask when the time is up, one gets a yes.
    pub fn allows(&self, now: MonotonicTime) -> bool {
        match self.state(now) {
            BreakerState::Closed => true,
            BreakerState::Open => false,
            BreakerState::HalfOpen => {
                let open_until = self.open_until.load(Ordering::Relaxed);
                let next = now.plus(self.open_for).as_micros();
                self.open_until.compare_exchange(open_until, next, Ordering::Relaxed, Ordering::Relaxed).is_ok()
            }
        }
    }

    /// A call was answered.
    pub fn succeeded(&self) {
        self.failures.store(0, Ordering::Relaxed);
    }

    /// A call failed at this moment.
    pub fn failed(&self, now: MonotonicTime) {
        if self.failures.fetch_add(1, Ordering::Relaxed).saturating_add(1) >= self.failures_max {
            self.open_until.store(now.plus(self.open_for).as_micros(), Ordering::Relaxed);
        }
    }

    /// Whether the last calls failed so often that the dependency counts as unavailable.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.failures.load(Ordering::Relaxed) >= self.failures_max
    }

    /// What becomes of a call at this moment.
    #[must_use]
    pub fn state(&self, now: MonotonicTime) -> BreakerState {
        match (self.is_open(), now.as_micros() < self.open_until.load(Ordering::Relaxed)) {
            (false, _) => BreakerState::Closed,
            (true, true) => BreakerState::Open,
            (true, false) => BreakerState::HalfOpen,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_after_failures_in_a_row_lets_one_try_and_closes_on_success() {
        let breaker = Breaker::new(3, Duration::from_secs(1));
        let start = MonotonicTime::from_micros(0);
        (0..3).for_each(|_| breaker.failed(start));
        assert!(!breaker.allows(start));
        let later = start.plus(Duration::from_secs(1));
        assert_eq!(breaker.state(later), BreakerState::HalfOpen);
        assert!(breaker.allows(later));
        assert!(!breaker.allows(later), "one probe at a time");
        breaker.succeeded();
        assert!(breaker.allows(later) && !breaker.is_open());
    }
}
