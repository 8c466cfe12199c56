//! What is counted of identity providers.

use std::sync::LazyLock;

use metrics::Counter;

use crate::telemetry::metric::Metric;

const REQUESTS: Metric = Metric::counter(
    "elido_identity_provider_requests_total",
    &["result"],
    "Requests to identity providers, by what came of them: answered, refused, or the provider was unavailable.",
);

/// What came of a request.
#[derive(Debug, Clone, Copy)]
pub(super) enum RequestResult {
    Answered,
    Refused,
    Unavailable,
}

struct RequestMetrics {
    answered: Counter,
    refused: Counter,
    unavailable: Counter,
}

/// Counts a request.
pub(super) fn count_request(result: RequestResult) {
    static METRICS: LazyLock<RequestMetrics> = LazyLock::new(RequestMetrics::declare);
    let counter = match result {
        RequestResult::Answered => &METRICS.answered,
        RequestResult::Refused => &METRICS.refused,
        RequestResult::Unavailable => &METRICS.unavailable,
    };
    counter.increment(1);
}

impl RequestMetrics {
    fn declare() -> Self {
        let counter = |result| REQUESTS.register_counter(&[("result", result)]);
        Self { answered: counter("answered"), refused: counter("refused"), unavailable: counter("unavailable") }
    }
}
