//! What can be wrong with the settings of domains: names that are none, addresses that are none.

use std::net::{IpAddr, SocketAddr};

use super::check::Check;
use super::config_error::quoted;
use super::domains_section::{DomainsConfig, parts};
use crate::domain::custom_domain::ClaimedName;

/// Looks at the names and addresses.
pub(super) fn values(check: &mut Check<'_>, config: &DomainsConfig) {
    let names =
        [("domains.ingress_name", &config.ingress_name), ("domains.certificate_issuer", &config.certificate_issuer)];
    for (key, name) in names.into_iter().filter(|(_, name)| !name.is_empty()) {
        if let Err(error) = ClaimedName::parse(name) {
            let problem = format!("{} is no host name ({error})", quoted(name));
            check.wrong(key, problem, "Write a name such as ingress.example.com, or nothing");
        }
    }
    for text in parts(&config.ingress_addresses).filter(|text| text.parse::<IpAddr>().is_err()) {
        let problem = format!("{} is no IP address", quoted(text));
        check.wrong("domains.ingress_addresses", problem, "Write addresses such as 192.0.2.1, 2001:db8::1, or nothing");
    }
    for text in parts(&config.resolvers).filter(|text| text.parse::<SocketAddr>().is_err()) {
        let problem = format!("{} is no address with a port", quoted(text));
        check.wrong("domains.resolvers", problem, "Write addresses such as 9.9.9.9:53, [2620:fe::fe]:53, or nothing");
    }
}
