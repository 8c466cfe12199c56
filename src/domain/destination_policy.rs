//! What a destination that somebody sets has to be, beyond what every destination is. Destinations that are there already are
//! not asked, so that a setting that becomes stricter stops no link.

use std::sync::Arc;

use url::{Host, Url};

use super::hostname::HOSTNAME_LENGTH_MAX;
use super::url::{Destination, DestinationError};

/// Schemes that open an app instead of a page, which every installation allows.
const APP_SCHEMES: [&str; 12] =
    ["facetime", "geo", "intent", "itms-apps", "mailto", "maps", "market", "sms", "spotify", "tel", "tg", "whatsapp"];

/// The longest part of a host name, in bytes (RFC 1035, section 2.3.4).
const LABEL_BYTES_MAX: usize = 63;

/// The schemes that an installation allows besides http and https. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct DestinationPolicy {
    schemes: Arc<[String]>,
}

impl DestinationPolicy {
    /// Allows these schemes, in lower case and without a colon, besides those that are always allowed.
    #[must_use]
    pub fn new<'a>(schemes: impl IntoIterator<Item = &'a str>) -> Self {
        Self { schemes: schemes.into_iter().map(str::to_owned).collect() }
    }

    /// Parses a destination that somebody sets.
    ///
    /// # Errors
    /// Says what is wrong with it, and what to write.
    pub fn parse(&self, text: &str) -> Result<Destination, DestinationError> {
        let destination = Destination::parse(text)?;
        self.check(&destination)?;
        Ok(destination)
    }

    /// Checks a destination that somebody sets.
    ///
    /// # Errors
    /// Says what is wrong with it, and what to write.
    pub fn check(&self, destination: &Destination) -> Result<(), DestinationError> {
        let url = destination.to_url().ok_or(DestinationError::NotAbsolute)?;
        match url.scheme() {
            "http" | "https" => check_place(&url),
            scheme if self.allows(scheme) => Ok(()),
            _ => Err(DestinationError::Scheme(self.list())),
        }
    }

    fn allows(&self, scheme: &str) -> bool {
        APP_SCHEMES.contains(&scheme) || self.schemes.iter().any(|allowed| allowed == scheme)
    }

    fn list(&self) -> String {
        let mut all: Vec<&str> = APP_SCHEMES.into_iter().chain(self.schemes.iter().map(String::as_str)).collect();
        all.sort_unstable();
        all.dedup();
        all.join(", ")
    }
}

/// Whether anybody could be at this host and port.
fn check_place(url: &Url) -> Result<(), DestinationError> {
    if url.port() == Some(0) {
        return Err(DestinationError::Port);
    }
    match url.host() {
        Some(Host::Domain(name)) if !is_host_name(name) => Err(DestinationError::Host(name.to_owned())),
        _ => Ok(()),
    }
}

/// Names in use have underscores too, though the standard for hosts has none.
fn is_host_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let is_label = |label: &str| {
        (1..=LABEL_BYTES_MAX).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    name.len() <= HOSTNAME_LENGTH_MAX && name.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_ports_that_cannot_be_are_refused() {
        let policy = DestinationPolicy::default();
        for wrong in [
            "https://*/",
            "https://a..b/",
            "https://.example.com/",
            "https://*.example.com/",
            "https://a$b/",
            "https://example.com../",
            "https://example.com:0/",
            "http://127.0.0.1:0/",
        ] {
            assert!(policy.parse(wrong).is_err(), "{wrong}");
        }
        let long = format!("https://{}.example.com/", "a".repeat(64));
        assert!(policy.parse(&long).is_err());
        for right in [
            "https://example.com./",
            "https://my_site.example.com/",
            "https://xn--bcher-kva.example/",
            "http://[::1]:8080/",
            "http://localhost/",
            "https://bücher.example/",
            "http://1.1/",
            "mailto:ada@example.com",
        ] {
            assert!(policy.parse(right).is_ok(), "{right}");
        }
    }

    #[test]
    fn schemes_are_allowed_by_the_list_and_the_setting() {
        let plain = DestinationPolicy::default();
        assert!(plain.parse("tel:+49301234").is_ok());
        let refused = plain.parse("myapp://open").expect_err("refused").to_string();
        assert!(refused.starts_with("the scheme must be http, https or one of facetime, "), "{refused}");
        let more = DestinationPolicy::new(["myapp"]);
        assert!(more.parse("MyApp://open?x=1").is_ok());
        assert!(more.parse("otherapp://open").is_err());
    }
}
