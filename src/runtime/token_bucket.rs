//! Token buckets in the form of the generic cell rate algorithm: one number a key.
//!
//! Time comes in as nanoseconds of any clock that only goes forward, which keeps
//! every decision a pure function. Looking up a known key allocates nothing.

use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use quick_cache::sync::Cache;

use super::sync::atomic::{AtomicU64, Ordering};

/// How fast a bucket fills, and how much it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Nanoseconds between two tokens.
    interval: u64,
    /// Tokens of a full bucket.
    burst: u32,
}

/// What is left of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// How fast it fills, and how much it holds.
    pub rate: Rate,
    /// How many requests may follow at once.
    pub remaining: u32,
    /// When it will be full again; if nothing is left, when the next request may come.
    pub reset_after: Duration,
}

/// What became of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It may go on.
    Allowed {
        /// How many more may follow at once.
        remaining: u32,
        /// When the bucket will be full again.
        full_after: Duration,
    },
    /// It came too early.
    Refused {
        /// When the next one may come.
        retry_after: Duration,
    },
}

impl Rate {
    /// `requests` per `period`, and `burst` of them at once. Both counts are at least 1, else there is no limit to speak of.
    #[must_use]
    pub fn new(requests: u32, period: Duration, burst: u32) -> Option<Self> {
        let interval = nanos(period).checked_div(u64::from(requests))?.max(1);
        (burst > 0).then_some(Self { interval, burst })
    }

    /// Tokens of a full bucket.
    #[must_use]
    pub const fn burst(self) -> u32 {
        self.burst
    }

    /// How long an empty bucket takes to fill.
    #[must_use]
    pub fn fill_time(self) -> Duration {
        Duration::from_nanos(self.interval.saturating_mul(u64::from(self.burst)))
    }

    /// A rate of so many requests per `period`, whose bucket takes as long to fill as this one's. Without requests it is this one.
    #[must_use]
    pub fn scaled_to(self, requests: u32, period: Duration) -> Self {
        let burst = nanos(self.fill_time()).saturating_mul(u64::from(requests)).checked_div(nanos(period));
        let burst = burst.map_or(1, |burst| u32::try_from(burst).unwrap_or(u32::MAX).max(1));
        Self::new(requests, period, burst).unwrap_or(self)
    }

    /// Microseconds between two tokens; at least one.
    #[must_use]
    pub fn interval_micros(self) -> i64 {
        i64::try_from(self.interval / 1_000).unwrap_or(i64::MAX).max(1)
    }

    /// What somebody else decided by this rate: until the bucket is full again, or until the next token comes.
    #[must_use]
    pub fn decided(self, is_allowed: bool, time: Duration) -> Decision {
        if !is_allowed {
            return Decision::Refused { retry_after: time };
        }
        let debt = nanos(time).div_ceil(self.interval);
        let remaining = self.burst.saturating_sub(u32::try_from(debt).unwrap_or(u32::MAX));
        Decision::Allowed { remaining, full_after: time }
    }

    /// Decides on a request at `now`, given when the bucket will be full; returns that moment as it is afterwards.
    #[must_use]
    pub fn decide(self, full_at: u64, now: u64) -> (u64, Decision) {
        let capacity = self.interval.saturating_mul(u64::from(self.burst));
        let full_at_then = full_at.max(now).saturating_add(self.interval);
        let debt = full_at_then.saturating_sub(now);
        if debt > capacity {
            let retry_after = Duration::from_nanos(debt.saturating_sub(capacity));
            return (full_at, Decision::Refused { retry_after });
        }
        let remaining = capacity.saturating_sub(debt).checked_div(self.interval).unwrap_or(0);
        let remaining = u32::try_from(remaining).unwrap_or(u32::MAX);
        (full_at_then, Decision::Allowed { remaining, full_after: Duration::from_nanos(debt) })
    }
}

impl Decision {
    /// What is left after it of a bucket of this rate.
    #[must_use]
    pub const fn level(self, rate: Rate) -> Level {
        match self {
            Self::Allowed { remaining, full_after } => Level { rate, remaining, reset_after: full_after },
            Self::Refused { retry_after } => Level { rate, remaining: 0, reset_after: retry_after },
        }
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// One bucket a key, for at most `keys_max` keys; the keys unused for longest lose their bucket first, to their advantage.
pub struct TokenBuckets<K> {
    rate: Rate,
    buckets: Cache<K, Arc<AtomicU64>>,
}

impl<K: Hash + Eq + Clone> TokenBuckets<K> {
    /// Full buckets for everybody.
    #[must_use]
    pub fn new(rate: Rate, keys_max: usize) -> Self {
        Self { rate, buckets: Cache::new(keys_max) }
    }

    /// The rate of every bucket.
    #[must_use]
    pub const fn rate(&self) -> Rate {
        self.rate
    }

    /// Takes a token of `key`'s bucket, if there is one. `now` is in nanoseconds of one clock that only goes forward.
    pub fn take(&self, key: &K, now: u64) -> Decision {
        self.take_at(self.rate, key, now)
    }

    /// The same at a rate of the key's own.
    pub fn take_at(&self, rate: Rate, key: &K, now: u64) -> Decision {
        let bucket = match self.buckets.get(key) {
            Some(bucket) => bucket,
            None => self.new_bucket(key),
        };
        let mut full_at = bucket.load(Ordering::Relaxed);
        loop {
            let (full_at_then, decision) = rate.decide(full_at, now);
            if full_at_then == full_at {
                return decision;
            }
            match bucket.compare_exchange_weak(full_at, full_at_then, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return decision,
                Err(changed) => full_at = changed,
            }
        }
    }

    fn new_bucket(&self, key: &K) -> Arc<AtomicU64> {
        let full = || Ok::<_, std::convert::Infallible>(Arc::default());
        match self.buckets.get_or_insert_with(key, full) {
            Ok(bucket) => bucket,
            Err(never) => match never {},
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: u64 = 1_000_000_000;

    fn ten_a_second(burst: u32) -> Rate {
        Rate::new(10, Duration::from_secs(1), burst).expect("a rate")
    }

    #[test]
    fn a_burst_passes_and_the_next_has_to_wait_for_a_token() {
        let buckets = TokenBuckets::new(ten_a_second(3), 10);
        let remaining: Vec<_> = (0..3).map(|_| buckets.take(&"a", SECOND)).collect();
        assert!(matches!(
            remaining.as_slice(),
            [
                Decision::Allowed { remaining: 2, .. },
                Decision::Allowed { remaining: 1, .. },
                Decision::Allowed { remaining: 0, .. }
            ]
        ));
        assert_eq!(buckets.take(&"a", SECOND), Decision::Refused { retry_after: Duration::from_millis(100) });
        assert!(matches!(buckets.take(&"b", SECOND), Decision::Allowed { .. }));
        assert!(matches!(buckets.take(&"a", SECOND + SECOND / 10), Decision::Allowed { remaining: 0, .. }));
    }

    #[test]
    fn a_rate_needs_requests_and_room() {
        assert_eq!(Rate::new(0, Duration::from_secs(1), 5), None);
        assert_eq!(Rate::new(5, Duration::from_secs(1), 0), None);
        assert_eq!(ten_a_second(5).fill_time(), Duration::from_millis(500));
    }

    #[test]
    fn a_scaled_rate_fills_as_fast_and_lets_at_least_one_pass() {
        let scaled = ten_a_second(50).scaled_to(20, Duration::from_secs(1));
        assert_eq!(Some(scaled), Rate::new(20, Duration::from_secs(1), 100));
        assert_eq!(ten_a_second(5).scaled_to(1, Duration::from_secs(60)).burst(), 1);
        assert_eq!(ten_a_second(5).scaled_to(0, Duration::from_secs(60)), ten_a_second(5));
    }

    #[test]
    fn a_known_key_costs_no_allocation() {
        let buckets = TokenBuckets::new(ten_a_second(3), 10);
        buckets.take(&7_u32, 0);
        let allocations = allocation_counter::measure(|| {
            buckets.take(&7, 1);
        });
        assert_eq!(allocations.count_total, 0);
    }

    proptest! {
        #[test]
        fn no_stretch_of_time_passes_more_than_the_rate_allows(
            gaps in proptest::collection::vec(0..400_000_000_u64, 1..200),
            burst in 1..20_u32,
        ) {
            let rate = ten_a_second(burst);
            let (mut now, mut full_at, mut passed) = (0_u64, 0_u64, Vec::new());
            for gap in gaps {
                now += gap;
                let (full_at_then, decision) = rate.decide(full_at, now);
                full_at = full_at_then;
                match decision {
                    Decision::Allowed { remaining, .. } => {
                        prop_assert!(remaining < burst);
                        passed.push(now);
                    }
                    Decision::Refused { retry_after } => {
                        let later = now + nanos(retry_after);
                        let is_allowed = |at| matches!(rate.decide(full_at, at).1, Decision::Allowed { .. });
                        prop_assert!(is_allowed(later));
                        prop_assert!(!is_allowed(later - 1));
                    }
                }
            }
            for (index, first) in passed.iter().enumerate() {
                for (count, last) in passed[index..].iter().enumerate() {
                    let allowed = u64::from(burst) + (last - first) / (SECOND / 10);
                    prop_assert!((count as u64) < allowed);
                }
            }
        }
    }
}

#[cfg(all(test, shuttle))]
mod model {
    use super::*;
    use crate::runtime::sync::atomic::AtomicU32;

    #[test]
    fn however_threads_take_turns_a_bucket_gives_out_what_it_holds_and_no_more() {
        let check = || {
            let rate = Rate::new(1, Duration::from_secs(1), 3).expect("a rate");
            let buckets = Arc::new(TokenBuckets::new(rate, 10));
            let allowed = Arc::new(AtomicU32::new(0));
            let takers: Vec<_> = (0..4)
                .map(|_| {
                    let (buckets, allowed) = (Arc::clone(&buckets), Arc::clone(&allowed));
                    shuttle::thread::spawn(move || {
                        for _ in 0..2 {
                            if matches!(buckets.take(&"key", 0), Decision::Allowed { .. }) {
                                allowed.fetch_add(1, Ordering::Relaxed);
                            }
                        }
                    })
                })
                .collect();
            takers.into_iter().for_each(|taker| taker.join().expect("no panic"));
            assert_eq!(allowed.load(Ordering::Relaxed), 3);
        };
        shuttle::check_random(check, 20_000);
        shuttle::check_pct(check, 20_000, 3);
    }
}
