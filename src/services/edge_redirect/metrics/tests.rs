use std::time::Duration;

use super::{CacheMetrics, EdgeMetrics, JournalMetrics, LinkSource};
use crate::infra::journal::JournalState;
use crate::telemetry::render;

/// The value of one sample. Metrics are shared by the process, so that tests look at differences.
fn value(sample: &str) -> f64 {
    let text = render();
    let line = text.lines().find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {sample} in\n{text}")).parse().unwrap()
}

#[test]
fn every_metric_is_there_before_anything_happened() {
    let _: &EdgeMetrics = EdgeMetrics::global();
    let _: &CacheMetrics = CacheMetrics::global();
    let _: &JournalMetrics = JournalMetrics::global();
    let text = render();
    for sample in [
        "elido_redirect_requests_total{status=\"302\",cache=\"l1\"}",
        "elido_redirect_requests_total{status=\"other\",cache=\"none\"}",
        "elido_redirect_latency_seconds_bucket{cache=\"origin\",le=\"0.000001\"}",
        "elido_redirect_latency_seconds_bucket{cache=\"l2\",le=\"5\"}",
        "elido_link_cache_size",
        "elido_link_cache_stale_serves_total",
        "elido_journal_drops_total{reason=\"full\"}",
        "elido_journal_state{state=\"ok\"} 1",
        "# HELP elido_journal_bytes What the click journal takes on disk.",
        "# TYPE elido_redirect_latency_seconds histogram",
    ] {
        assert!(text.contains(sample), "no {sample} in\n{text}");
    }
}

#[test]
fn an_answer_is_counted_under_its_status_and_source() {
    let metrics = EdgeMetrics::global();
    let hit = "elido_redirect_requests_total{status=\"307\",cache=\"l1\"}";
    let other = "elido_redirect_requests_total{status=\"other\",cache=\"none\"}";
    let fast = "elido_redirect_latency_seconds_bucket{cache=\"l1\",le=\"0.000005\"}";
    let slow = "elido_redirect_latency_seconds_bucket{cache=\"l1\",le=\"0.00001\"}";
    let before = [value(hit), value(other), value(fast), value(slow)];
    metrics.answered(307, LinkSource::L1, Duration::from_micros(7));
    metrics.answered(418, LinkSource::None, Duration::from_micros(7));
    let after = [value(hit), value(other), value(fast), value(slow)];
    let gained: Vec<f64> = after.iter().zip(before).map(|(after, before)| after - before).collect();
    assert_eq!(gained, [1.0, 1.0, 0.0, 1.0]);
}

#[test]
fn the_journal_is_in_one_state_at_a_time() {
    let metrics = JournalMetrics::global();
    metrics.set_state(JournalState::Full);
    assert!(value("elido_journal_state{state=\"full\"}") > value("elido_journal_state{state=\"ok\"}"));
    metrics.set_state(JournalState::Healthy);
    assert!(value("elido_journal_state{state=\"full\"}") < value("elido_journal_state{state=\"ok\"}"));
}
