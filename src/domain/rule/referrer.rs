//! Hosts of the pages that visitors come from.

use std::borrow::Cow;

use url::Host;

use super::field_errors::{ValueError, check_length};
use super::value_index::{Search, ValueBuffer};

/// What many sites put in front of their name.
pub(super) const WWW: &str = "www.";
/// The longest host that is put into ASCII, in bytes of UTF-8.
const HOST_BYTES_MAX: usize = 1_000;

/// Reads a host of a rule, in its ASCII form.
pub(super) fn parse(value: &str) -> Result<Box<str>, ValueError> {
    let malformed =
        || ValueError::new("host", "expected a host name such as example.com, without scheme, port or path");
    let host = Host::parse(check_length(value)?.trim_end_matches('.')).map_err(|_| malformed())?;
    match host {
        Host::Domain(domain) if domain.split('.').all(is_label) => Ok(domain.into_boxed_str()),
        Host::Ipv4(address) => Ok(address.to_string().into_boxed_str()),
        _ => Err(malformed()),
    }
}

fn is_label(label: &str) -> bool {
    !label.is_empty()
        && label.len() <= 63
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// The host that a `Referer` header names, without user, port and final dot, in the header's own case.
#[must_use]
pub fn host_of(referrer: &str) -> Option<&str> {
    let (_, rest) = referrer.split_once("://")?;
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let name = if host.starts_with('[') { host.split_inclusive(']').next()? } else { host.split(':').next()? };
    Some(name.trim_end_matches('.')).filter(|name| !name.is_empty())
}

/// The host of a `Referer` header as reports name it: in ASCII, in lower case and without `www.`, so that a site has one name.
#[must_use]
pub fn site_of(referrer: &str) -> Option<String> {
    host_of(referrer).map(site)
}

/// A host as reports name it.
#[must_use]
pub fn site(host: &str) -> String {
    let host = in_ascii(host).to_ascii_lowercase();
    match host.strip_prefix(WWW).filter(|site| site.contains('.')) {
        Some(site) => site.to_owned(),
        None => host,
    }
}

/// Browsers send names in ASCII; others send what they like.
fn in_ascii(host: &str) -> Cow<'_, str> {
    if host.is_ascii() || host.len() > HOST_BYTES_MAX {
        return host.into();
    }
    Host::parse(host).map_or(host.into(), |host| host.to_string().into())
}

/// Looks up the host of a `Referer` header and every domain that it lies under. A site without `www.` is also the one with it,
/// which is looked for where some list names such a host.
pub(super) fn look_up(referrer: &str, has_www: bool, search: &mut Search<'_>) {
    let Some(host) = host_of(referrer) else { return };
    let host = in_ascii(host);
    let lower = || host.bytes().map(|byte| byte.to_ascii_lowercase());
    let mut name = ValueBuffer::new();
    if has_www && name.push(WWW.bytes().chain(lower())) {
        search.add(name.as_bytes());
    }
    name.clear();
    // A longer name is no host (RFC 1035, section 2.3.4).
    if !name.push(lower()) {
        return;
    }
    let mut rest = name.as_bytes();
    loop {
        search.add(rest);
        let Some(dot) = rest.iter().position(|byte| *byte == b'.') else { return };
        rest = rest.get(dot + 1..).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rule::value_index::is_found;

    fn is_within(host: &str, domain: &str) -> bool {
        let referrer = format!("https://{host}/page");
        let listed = parse(domain).expect("a domain");
        let has_www = listed.starts_with(WWW);
        is_found(listed, |search| look_up(&referrer, has_www, search))
    }

    #[test]
    fn the_host_is_found_in_every_sort_of_referrer() {
        assert_eq!(host_of("https://WWW.Example.com:8443/a?b#c"), Some("WWW.Example.com"));
        assert_eq!(host_of("https://me:secret@example.com./"), Some("example.com"));
        assert_eq!(host_of("android-app://com.google.android.gm/"), Some("com.google.android.gm"));
        assert_eq!(host_of("http://[::1]:80/"), Some("[::1]"));
        assert_eq!(host_of("example.com/page"), None);
        assert_eq!(host_of("https://"), None);
        assert_eq!(host_of(""), None);
    }

    #[test]
    fn a_domain_fits_itself_and_what_is_under_it() {
        assert!(is_within("www.example.com", "example.com") && is_within("Example.COM", "example.com"));
        assert!(!is_within("badexample.com", "example.com") && !is_within("com", "example.com"));
        assert!(!is_within("éxample.com", "xample.com"));
    }

    #[test]
    fn a_site_is_one_with_and_without_www_and_in_letters_and_in_ascii() {
        assert!(is_within("example.com", "www.example.com") && is_within("www.example.com", "www.example.com"));
        assert!(!is_within("shop.example.com", "www.example.com") && !is_within("www.example.com", "www.www.com"));
        assert!(is_within("bücher.example", "xn--bcher-kva.example") && is_within("BÜCHER.example", "bücher.example"));
        assert!(is_within("xn--bcher-kva.example", "www.bücher.example"));
        for referrer in ["https://www.bücher.example/", "https://Bücher.example", "https://WWW.xn--bcher-kva.example/a"]
        {
            assert_eq!(site_of(referrer).as_deref(), Some("xn--bcher-kva.example"), "{referrer}");
        }
        assert_eq!(site_of("https://www.com/").as_deref(), Some("www.com"));
        assert_eq!(site_of("https://sub.www.example/").as_deref(), Some("sub.www.example"));
    }

    #[test]
    fn hosts_of_rules_are_put_into_ascii() {
        assert_eq!(parse("Bücher.Example").ok().as_deref(), Some("xn--bcher-kva.example"));
        for value in ["", "https://example.com", "example.com/", "example.com:80", "*.example.com", "a b", "a..b"] {
            assert!(parse(value).is_err(), "{value}");
        }
    }
}
