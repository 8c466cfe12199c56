//! The settings of requests to addresses that people name.

use serde::Deserialize;

use super::check::Check;
use super::config_error::quoted;
use super::domains_section::parts;
use crate::domain::hostname::canonical;

/// Requests to addresses that people name.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutboundConfig {
    /// Host names and IP addresses that such requests may reach although they are of the operator's own network, by any port and without
    /// TLS too, with commas between them.
    pub allowed_hosts: String,
}

impl OutboundConfig {
    /// The hosts, in lower case.
    #[must_use]
    pub fn hosts(&self) -> Vec<String> {
        parts(&self.allowed_hosts).map(str::to_lowercase).collect()
    }
}

/// Looks at the hosts.
pub(super) fn values(check: &mut Check<'_>, config: &OutboundConfig) {
    let is_host = |host: &String| host.parse::<std::net::IpAddr>().is_ok() || canonical(host).as_ref() == Ok(host);
    for host in config.hosts().iter().filter(|host| !is_host(host)) {
        let problem = format!("{} is neither a host name nor an IP address", quoted(host));
        let right = "Write hosts such as hooks.internal, 10.0.0.7, with commas between them, or nothing";
        check.wrong("outbound.allowed_hosts", problem, right);
    }
}
