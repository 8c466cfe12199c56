//! The settings of domains that workspaces bring along.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use serde::Deserialize;

/// Domains that workspaces bring along.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DomainsConfig {
    /// The name that CNAME records of domains lead to. Empty means the host name of links.default_domain_url.
    pub ingress_name: String,
    /// The addresses that A and AAAA records of domains may have in place of that, with commas between them.
    pub ingress_addresses: String,
    /// The resolvers that are asked, as addresses with ports, with commas between them. Empty means those of the system.
    pub resolvers: String,
    /// How long one question to DNS may take, in milliseconds.
    pub dns_timeout_ms: u64,
    /// How often the records of an active domain are looked at, in seconds.
    pub check_interval_seconds: u64,
    /// For how long a domain must have stopped pointing here before it is quarantined, in seconds.
    pub quarantine_after_seconds: u64,
    /// The authority that certificates come from, by its name in CAA records. Empty means that these are not looked at.
    pub certificate_issuer: String,
    /// How many domains one workspace may have.
    pub per_workspace_max: u32,
}

impl DomainsConfig {
    /// The addresses in `ingress_addresses`, sorted.
    #[must_use]
    pub fn addresses(&self) -> Vec<IpAddr> {
        let mut addresses: Vec<IpAddr> = parts(&self.ingress_addresses).filter_map(|text| text.parse().ok()).collect();
        addresses.sort_unstable();
        addresses.dedup();
        addresses
    }

    /// The addresses in `resolvers`.
    #[must_use]
    pub fn resolver_addresses(&self) -> Vec<SocketAddr> {
        parts(&self.resolvers).filter_map(|text| text.parse().ok()).collect()
    }

    /// How long one question to DNS may take.
    #[must_use]
    pub const fn dns_timeout(&self) -> Duration {
        Duration::from_millis(self.dns_timeout_ms)
    }

    /// How often the records of an active domain are looked at.
    #[must_use]
    pub const fn check_interval(&self) -> Duration {
        Duration::from_secs(self.check_interval_seconds)
    }

    /// For how long a domain must have stopped pointing here before it is quarantined.
    #[must_use]
    pub const fn quarantine_after(&self) -> Duration {
        Duration::from_secs(self.quarantine_after_seconds)
    }
}

/// What stands between the commas.
pub(super) fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty())
}
