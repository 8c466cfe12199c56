//! What is counted of questions to DNS.

use std::sync::LazyLock;
use std::time::Duration;

use metrics::{Counter, Histogram};

use super::{Answer, DnsTrouble};
use crate::telemetry::metric::Metric;

const QUESTIONS: Metric = Metric::counter(
    "elido_dns_questions_total",
    &["result"],
    "Questions to DNS about domains, by result; an answer that there is nothing is an answer.",
);
const DURATION: Metric =
    Metric::histogram("elido_dns_question_seconds", &[], "How long questions to DNS took, those included that failed.");

/// What is counted of questions to DNS.
pub(super) struct DnsMetrics {
    answered: Counter,
    late: Counter,
    failed: Counter,
    unreachable: Counter,
    duration: Histogram,
}

impl DnsMetrics {
    /// The handles of this process.
    pub(super) fn global() -> &'static Self {
        static METRICS: LazyLock<DnsMetrics> = LazyLock::new(DnsMetrics::declare);
        &METRICS
    }

    fn declare() -> Self {
        let questions = |result| QUESTIONS.register_counter(&[("result", result)]);
        Self {
            answered: questions("answered"),
            late: questions("late"),
            failed: questions("failed"),
            unreachable: questions("unreachable"),
            duration: DURATION.register_histogram(&[]),
        }
    }

    pub(super) fn count(&self, answer: &Result<Answer, DnsTrouble>, took: Duration) {
        let counter = match answer {
            Ok(_) => &self.answered,
            Err(DnsTrouble::Late) => &self.late,
            Err(DnsTrouble::Failed(_)) => &self.failed,
            Err(DnsTrouble::Unreachable) => &self.unreachable,
        };
        counter.increment(1);
        self.duration.record(took.as_secs_f64());
    }
}
