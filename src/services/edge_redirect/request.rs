//! What the edge reads from a request, and which proxies it trusts for the visitor's address.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv6Addr};

use http::request::Parts;
use http::uri::Authority;
use http::{Method, Version, header};

use crate::domain::click::Signals;
use crate::domain::client_address::{TrustedProxies, UNKNOWN};
use crate::domain::hostname::HOSTNAME_LENGTH_MAX;
use crate::domain::id::LinkId;
use crate::domain::rule;
use crate::telemetry::listener_metrics::UnknownAddressMetrics;

/// What is read of a header that announces a prefetch, in bytes: many times what programs write.
const PURPOSE_BYTES_MAX: usize = 256;
/// What is read of `Accept`, in bytes: many times what programs write.
const ACCEPT_BYTES_MAX: usize = 1024;

/// A request as it came in. Headers are bytes; those that are not UTF-8 are read as Latin-1 (RFC 9110, section 5.5).
#[derive(Debug, PartialEq, Eq)]
pub struct RequestView<'a> {
    /// Its method.
    pub method: &'a Method,
    /// The requested host, lower-case and without a port; empty if there is no valid one.
    pub host: Cow<'a, str>,
    /// The path, with its first slash.
    pub path: &'a str,
    /// The query string, without `?`.
    pub query: &'a str,
    /// The visitor's address; the unspecified one if it is not known.
    pub address: IpAddr,
    /// The `User-Agent` header.
    pub user_agent: Cow<'a, str>,
    /// The `Referer` header.
    pub referrer: Cow<'a, str>,
    /// The `Accept-Language` header.
    pub accept_language: Cow<'a, str>,
    /// What the headers say: HEAD, prefetch, do not track.
    pub signals: Signals,
    /// Whether the client prefers JSON to HTML.
    pub wants_json: bool,
    /// Whether a trusted proxy says that it was reached over TLS (`X-Forwarded-Proto`).
    pub is_secured_before: bool,
}

impl<'a> RequestView<'a> {
    /// Reads a request that came from `peer` through trusted proxies.
    #[must_use]
    pub fn new(parts: &'a Parts, peer: IpAddr, trusted_proxies: TrustedProxies) -> Self {
        let headers = || parts.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
        let target = (parts.uri.path(), parts.uri.query().unwrap_or(""));
        let mut view = Self::read(&parts.method, target, headers, peer, trusted_proxies);
        if let Some(authority) = parts.uri.authority() {
            view.host = host_name(Authority::as_str(authority));
        }
        view
    }

    /// Reads a request with this path and query. Header names may be in any case.
    pub(super) fn read<H: Iterator<Item = (&'a str, &'a [u8])>>(
        method: &'a Method,
        (path, query): (&'a str, &'a str),
        headers: impl Fn() -> H,
        peer: IpAddr,
        trusted_proxies: TrustedProxies,
    ) -> Self {
        let mut view = Self {
            method,
            host: Cow::Borrowed(""),
            path,
            query,
            address: client_address(&headers, peer, trusted_proxies),
            user_agent: Cow::Borrowed(""),
            referrer: Cow::Borrowed(""),
            accept_language: Cow::Borrowed(""),
            signals: Signals { head: *method == Method::HEAD, ..Signals::default() },
            wants_json: false,
            is_secured_before: false,
        };
        let mut host = "";
        // One pass costs less than a look-up for each name, of which most are absent.
        for (name, value) in headers() {
            let is = |known: &str| name.eq_ignore_ascii_case(known);
            if is("host") {
                if host.is_empty() {
                    host = std::str::from_utf8(value).unwrap_or("");
                }
            } else if is("user-agent") {
                keep_first(&mut view.user_agent, value);
            } else if is("referer") {
                keep_first(&mut view.referrer, value);
            } else if is("accept-language") {
                keep_first(&mut view.accept_language, value);
            } else if is("accept") {
                view.wants_json = wants_json(value);
            } else if is("dnt") || is("sec-gpc") {
                view.signals.do_not_track |= value == b"1";
            } else if is("x-forwarded-proto") {
                view.is_secured_before = trusted_proxies.hops > 0 && value.eq_ignore_ascii_case(b"https");
            } else if is("purpose") || is("sec-purpose") || is("x-purpose") || is("x-moz") {
                view.signals.prefetch |= says_prefetch(value);
            }
        }
        view.host = host_name(host);
        view
    }

    /// Whether the request names one host, as it must (RFC 9112, section 3.2); before HTTP/1.1 it may name none.
    #[must_use]
    pub(super) fn names_one_host(&self, parts: &Parts) -> bool {
        let mut hosts = parts.headers.get_all(header::HOST).into_iter();
        match (hosts.next(), hosts.next()) {
            // HTTP/2 names it in the target (RFC 9113, section 8.3.1).
            (None, _) => {
                parts.version < Version::HTTP_11 || (parts.version > Version::HTTP_11 && !self.host.is_empty())
            }
            (Some(host), None) => !self.host.is_empty() && host.to_str().is_ok_and(|host| !host_name(host).is_empty()),
            (Some(_), Some(_)) => false,
        }
    }

    /// The same for every visit of one visitor to one link.
    #[must_use]
    pub fn visitor_hash(&self, link: LinkId) -> u64 {
        rule::visitor_hash(link, self.address, &self.user_agent)
    }
}

fn keep_first<'a>(text: &mut Cow<'a, str>, value: &'a [u8]) {
    if text.is_empty() {
        *text = match std::str::from_utf8(value) {
            Ok(value) => value.into(),
            Err(_) => value.iter().map(|byte| char::from(*byte)).collect::<String>().into(),
        };
    }
}

/// Whether a header announces a prefetch, by its standard name or an older one.
fn says_prefetch(value: &[u8]) -> bool {
    let value = value.get(..PURPOSE_BYTES_MAX).unwrap_or(value);
    [&b"prefetch"[..], b"preview", b"prerender"].iter().any(|word| contains(value, word))
}

fn host_name(authority: &str) -> Cow<'_, str> {
    let name = without_port(authority);
    let name = name.strip_suffix('.').unwrap_or(name);
    if name.len() > HOSTNAME_LENGTH_MAX || !is_host(name) {
        return Cow::Borrowed("");
    }
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) { name.to_ascii_lowercase().into() } else { name.into() }
}

fn is_host(name: &str) -> bool {
    match name.strip_prefix('[') {
        Some(address) => address.strip_suffix(']').is_some_and(|address| address.parse::<Ipv6Addr>().is_ok()),
        None => name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_')),
    }
}

fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((name, port)) if port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => authority,
    }
}

/// A visitor whose address the trusted proxies do not tell is counted as unknown.
fn client_address<'a, H: Iterator<Item = (&'a str, &'a [u8])>>(
    headers: impl Fn() -> H,
    peer: IpAddr,
    trusted_proxies: TrustedProxies,
) -> IpAddr {
    let name = trusted_proxies.header.name();
    let lines = || headers().filter(|(there, _)| there.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    trusted_proxies.client_address(peer, lines).unwrap_or_else(|reason| {
        UnknownAddressMetrics::edge().count(reason);
        UNKNOWN
    })
}

fn wants_json(accept: &[u8]) -> bool {
    let accept = accept.get(..ACCEPT_BYTES_MAX).unwrap_or(accept);
    contains(accept, b"json") && !contains(accept, b"text/html")
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window.eq_ignore_ascii_case(part))
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn parts(headers: &[(&'static str, &str)]) -> Parts {
        let mut builder = Request::builder().uri("/x?a=1");
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        builder.body(()).expect("a request").into_parts().0
    }

    fn proxies(hops: usize) -> TrustedProxies {
        TrustedProxies { hops, ..TrustedProxies::default() }
    }

    fn address(header: &str, hops: usize) -> String {
        let peer = "192.0.2.1".parse().expect("an address");
        RequestView::new(&parts(&[("x-forwarded-for", header)]), peer, proxies(hops)).address.to_string()
    }

    #[test]
    fn only_trusted_hops_are_believed() {
        assert_eq!(address("198.51.100.7", 0), "192.0.2.1");
        assert_eq!(address("203.0.113.9, 198.51.100.7", 1), "198.51.100.7");
        assert_eq!(address("203.0.113.9, 198.51.100.7", 2), "203.0.113.9");
        assert_eq!(address("198.51.100.7:51008", 1), "198.51.100.7");
        assert_eq!(address("198.51.100.7", 2), UNKNOWN.to_string());
        assert_eq!(address("nonsense", 1), UNKNOWN.to_string());
    }

    #[test]
    fn hosts_are_lower_case_and_without_port() {
        let peer = "192.0.2.1".parse().expect("an address");
        let host = |value| RequestView::new(&parts(&[("host", value)]), peer, proxies(0)).host.to_string();
        assert_eq!(host("Go.Example.COM:8080"), "go.example.com");
        assert_eq!(host("go.example.com."), "go.example.com");
        assert_eq!(host("[::1]:8080"), "[::1]");
        for no_host in ["bad host", "", ":80", "a:b:c", "[::1", "::1", "a/b", "a@b", "[x]", "a:123456"] {
            assert_eq!(host(no_host), "", "{no_host}");
        }
    }

    #[test]
    fn signals_are_read() {
        let peer = "192.0.2.1".parse().expect("an address");
        let parts = parts(&[("sec-purpose", "prefetch;prerender"), ("sec-gpc", "1"), ("accept", "application/json")]);
        let view = RequestView::new(&parts, peer, proxies(0));
        assert_eq!(view.signals, Signals { do_not_track: true, prefetch: true, head: false });
        assert!(view.wants_json);
    }
}
