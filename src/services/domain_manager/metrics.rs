//! What the domain manager counts.

use std::sync::LazyLock;

use metrics::{Counter, Gauge};

use crate::infra::certificates::OrderFailure;
use crate::telemetry::metric::Metric;

const ORDERS: Metric = Metric::counter(
    "elido_certificate_orders_total",
    &["result"],
    "Orders of certificates, by what became of them: issued, refused, rate_limited, or unavailable when there was no authority.",
);
const FIRST_END: Metric = Metric::gauge(
    "elido_certificate_first_end_seconds",
    &[],
    "How long the certificate still holds that ends first. Looked at once a minute.",
);

/// What is counted of certificates.
pub(super) struct CertificateMetrics {
    pub(super) issued: Counter,
    pub(super) first_end: Gauge,
    refused: Counter,
    rate_limited: Counter,
    unavailable: Counter,
}

impl CertificateMetrics {
    /// The handles of this process.
    pub(super) fn global() -> &'static Self {
        static METRICS: LazyLock<CertificateMetrics> = LazyLock::new(CertificateMetrics::declare);
        &METRICS
    }

    fn declare() -> Self {
        let counter = |result| ORDERS.register_counter(&[("result", result)]);
        Self {
            issued: counter("issued"),
            first_end: FIRST_END.register_gauge(&[]),
            refused: counter("refused"),
            rate_limited: counter("rate_limited"),
            unavailable: counter("unavailable"),
        }
    }

    /// Counts an order that brought none.
    pub(super) fn fail(&self, failure: &OrderFailure) {
        let counter = match failure {
            OrderFailure::RateLimited { .. } => &self.rate_limited,
            OrderFailure::Refused(_) | OrderFailure::NoAccount => &self.refused,
            OrderFailure::Unavailable(_) => &self.unavailable,
            // Nobody was asked.
            OrderFailure::Paused { .. } => return,
        };
        counter.increment(1);
    }
}
