//! Which addresses may be asked.

use std::collections::HashSet;
use std::net::IpAddr;

use url::{Host, Url};

use super::refusal::Refusal;
use crate::config::Config;
use crate::domain::public_address::is_public;

/// What may be asked, whatever it resolves to.
pub(super) struct Rules {
    /// Hosts that the operator allows.
    allowed: HashSet<String>,
    /// Hosts of the instance itself.
    own: HashSet<String>,
}

impl Rules {
    /// As the settings say.
    pub(super) fn of(config: &Config) -> Self {
        let own = [&config.api.public_url, &config.links.default_domain_url];
        let own = own.into_iter().filter_map(|url| url.host().map(written));
        Self { allowed: config.outbound.hosts().into_iter().collect(), own: own.collect() }
    }

    /// Whether the operator allows a host, wherever it is.
    pub(super) fn allows(&self, host: &str) -> bool {
        self.allowed.contains(host)
    }

    /// Looks at an address before anything is asked. Where its host is a name, that has still to be looked up.
    ///
    /// # Errors
    /// Why it is not to be asked.
    pub(super) fn check(&self, url: &Url) -> Result<(), Refusal> {
        let host = url.host().ok_or(Refusal::NoHost)?;
        let is_allowed = self.allows(&written(host.clone()));
        let is_web = matches!((url.scheme(), is_allowed), ("https", _) | ("http", true));
        if !is_web {
            return Err(Refusal::NotSecure);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refusal::Credentials);
        }
        if is_allowed {
            return Ok(());
        }
        if url.port().is_some() {
            return Err(Refusal::Port);
        }
        if self.own.contains(&written(host.clone())) {
            return Err(Refusal::OwnHost);
        }
        match address(&host) {
            Some(address) if !is_public(address) => Err(Refusal::NotPublic),
            _ => Ok(()),
        }
    }
}

/// A host as settings name it: without brackets, and without the dot of the root.
fn written(host: Host<&str>) -> String {
    match host {
        Host::Domain(name) => name.trim_end_matches('.').to_ascii_lowercase(),
        Host::Ipv4(address) => address.to_string(),
        Host::Ipv6(address) => address.to_string(),
    }
}

fn address(host: &Host<&str>) -> Option<IpAddr> {
    match host {
        Host::Domain(_) => None,
        Host::Ipv4(address) => Some(IpAddr::V4(*address)),
        Host::Ipv6(address) => Some(IpAddr::V6(*address)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(url: &str) -> Option<Refusal> {
        let mut config = crate::config::defaults().expect("the defaults are valid");
        config.outbound.allowed_hosts = "hooks.internal, 10.0.0.7, fd00::7".to_owned();
        config.api.public_url = "https://api.example.com/".parse().expect("a URL");
        Rules::of(&config).check(&url.parse().expect("a URL")).err()
    }

    #[test]
    fn only_addresses_of_the_internet_are_asked_unless_the_operator_names_the_host() {
        for url in [
            "https://hooks.example.org/elido?key=1",
            "https://1.1.1.1/",
            "https://hooks.example.org:443/",
            "http://hooks.internal:8080/",
            "https://HOOKS.internal./",
            "http://10.0.0.7/",
            "http://[fd00::7]:9000/",
        ] {
            assert_eq!(refused(url), None, "{url}");
        }
        for (url, refusal) in [
            ("http://hooks.example.org/", Refusal::NotSecure),
            ("ftp://hooks.internal/", Refusal::NotSecure),
            ("https://user@hooks.example.org/", Refusal::Credentials),
            ("https://:secret@hooks.internal/", Refusal::Credentials),
            ("https://hooks.example.org:25/", Refusal::Port),
            ("https://api.example.com/v1/me", Refusal::OwnHost),
            ("https://API.example.com./v1/me", Refusal::OwnHost),
            ("https://127.0.0.1/", Refusal::NotPublic),
            ("https://2130706433/", Refusal::NotPublic),
            ("https://0x7f.1/", Refusal::NotPublic),
            ("https://[::1]/", Refusal::NotPublic),
            ("https://[::ffff:127.0.0.1]/", Refusal::NotPublic),
            ("https://169.254.169.254/latest/meta-data/", Refusal::NotPublic),
            ("https://10.0.0.8/", Refusal::NotPublic),
            ("https://[64:ff9b::a00:1]/", Refusal::NotPublic),
        ] {
            assert_eq!(refused(url), Some(refusal), "{url}");
        }
    }
}
