//! A circuit breaker: after some failures in a row the origin is left alone for
//! a moment, so that a dead one costs its timeout once and not per request.

use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;

use crate::domain::time::Timestamp;

/// So many failures in a row open the breaker.
const FAILURES_MAX: u32 = 3;
/// So long it stays open; then one call may try.
const OPEN_FOR: Duration = Duration::from_secs(1);

/// Counts failures in a row.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    failures: AtomicU32,
    open_until: AtomicI64,
}

impl Breaker {
    /// Whether a call may be made. Of many that ask when the time is up, one gets a yes.
    pub(super) fn allows(&self, now: Timestamp) -> bool {
        if self.failures.load(Ordering::Relaxed) < FAILURES_MAX {
            return true;
        }
        let open_until = self.open_until.load(Ordering::Relaxed);
        let next = now.plus(OPEN_FOR).as_micros();
        now.as_micros() >= open_until
            && self.open_until.compare_exchange(open_until, next, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// A call was answered.
    pub(super) fn succeeded(&self) {
        self.failures.store(0, Ordering::Relaxed);
    }

    /// A call failed at this moment.
    pub(super) fn failed(&self, now: Timestamp) {
        if self.failures.fetch_add(1, Ordering::Relaxed) + 1 >= FAILURES_MAX {
            self.open_until.store(now.plus(OPEN_FOR).as_micros(), Ordering::Relaxed);
        }
    }

    /// Whether the last calls failed so often that the origin counts as away.
    pub(super) fn is_open(&self) -> bool {
        self.failures.load(Ordering::Relaxed) >= FAILURES_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_after_failures_in_a_row_lets_one_try_and_closes_on_success() {
        let breaker = Breaker::default();
        let start = Timestamp::from_micros(0);
        (0..FAILURES_MAX).for_each(|_| breaker.failed(start));
        assert!(!breaker.allows(start));
        let later = start.plus(OPEN_FOR);
        assert!(breaker.allows(later));
        assert!(!breaker.allows(later), "one probe at a time");
        breaker.succeeded();
        assert!(breaker.allows(later) && !breaker.is_open());
    }
}
