//! Latencies in buckets that grow with them, so that every quantile is right to within one per cent.

/// Each power of two is cut into so many buckets, as a power of two.
const SUB_BITS: u32 = 7;
const SUB_BUCKETS: usize = 1 << SUB_BITS;
/// Values above this many bits share the last buckets: 2^42 ns is more than an hour.
const BITS_MAX: u32 = 42;
const BUCKETS: usize = SUB_BUCKETS * (BITS_MAX - SUB_BITS + 2) as usize;

/// Counts values of up to 2^42.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Histogram {
    counts: Vec<u64>,
    total: u64,
    longest: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: vec![0; BUCKETS], total: 0, longest: 0 }
    }
}

impl Histogram {
    /// Counts one value.
    pub(super) fn record(&mut self, value: u64) {
        if let Some(count) = self.counts.get_mut(bucket_of(value)) {
            *count = count.saturating_add(1);
        }
        self.total = self.total.saturating_add(1);
        self.longest = self.longest.max(value);
    }

    /// Adds what another one counted.
    pub(super) fn merge(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count = count.saturating_add(*more);
        }
        self.total = self.total.saturating_add(other.total);
        self.longest = self.longest.max(other.longest);
    }

    /// How many values were counted.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// The value that this share (0 to 1) of all values does not exceed; 0 if there are none.
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rank among fewer than 2^52 values"
    )]
    pub(super) fn quantile(&self, share: f64) -> u64 {
        let rank = ((self.total as f64) * share).ceil().max(1.0) as u64;
        let mut seen = 0_u64;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen = seen.saturating_add(*count);
            if *count > 0 && seen >= rank {
                return highest_of(bucket).min(self.longest);
            }
        }
        self.longest
    }
}

fn bucket_of(value: u64) -> usize {
    let value = value.min((1 << BITS_MAX) - 1);
    let bits = u64::BITS - value.leading_zeros();
    let shift = bits.saturating_sub(SUB_BITS + 1);
    let base = (shift as usize) << SUB_BITS;
    base.saturating_add((value >> shift) as usize)
}

/// The highest value that falls into a bucket.
fn highest_of(bucket: usize) -> u64 {
    let shift = (bucket >> SUB_BITS).saturating_sub(1);
    let lead = bucket.saturating_sub(shift << SUB_BITS) as u64;
    ((lead + 1) << shift).saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_bucket_holds_its_values_and_is_narrow(value in 0..(1_u64 << BITS_MAX)) {
            let highest = highest_of(bucket_of(value));
            prop_assert!(highest >= value);
            prop_assert!(highest - value <= value / 100);
            prop_assert!(bucket_of(highest) == bucket_of(value));
            prop_assert!(bucket_of(value) < BUCKETS);
        }

        #[test]
        fn quantiles_are_those_of_the_sorted_values(mut values in proptest::collection::vec(0..10_000_000_u64, 1..300)) {
            let mut histogram = Histogram::default();
            for value in &values {
                histogram.record(*value);
            }
            values.sort_unstable();
            for (share, permille) in [(0.5, 500), (0.99, 990), (0.999, 999), (1.0, 1000)] {
                let exact = values[(values.len() * permille).div_ceil(1000) - 1];
                let found = histogram.quantile(share);
                prop_assert!(found >= exact && found - exact <= exact / 100, "{found} for {exact}");
            }
        }
    }

    #[test]
    fn the_longest_of_values_is_kept_beyond_the_range() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.quantile(0.5), 0);
        histogram.record(u64::MAX);
        let mut sum = Histogram::default();
        sum.merge(&histogram);
        assert_eq!((sum.total(), sum.quantile(1.0)), (1, (1 << BITS_MAX) - 1));
    }
}
