//! The address of whoever sent a request.
//!
//! Invariant: a header is believed only as far as the configured number of
//! trusted proxies reaches.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::HeaderMap;

/// The address of the client, in every request's extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

/// The address at the other end of the connection, as the listener saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerAddress(pub SocketAddr);

/// Finds the client's address behind `trusted_proxy_hops` proxies; without a listener's word there is none.
pub async fn find(State(trusted_proxy_hops): State<usize>, mut request: Request, next: Next) -> Response {
    if let Some(peer) = request.extensions().get::<PeerAddress>().copied() {
        let address = client_address(peer.0.ip(), request.headers(), trusted_proxy_hops);
        request.extensions_mut().insert(ClientAddress(address));
    }
    next.run(request).await
}

/// The entry of `X-Forwarded-For` that the outermost trusted proxy wrote, or the peer where there is no such entry.
fn client_address(peer: IpAddr, headers: &HeaderMap, trusted_proxy_hops: usize) -> IpAddr {
    let forwarded = trusted_proxy_hops.checked_sub(1).and_then(|from_the_right| {
        headers
            .get_all("x-forwarded-for")
            .into_iter()
            .rev()
            .flat_map(|value| value.to_str().unwrap_or_default().rsplit(','))
            .nth(from_the_right)
            .and_then(|entry| entry.trim().parse::<IpAddr>().ok())
    });
    forwarded.unwrap_or(peer).to_canonical()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(lines: &[&str], hops: usize) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", line.parse().expect("a header value"));
        }
        client_address("::ffff:10.0.0.1".parse().expect("an address"), &headers, hops).to_string()
    }

    #[test]
    fn without_trusted_proxies_the_header_is_ignored() {
        assert_eq!(found(&["1.1.1.1"], 0), "10.0.0.1");
    }

    #[test]
    fn entries_are_counted_from_the_right_over_all_lines() {
        assert_eq!(found(&["9.9.9.9, 1.1.1.1", "2.2.2.2"], 1), "2.2.2.2");
        assert_eq!(found(&["9.9.9.9, 1.1.1.1", "2.2.2.2"], 2), "1.1.1.1");
    }

    #[test]
    fn a_short_or_odd_header_falls_back_to_the_peer() {
        assert_eq!(found(&["2.2.2.2"], 2), "10.0.0.1");
        assert_eq!(found(&["unknown"], 1), "10.0.0.1");
    }
}
