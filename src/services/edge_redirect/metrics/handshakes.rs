//! What the edge counts at each handshake.

use std::sync::LazyLock;

use metrics::{Counter, Gauge};

use crate::telemetry::metric::Metric;

const HANDSHAKES: Metric = Metric::counter(
    "elido_tls_handshakes_total",
    &["result"],
    "Handshakes on the listener for TLS, by how they ended.",
);

const CERTIFICATES: Metric = Metric::gauge(
    "elido_certificates_known",
    &[],
    "Certificates that were ordered for domains and that the edge knows.",
);

/// How a handshake ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandshakeResult {
    /// With TLS 1.3.
    Full,
    /// With TLS 1.2.
    FullOld,
    /// With the session of an earlier one.
    Resumed,
    /// A certificate authority looked whether a host name is ours.
    Challenge,
    /// The client named no host that there is a certificate for.
    UnknownName,
    /// The client gave up, or spoke something else.
    Failed,
    /// The client took too long.
    TimedOut,
}

/// The handshakes of this process.
pub struct HandshakeMetrics {
    /// Certificates that were ordered and are known.
    pub certificates: Gauge,
    results: [Counter; HandshakeResult::ALL.len()],
}

impl HandshakeResult {
    const ALL: [(Self, &'static str); 7] = [
        (Self::Full, "tls13"),
        (Self::FullOld, "tls12"),
        (Self::Resumed, "resumed"),
        (Self::Challenge, "challenge"),
        (Self::UnknownName, "unknown_name"),
        (Self::Failed, "failed"),
        (Self::TimedOut, "timed_out"),
    ];
}

impl HandshakeMetrics {
    /// The handles of this process.
    #[must_use]
    pub fn global() -> &'static Self {
        static METRICS: LazyLock<HandshakeMetrics> = LazyLock::new(|| {
            let counter = |(_, label)| HANDSHAKES.register_counter(&[("result", label)]);
            HandshakeMetrics {
                certificates: CERTIFICATES.register_gauge(&[]),
                results: HandshakeResult::ALL.map(counter),
            }
        });
        &METRICS
    }

    /// Counts one.
    pub fn count(&self, result: HandshakeResult) {
        let counters = HandshakeResult::ALL.iter().zip(&self.results);
        counters.filter(|((other, _), _)| *other == result).for_each(|(_, counter)| counter.increment(1));
    }
}
