//! What the operator decides about domains.

use crate::config::Config;
use crate::domain::custom_domain::{CheckPolicy, ClaimedName, Expected};
use crate::domain::hostname;

/// What the operator decides about domains.
#[derive(Debug, Clone)]
pub struct DomainSettings {
    /// Where domains have to point.
    pub(super) expected: Expected,
    /// How often they are looked at.
    pub(super) policy: CheckPolicy,
    /// The authority that certificates come from, by its name in CAA records; empty for none.
    pub(super) issuer: String,
    /// Host names of the instance itself, which nobody can claim.
    pub(super) reserved: Vec<String>,
}

impl DomainSettings {
    /// As the settings say. Without an ingress of its own, domains point at the default domain, if that is a name.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let section = &config.domains;
        let host = |url: &url::Url| url.host_str().and_then(|host| hostname::canonical(host).ok());
        let default_host = host(&config.links.default_domain_url);
        let named = hostname::canonical(&section.ingress_name).ok();
        let usual = default_host.clone().filter(|host| ClaimedName::parse(host).is_ok());
        let ingress_name = named.or(usual);
        let reserved = [default_host, host(&config.api.public_url), ingress_name.clone()];
        Self {
            expected: Expected { ingress_name, ingress_addresses: section.addresses() },
            policy: CheckPolicy { interval: section.check_interval(), quarantine_after: section.quarantine_after() },
            issuer: section.certificate_issuer.trim().to_ascii_lowercase(),
            reserved: reserved.into_iter().flatten().collect(),
        }
    }
}
