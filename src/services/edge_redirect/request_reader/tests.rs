//! What is read here is compared with what hyper makes of the same bytes.

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use allocation_counter::measure;
use bytes::Bytes;
use http::request::Parts;
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::domain::client_address::ForwardedHeader;

const PEER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const PROXIES: TrustedProxies = TrustedProxies { hops: 1, header: ForwardedHeader::XForwardedFor };
const REQUEST: &[u8] = b"GET /known?a=1 HTTP/1.1\r\nHost: go.Example.com\r\nUser-Agent: Mozilla/5.0 Firefox/150.0\r\n\
    Accept-Language: de\r\nReferer: https://example.com/\r\nX-Forwarded-For: 192.0.2.1, 198.51.100.7\r\n\r\n";

fn kind(bytes: &[u8]) -> &'static str {
    match read(bytes, PEER, PROXIES) {
        Reading::Incomplete => "incomplete",
        Reading::Ordinary(..) => "ordinary",
        Reading::Other => "other",
    }
}

/// The requests without a body that hyper reads from these bytes.
async fn read_by_hyper(bytes: &[u8]) -> Vec<Parts> {
    let requests = Arc::new(Mutex::new(Vec::new()));
    let (mut client, server) = tokio::io::duplex(bytes.len() + 1);
    client.write_all(bytes).await.expect("there is room");
    client.shutdown().await.expect("it ends");
    let service = service_fn(|request: http::Request<Incoming>| {
        let requests = Arc::clone(&requests);
        async move {
            requests.lock().expect("nobody panicked").push(request.into_parts().0);
            Ok::<_, Infallible>(http::Response::new(Empty::<Bytes>::new()))
        }
    });
    let mut responses = Vec::new();
    let serving = http1::Builder::new().half_close(true).serve_connection(TokioIo::new(server), service);
    // Bytes without sense end the connection with an error; what was read before counts.
    drop(tokio::join!(serving, client.read_to_end(&mut responses)));
    std::mem::take(&mut *requests.lock().expect("nobody panicked"))
}

fn requests() -> impl Strategy<Value = Vec<u8>> {
    let target = prop_oneof![
        4 => "/[a-zA-Z0-9%/+._~-]{0,12}(\\?[a-z0-9=&%?]{0,12})?",
        1 => "[ -~]{0,12}",
    ];
    let name = prop_oneof![
        4 => prop::sample::select(vec![
            "Host", "HOST", "user-agent", "User-Agent", "Referer", "Accept", "Accept-Language", "DNT", "sec-gpc",
            "Purpose", "Sec-Purpose", "X-Forwarded-For", "Connection", "Cookie",
        ]).prop_map(str::to_owned),
        1 => prop::sample::select(vec!["Content-Length", "Transfer-Encoding", "Upgrade", "Expect"]).prop_map(str::to_owned),
        1 => "[!-~]{1,8}",
    ];
    let value = prop_oneof![
        prop::sample::select(vec![
            "1",
            "0",
            "keep-alive",
            "close",
            "prefetch",
            "application/json",
            "text/html",
            "localhost:80",
            "a.b",
            "chunked",
            "192.0.2.1, 198.51.100.7",
            "2001:db8::1",
        ])
        .prop_map(str::to_owned),
        "[ -~]{0,12}",
    ];
    let method = prop::sample::select(vec!["GET", "GET", "GET", "HEAD", "POST", "get", "OPTIONS"]);
    let version = prop::sample::select(vec!["HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/2.0"]);
    let headers = prop::collection::vec((name, value), 0..6);
    // Nearly every request names its host once, and only those may be ordinary.
    let host =
        prop::sample::select(vec!["Host: localhost:80\r\n", "host: A.b\r\n", "HOST: a.b.\r\n", "Host: a b\r\n", ""]);
    let change = prop::option::weighted(0.3, (any::<prop::sample::Index>(), any::<u8>(), any::<bool>()));
    (method, target, version, host, headers, change).prop_map(|(method, target, version, host, headers, change)| {
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let mut request = format!("{method} {target} {version}\r\n{host}{headers}\r\n").into_bytes();
        if let Some((index, byte, insert)) = change {
            let index = index.index(request.len());
            if insert { request.insert(index, byte) } else { request[index] = byte }
        }
        request
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn what_is_ordinary_hyper_reads_alike(first in requests(), second in requests()) {
        let bytes = [first, second].concat();
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let theirs = runtime.block_on(read_by_hyper(&bytes));
        let mut rest = bytes.as_slice();
        for parts in &theirs {
            let Reading::Ordinary(view, length) = read(rest, PEER, PROXIES) else { return Ok(()) };
            prop_assert_eq!(&view, &RequestView::new(parts, PEER, PROXIES));
            rest = &rest[length..];
        }
        prop_assert!(!matches!(read(rest, PEER, PROXIES), Reading::Ordinary(..)), "hyper reads no further request");
    }

    #[test]
    fn a_beginning_is_incomplete_or_already_known_not_to_be_ordinary(request in requests(), cut in any::<prop::sample::Index>()) {
        if let Reading::Ordinary(_, length) = read(&request, PEER, PROXIES) {
            prop_assert_eq!(kind(&request[..cut.index(length)]), "incomplete");
        }
    }
}

#[test]
fn what_is_out_of_the_ordinary_is_left_alone() {
    assert_eq!(kind(REQUEST), "ordinary");
    let with = |header: &str| [&REQUEST[..REQUEST.len() - 2], header.as_bytes(), b"\r\n\r\n"].concat();
    assert_eq!(kind(&with("Connection: Keep-Alive")), "ordinary");
    for header in ["Connection: close", "Content-Length: 0", "Transfer-Encoding: chunked", "Upgrade: h2c", "Expect: x"]
    {
        assert_eq!(kind(&with(header)), "other", "{header}");
    }
    for line in
        ["POST / HTTP/1.1", "GET / HTTP/1.0", "GET http://a.b/ HTTP/1.1", "GET /#a HTTP/1.1", "GET /\u{e9} HTTP/1.1"]
    {
        assert_eq!(kind(format!("{line}\r\n\r\n").as_bytes()), "other", "{line}");
    }
    for hosts in ["", "Host: a.b\r\nHost: a.b\r\n", "Host: a b\r\n", "Host:\r\n", "Host: a@b\r\n"] {
        assert_eq!(kind(format!("GET / HTTP/1.1\r\n{hosts}\r\n").as_bytes()), "other", "{hosts}");
    }
    assert_eq!(kind(&with(&"x: y\r\n".repeat(HEADERS_MAX))), "other");
    assert_eq!(kind(b"nonsense\r\n\r\n"), "other");
}

#[test]
fn reading_allocates_nothing() {
    let text = String::from_utf8_lossy(REQUEST).replace("Example", "example") + "more";
    let counted = measure(|| match read(text.as_bytes(), PEER, PROXIES) {
        Reading::Ordinary(view, length) => {
            assert_eq!((&*view.host, view.path, view.query), ("go.example.com", "/known", "a=1"));
            assert_eq!(view.address, IpAddr::V4(Ipv4Addr::new(198, 51, 100, 7)));
            assert_eq!(length, REQUEST.len());
        }
        other => panic!("expected a request, not {other:?}"),
    });
    assert_eq!(counted.count_total, 0);
}
