//! The address of whoever sent a request.
//!
//! Invariant: a header is believed only as far as the trusted proxies reach. Where they do not tell the address, there is none.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::HeaderMap;
use http::header::USER_AGENT;

use super::request_id;
use crate::domain::client_address::TrustedProxies;
use crate::runtime::origin::{self, Origin};
use crate::telemetry::listener_metrics::UnknownAddressMetrics;

/// The address of the client, in every request's extensions if it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

/// The address at the other end of the connection, as the listener saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerAddress(pub SocketAddr);

/// Finds the client's address behind the trusted proxies; where the listener does not know the peer there is none. What is
/// written down about the request carries it, and what the client calls itself.
pub async fn find(State(trusted_proxies): State<TrustedProxies>, mut request: Request, next: Next) -> Response {
    let user_agent = user_agent(request.headers()).to_owned();
    let mut origin = Origin { address: None, request_id: request_id::current(), user_agent };
    if let Some(peer) = request.extensions().get::<PeerAddress>().copied() {
        let lines =
            || request.headers().get_all(trusted_proxies.header.name()).into_iter().map(http::HeaderValue::as_bytes);
        match trusted_proxies.client_address(peer.0.ip(), lines) {
            Ok(address) => {
                origin.address = Some(address);
                request.extensions_mut().insert(ClientAddress(address));
            }
            Err(reason) => UnknownAddressMetrics::api().count(reason),
        }
    }
    origin::within(origin, next.run(request)).await
}

/// What the client calls itself; empty if it does not, or by no text.
#[must_use]
pub fn user_agent(headers: &HeaderMap) -> &str {
    headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::routing::get;
    use axum::{Extension, Router};
    use http::HeaderValue;
    use tower::ServiceExt;

    use super::*;

    async fn found(lines: &[&'static [u8]], hops: usize) -> String {
        let handler = |address: Option<Extension<ClientAddress>>| async move {
            address.map_or_else(|| "unknown".to_owned(), |Extension(address)| address.0.to_string())
        };
        let proxies = TrustedProxies { hops, ..TrustedProxies::default() };
        let router = Router::new().route("/", get(handler)).layer(axum::middleware::from_fn_with_state(proxies, find));
        let mut request = http::Request::new(Body::empty());
        request.extensions_mut().insert(PeerAddress("[::ffff:10.0.0.1]:80".parse().expect("an address")));
        for line in lines {
            let line = HeaderValue::from_bytes(line).expect("a header value");
            request.headers_mut().append("x-forwarded-for", line);
        }
        let response = router.oneshot(request).await.expect("a response");
        let body = axum::body::to_bytes(response.into_body(), 1_000).await.expect("a body");
        String::from_utf8(body.to_vec()).expect("text")
    }

    #[tokio::test]
    async fn the_trusted_proxy_is_believed_whatever_the_visitor_sent_before() {
        assert_eq!(found(&[b"1.1.1.1"], 0).await, "10.0.0.1");
        assert_eq!(found(&[b"9.9.9.9, 1.1.1.1", b"2.2.2.2:51008"], 1).await, "2.2.2.2");
        assert_eq!(found(&[b"\xff, 198.51.100.9"], 1).await, "198.51.100.9");
    }

    #[tokio::test]
    async fn a_client_whom_the_proxy_does_not_tell_is_unknown_and_not_the_proxy() {
        assert_eq!(found(&[b"2.2.2.2"], 2).await, "unknown");
        assert_eq!(found(&[b"unknown"], 1).await, "unknown");
        assert_eq!(found(&[b"2.2.2.2, \xff"], 1).await, "unknown");
    }
}
