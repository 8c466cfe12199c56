//! What is counted of questions.

use std::sync::LazyLock;

use metrics::Counter;

use super::ClickStoreError;
use crate::telemetry::metric::Metric;

const REFUSALS: Metric = Metric::counter(
    "elido_click_query_refusals_total",
    &["reason"],
    "Questions about clicks that were refused because they are beyond a limit, by limit.",
);

/// What is counted of questions.
pub(super) struct QuestionMetrics {
    time: Counter,
    clicks: Counter,
    memory: Counter,
    at_once: Counter,
}

impl QuestionMetrics {
    /// The handles of this process.
    pub(super) fn global() -> &'static Self {
        static METRICS: LazyLock<QuestionMetrics> = LazyLock::new(QuestionMetrics::declare);
        &METRICS
    }

    fn declare() -> Self {
        let refusals = |reason| REFUSALS.register_counter(&[("reason", reason)]);
        Self {
            time: refusals("time"),
            clicks: refusals("clicks"),
            memory: refusals("memory"),
            at_once: refusals("at_once"),
        }
    }

    /// Counts an error, if it is a refusal.
    pub(super) fn count(&self, error: &ClickStoreError) {
        let counter = match error {
            ClickStoreError::TimeLimit => &self.time,
            ClickStoreError::ClickLimit(_) => &self.clicks,
            ClickStoreError::MemoryLimit => &self.memory,
            ClickStoreError::TooManyQuestions(_) => &self.at_once,
            _ => return,
        };
        counter.increment(1);
    }
}
