//! What every listener counts: connections that it ended, and clients whose address it was not told.

use std::sync::{LazyLock, Once};

use metrics::Counter;

use super::metric::Metric;
use crate::domain::client_address::Unreadable;
use crate::runtime::connections::Eviction;

const EVICTIONS: Metric = Metric::counter(
    "elido_connections_evicted_total",
    &["listener", "reason"],
    "Connections that were ended before their client wished, by listener and reason.",
);
const UNKNOWN_ADDRESSES: Metric = Metric::counter(
    "elido_client_addresses_unknown_total",
    &["listener", "reason"],
    "Requests whose client's address the trusted proxies did not tell, by listener and reason.",
);

const PROXY_PROTOCOL_REFUSED: Metric = Metric::counter(
    "elido_proxy_protocol_refused_total",
    &["listener"],
    "Connections that were closed because they did not begin with a PROXY protocol header, by listener.",
);

/// The connections of one listener that did not begin as the PROXY protocol asks.
pub struct ProxyProtocolMetrics {
    listener: &'static str,
    refused: Counter,
    told: Once,
}

impl ProxyProtocolMetrics {
    /// The handles of the redirect listener.
    #[must_use]
    pub fn edge() -> &'static Self {
        static METRICS: LazyLock<ProxyProtocolMetrics> = LazyLock::new(|| ProxyProtocolMetrics::of("edge"));
        &METRICS
    }

    /// The handles of the API's listener.
    #[must_use]
    pub fn api() -> &'static Self {
        static METRICS: LazyLock<ProxyProtocolMetrics> = LazyLock::new(|| ProxyProtocolMetrics::of("api"));
        &METRICS
    }

    fn of(listener: &'static str) -> Self {
        Self {
            listener,
            refused: PROXY_PROTOCOL_REFUSED.register_counter(&[("listener", listener)]),
            told: Once::new(),
        }
    }

    /// Counts one; the first of a process is told in the log as well.
    pub fn refuse(&self) {
        self.refused.increment(1);
        self.told.call_once(|| {
            tracing::warn!(
                listener = self.listener,
                "a connection without a PROXY protocol header was closed: have every proxy send one, or set proxy_protocol to \
                 false; elido_proxy_protocol_refused_total counts further ones"
            );
        });
    }
}

/// The evictions of one listener.
pub struct EvictionMetrics {
    silent: Counter,
    unread: Counter,
    room: Counter,
    address: Counter,
}

impl EvictionMetrics {
    /// The handles for a listener: `edge`, `api` or `internal`.
    #[must_use]
    pub fn of(listener: &'static str) -> Self {
        let counter = |reason| EVICTIONS.register_counter(&[("listener", listener), ("reason", reason)]);
        Self {
            silent: counter("silent"),
            unread: counter("unread"),
            room: counter("room"),
            address: counter("address"),
        }
    }

    /// Counts one.
    pub fn count(&self, reason: Eviction) {
        let counter = match reason {
            Eviction::Silent => &self.silent,
            Eviction::Unread => &self.unread,
            Eviction::Room => &self.room,
            Eviction::Address => &self.address,
        };
        counter.increment(1);
    }
}

/// Requests of one listener whose client is not known.
pub struct UnknownAddressMetrics {
    listener: &'static str,
    reasons: [(Unreadable, Counter); Unreadable::ALL.len()],
    told: Once,
}

impl UnknownAddressMetrics {
    /// The handles of the redirect listener.
    #[must_use]
    pub fn edge() -> &'static Self {
        static METRICS: LazyLock<UnknownAddressMetrics> = LazyLock::new(|| UnknownAddressMetrics::of("edge"));
        &METRICS
    }

    /// The handles of the API's listener.
    #[must_use]
    pub fn api() -> &'static Self {
        static METRICS: LazyLock<UnknownAddressMetrics> = LazyLock::new(|| UnknownAddressMetrics::of("api"));
        &METRICS
    }

    fn of(listener: &'static str) -> Self {
        let counter = |reason: Unreadable| {
            UNKNOWN_ADDRESSES.register_counter(&[("listener", listener), ("reason", reason.label())])
        };
        Self { listener, reasons: Unreadable::ALL.map(|reason| (reason, counter(reason))), told: Once::new() }
    }

    /// Counts one; the first of a process is told in the log as well.
    pub fn count(&self, reason: Unreadable) {
        self.reasons.iter().filter(|(known, _)| *known == reason).for_each(|(_, counter)| counter.increment(1));
        self.told.call_once(|| {
            let (listener, reason) = (self.listener, reason.label());
            tracing::warn!(
                listener,
                reason,
                "the trusted proxies do not tell the address of a client, who counts as unknown: check trusted_proxy_hops and \
                 forwarded_header; elido_client_addresses_unknown_total counts further ones"
            );
        });
    }
}
