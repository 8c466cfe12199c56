//! What the edge reads of a request, and who is believed about the visitor's address.

use std::borrow::Cow;
use std::net::IpAddr;

use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use crate::domain::click::Signals;
use crate::domain::id::LinkId;
use crate::domain::rule;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The longest host name (RFC 1035).
const HOST_BYTES_MAX: usize = 253;

/// A request as it came in. What cannot be read as text counts as absent.
#[derive(Debug)]
pub struct RequestView<'a> {
    /// Its method.
    pub method: &'a Method,
    /// The host asked for: lower-case, without a port; empty if there is none that could be a host.
    pub host: Cow<'a, str>,
    /// The path, with its first slash.
    pub path: &'a str,
    /// The query string, without `?`.
    pub query: &'a str,
    /// The visitor's address.
    pub address: IpAddr,
    /// The `User-Agent` header.
    pub user_agent: &'a str,
    /// The `Referer` header.
    pub referrer: &'a str,
    /// The `Accept-Language` header.
    pub accept_language: &'a str,
    /// What the request says of itself.
    pub signals: Signals,
    /// Whether the client would rather have JSON than a page.
    pub wants_json: bool,
}

impl<'a> RequestView<'a> {
    /// Reads a request that came from `peer`, through so many proxies that are believed.
    #[must_use]
    pub fn new(parts: &'a Parts, peer: IpAddr, trusted_proxy_hops: usize) -> Self {
        let mut view = Self {
            method: &parts.method,
            host: Cow::Borrowed(""),
            path: parts.uri.path(),
            query: parts.uri.query().unwrap_or(""),
            address: client_address(&parts.headers, peer, trusted_proxy_hops),
            user_agent: "",
            referrer: "",
            accept_language: "",
            signals: Signals { head: parts.method == Method::HEAD, ..Signals::default() },
            wants_json: false,
        };
        let mut host = "";
        // One pass costs less than a look-up for each name, of which most are absent.
        for (name, value) in &parts.headers {
            match name.as_str() {
                "host" => keep_first(&mut host, value),
                "user-agent" => keep_first(&mut view.user_agent, value),
                "referer" => keep_first(&mut view.referrer, value),
                "accept-language" => keep_first(&mut view.accept_language, value),
                "accept" => view.wants_json = wants_json(value.as_bytes()),
                "dnt" | "sec-gpc" => view.signals.do_not_track |= value == "1",
                "purpose" | "sec-purpose" => view.signals.prefetch |= contains(value.as_bytes(), b"prefetch"),
                _ => {}
            }
        }
        view.host = host_name(parts.uri.authority().map_or(host, Authority::as_str));
        view
    }

    /// Equal for the same visitor of the same link.
    #[must_use]
    pub fn visitor_hash(&self, link: LinkId) -> u64 {
        rule::visitor_hash(link, self.address, self.user_agent)
    }
}

fn keep_first<'a>(text: &mut &'a str, value: &'a HeaderValue) {
    if text.is_empty() {
        *text = std::str::from_utf8(value.as_bytes()).unwrap_or("");
    }
}

fn host_name(authority: &str) -> Cow<'_, str> {
    let name = without_port(authority);
    let name = name.strip_suffix('.').unwrap_or(name);
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b':' | b'[' | b']');
    if name.len() > HOST_BYTES_MAX || !name.bytes().all(is_host) {
        return Cow::Borrowed("");
    }
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) { name.to_ascii_lowercase().into() } else { name.into() }
}

fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => authority,
    }
}

/// Every proxy appends the address that it was called from, so only the last so many entries are anybody's word but the visitor's.
fn client_address(headers: &HeaderMap, peer: IpAddr, trusted_proxy_hops: usize) -> IpAddr {
    let Some(skip) = trusted_proxy_hops.checked_sub(1) else { return peer.to_canonical() };
    headers
        .get_all(FORWARDED_FOR)
        .into_iter()
        .rev()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.rsplit(','))
        .nth(skip)
        .and_then(|entry| entry.trim().parse::<IpAddr>().ok())
        .unwrap_or(peer)
        .to_canonical()
}

fn wants_json(accept: &[u8]) -> bool {
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

    fn address(header: &str, hops: usize) -> String {
        let peer = "192.0.2.1".parse().expect("an address");
        RequestView::new(&parts(&[("x-forwarded-for", header)]), peer, hops).address.to_string()
    }

    #[test]
    fn only_trusted_hops_are_believed() {
        assert_eq!(address("198.51.100.7", 0), "192.0.2.1");
        assert_eq!(address("203.0.113.9, 198.51.100.7", 1), "198.51.100.7");
        assert_eq!(address("203.0.113.9, 198.51.100.7", 2), "203.0.113.9");
        assert_eq!(address("198.51.100.7", 2), "192.0.2.1");
        assert_eq!(address("nonsense", 1), "192.0.2.1");
    }

    #[test]
    fn hosts_are_lower_case_and_without_port() {
        let peer = "192.0.2.1".parse().expect("an address");
        let host = |value| RequestView::new(&parts(&[("host", value)]), peer, 0).host.to_string();
        assert_eq!(host("Go.Example.COM:8080"), "go.example.com");
        assert_eq!(host("go.example.com."), "go.example.com");
        assert_eq!(host("[::1]:8080"), "[::1]");
        assert_eq!(host("bad host"), "");
    }

    #[test]
    fn signals_are_read() {
        let peer = "192.0.2.1".parse().expect("an address");
        let parts = parts(&[("sec-purpose", "prefetch;prerender"), ("sec-gpc", "1"), ("accept", "application/json")]);
        let view = RequestView::new(&parts, peer, 0);
        assert_eq!(view.signals, Signals { do_not_track: true, prefetch: true, head: false });
        assert!(view.wants_json);
    }
}
