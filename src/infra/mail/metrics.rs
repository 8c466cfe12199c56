//! What is counted of mail.

use std::sync::LazyLock;

use metrics::Counter;

use crate::telemetry::metric::Metric;

const MAILS: Metric = Metric::counter(
    "elido_mails_total",
    &["result"],
    "Messages by what became of them: sent, refused for good, or failed and perhaps tried again.",
);

/// What is counted of mail.
pub(super) struct MailMetrics {
    pub(super) sent: Counter,
    pub(super) refused: Counter,
    pub(super) failed: Counter,
}

impl MailMetrics {
    /// The handles of this process.
    pub(super) fn global() -> &'static Self {
        static METRICS: LazyLock<MailMetrics> = LazyLock::new(MailMetrics::declare);
        &METRICS
    }

    fn declare() -> Self {
        let counter = |result| MAILS.register_counter(&[("result", result)]);
        Self { sent: counter("sent"), refused: counter("refused"), failed: counter("failed") }
    }
}
