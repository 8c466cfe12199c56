//! When a request that failed is sent again, and when no more.
//!
//! Invariants: whoever is asked to wait waits no longer than the policy allows, and tries once more when it ends; without time to wait
//! nothing is tried again.

use std::time::Duration;

/// The first and the longest wait of its own accord.
const WAIT_MIN: Duration = Duration::from_millis(200);
const WAIT_MAX: Duration = Duration::from_secs(10);

/// What the other side said about coming back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// Nothing.
    Nothing,
    /// Not before this has passed.
    ToWait(Duration),
    /// After this at the latest; it may be ready any moment.
    AtTheLatest(Duration),
}

/// What is left to wait for one request.
#[derive(Debug)]
pub(super) struct RetryPolicy {
    whole: Duration,
    wait: Duration,
}

impl RetryPolicy {
    /// Tries for so long, from the first attempt on.
    pub(super) const fn of(whole: Duration) -> Self {
        Self { whole, wait: WAIT_MIN }
    }

    /// How long to wait before the next attempt, `elapsed` after the first; `None` if there shall be none.
    pub(super) fn next_wait(&mut self, elapsed: Duration, asked: Asked) -> Option<Duration> {
        let left = self.whole.checked_sub(elapsed).filter(|left| !left.is_zero())?;
        let own = self.wait;
        self.wait = own.saturating_mul(2).min(WAIT_MAX);
        let wait = match asked {
            Asked::Nothing => own,
            Asked::ToWait(asked) => asked,
            Asked::AtTheLatest(asked) => own.min(asked.max(WAIT_MIN)),
        };
        Some(wait.min(left))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    /// The moments of all attempts after the first, when each is answered at once.
    fn attempts(whole: Duration, asked: impl Fn(Duration) -> Asked) -> Vec<Duration> {
        let mut policy = RetryPolicy::of(whole);
        let (mut now, mut moments) = (Duration::ZERO, Vec::new());
        while let Some(wait) = policy.next_wait(now, asked(now)) {
            now += wait;
            moments.push(now);
        }
        moments
    }

    #[test]
    fn without_patience_nothing_is_tried_again() {
        assert!(attempts(Duration::ZERO, |_| Asked::Nothing).is_empty());
    }

    #[test]
    fn a_wait_that_is_longer_than_the_patience_is_cut_and_ends_in_one_more_attempt() {
        assert_eq!(attempts(seconds(120), |_| Asked::ToWait(seconds(86_400))), [seconds(120)]);
        assert_eq!(attempts(seconds(120), |_| Asked::ToWait(seconds(50))), [seconds(50), seconds(100), seconds(120)]);
    }

    #[test]
    fn a_claim_of_a_killed_server_is_asked_for_early_and_outlived() {
        let lease = seconds(60);
        let moments = attempts(seconds(120), |now| Asked::AtTheLatest(lease.saturating_sub(now)));
        assert_eq!(moments[0], WAIT_MIN);
        assert!(moments.contains(&lease), "exactly when the claim ends: {moments:?}");
        assert_eq!(moments.last(), Some(&seconds(120)));
        assert!(moments.windows(2).all(|pair| pair[1].saturating_sub(pair[0]) <= WAIT_MAX));
    }
}
