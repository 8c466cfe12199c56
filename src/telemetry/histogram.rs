//! A histogram of durations whose buckets are fixed when the process is
//! built. Counting into it is two additions: no clock, no memory, no upkeep.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::metric::Metric;

/// How many buckets have an upper bound.
const BOUNDS: usize = 21;
/// The upper bounds in nanoseconds: from a cache hit, in microseconds, to a request that waits for a slow origin.
const BOUNDS_NANOSECONDS: [u64; BOUNDS] = [
    1_000,
    2_000,
    5_000,
    10_000,
    20_000,
    50_000,
    100_000,
    200_000,
    500_000,
    1_000_000,
    2_000_000,
    5_000_000,
    10_000_000,
    20_000_000,
    50_000_000,
    100_000_000,
    200_000_000,
    500_000_000,
    1_000_000_000,
    2_000_000_000,
    5_000_000_000,
];

/// What several histograms have counted together.
#[derive(Default)]
pub struct Total {
    buckets: [u64; BOUNDS + 1],
    sum_nanoseconds: u64,
}

/// Counts durations.
#[derive(Default)]
pub struct DurationHistogram {
    /// One for each bound, and one for what lies beyond the last.
    buckets: [AtomicU64; BOUNDS + 1],
    sum_nanoseconds: AtomicU64,
}

impl DurationHistogram {
    /// Counts one duration.
    pub fn record(&self, duration: Duration) {
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let bucket = BOUNDS_NANOSECONDS.partition_point(|bound| *bound < nanoseconds);
        if let Some(bucket) = self.buckets.get(bucket) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        self.sum_nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
    }

    /// Adds what was counted to `total`.
    pub fn add_to(&self, total: &mut Total) {
        for (sum, bucket) in total.buckets.iter_mut().zip(&self.buckets) {
            *sum += bucket.load(Ordering::Relaxed);
        }
        total.sum_nanoseconds += self.sum_nanoseconds.load(Ordering::Relaxed);
    }
}

impl Total {
    /// Appends the samples in Prometheus' text form. `label` is what tells them from their siblings, such as `cache="l1"`.
    pub fn render(&self, text: &mut String, name: &str, label: &str) {
        let mut count = 0;
        for (bucket, bound) in self.buckets.iter().zip(BOUNDS_NANOSECONDS.map(seconds)) {
            count += bucket;
            text.push_str(&format!("{name}_bucket{{{label},le=\"{bound}\"}} {count}\n"));
        }
        count += self.buckets.last().unwrap_or(&0);
        let sum = seconds(self.sum_nanoseconds);
        text.push_str(&format!("{name}_bucket{{{label},le=\"+Inf\"}} {count}\n"));
        text.push_str(&format!("{name}_sum{{{label}}} {sum}\n{name}_count{{{label}}} {count}\n"));
    }
}

/// Appends what stands above the samples of a metric of this kind.
pub fn render_head(text: &mut String, metric: Metric) {
    let Metric { name, help, .. } = metric;
    text.push_str(&format!("\n# HELP {name} {help}\n# TYPE {name} {}\n", metric.type_name()));
}

/// Sums are for people and rates; 2^53 nanoseconds are exact and a hundred days.
#[allow(clippy::cast_precision_loss, reason = "said above")]
fn seconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_counts_in_its_bucket_and_in_all_above() {
        let histogram = DurationHistogram::default();
        for nanoseconds in [1_000, 1_001, 7_000_000_000] {
            histogram.record(Duration::from_nanos(nanoseconds));
        }
        let (mut text, mut total) = (String::new(), Total::default());
        histogram.add_to(&mut total);
        total.render(&mut text, "x", "cache=\"l1\"");
        for line in [
            "x_bucket{cache=\"l1\",le=\"0.000001\"} 1",
            "x_bucket{cache=\"l1\",le=\"0.000002\"} 2",
            "x_bucket{cache=\"l1\",le=\"5\"} 2",
            "x_bucket{cache=\"l1\",le=\"+Inf\"} 3",
            "x_sum{cache=\"l1\"} 7.000002001",
            "x_count{cache=\"l1\"} 3",
        ] {
            assert!(text.lines().any(|found| found == line), "no {line} in\n{text}");
        }
    }
}
