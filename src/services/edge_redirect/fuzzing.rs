//! What fuzz targets call of this service's insides; there is nothing of it in an ordinary build.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use http::request::Parts;
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::request::RequestView;
use super::request_reader::{Reading, read};
use super::snapshot;
use crate::domain::client_address::{ForwardedHeader, TrustedProxies};

const PEER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const PROXIES: TrustedProxies = TrustedProxies { hops: 1, header: ForwardedHeader::XForwardedFor };

/// Panics where the request reader and hyper read different requests from the same bytes.
pub fn request_reader(bytes: &[u8]) {
    // Most bytes are no request, and hyper is slow beside the reader.
    if !matches!(read(bytes, PEER, PROXIES), Reading::Ordinary(..)) {
        return;
    }
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().build() else { return };
    let theirs = runtime.block_on(read_by_hyper(bytes));
    let mut rest = bytes;
    for parts in &theirs {
        let Reading::Ordinary(view, length) = read(rest, PEER, PROXIES) else { return };
        assert_eq!(view, RequestView::new(parts, PEER, PROXIES));
        rest = rest.get(length..).unwrap_or_default();
    }
    assert!(!matches!(read(rest, PEER, PROXIES), Reading::Ordinary(..)), "hyper reads no further request");
}

/// Reads a snapshot and every link in it.
pub fn snapshot(bytes: &[u8]) {
    snapshot::read_anything(bytes);
}

/// The requests that hyper reads from these bytes.
async fn read_by_hyper(bytes: &[u8]) -> Vec<Parts> {
    let requests = Mutex::new(Vec::new());
    let (mut client, server) = tokio::io::duplex(bytes.len() + 1);
    drop(client.write_all(bytes).await);
    drop(client.shutdown().await);
    let service = service_fn(|request: http::Request<Incoming>| {
        requests.lock().unwrap_or_else(PoisonError::into_inner).push(request.into_parts().0);
        async { Ok::<_, Infallible>(http::Response::new(Empty::<Bytes>::new())) }
    });
    let mut responses = Vec::new();
    let serving = http1::Builder::new().half_close(true).serve_connection(TokioIo::new(server), service);
    drop(tokio::join!(serving, client.read_to_end(&mut responses)));
    requests.into_inner().unwrap_or_else(PoisonError::into_inner)
}
