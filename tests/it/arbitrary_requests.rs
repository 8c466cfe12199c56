//! Whatever bytes come over a connection: the edge neither panics nor answers that it is its own fault, and loses no click.

use std::net::SocketAddr;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::platform::{PATIENCE, Platform, eventually};

const REQUEST: &[u8] = b"GET /known?a=1 HTTP/1.1\r\nHost: localhost\r\nUser-Agent: Mozilla/5.0 Firefox/150.0\r\n\
    Accept-Language: de\r\nReferer: https://example.com/\r\nDNT: 1\r\n\r\n";

/// Bytes without sense, and requests with some bytes changed, put in or left out.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<prop::sample::Index>(), any::<u8>(), 0..3_u8);
    let changed = proptest::collection::vec(change, 0..6).prop_map(|changes| {
        let mut request = REQUEST.to_vec();
        for (index, byte, how) in changes {
            let index = index.index(request.len());
            match how {
                0 => request[index] = byte,
                1 => request.insert(index, byte),
                _ => drop(request.remove(index)),
            }
        }
        request
    });
    prop_oneof![1 => proptest::collection::vec(any::<u8>(), 0..600), 3 => changed]
}

/// What the edge says to these bytes, before it or the client ends the connection.
async fn answer(edge: SocketAddr, bytes: &[u8]) -> String {
    let mut connection = TcpStream::connect(edge).await.expect("a connection");
    let mut response = Vec::new();
    let talk = async {
        // Either fails where the edge has already ended the connection.
        drop(connection.write_all(bytes).await);
        drop(connection.shutdown().await);
        drop(connection.read_to_end(&mut response).await);
    };
    tokio::time::timeout(PATIENCE, talk).await.expect("an end");
    String::from_utf8_lossy(&response).into_owned()
}

#[test]
fn no_bytes_make_the_edge_fail_and_every_redirect_is_stored() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let platform = runtime.block_on(Platform::start());
    let account = runtime.block_on(platform.account());
    let link = json!({"destination_url": "https://example.com/", "slug": "known"});
    runtime.block_on(platform.create_link(&account, &link));
    let edge = platform.edge("").trim_start_matches("http://").parse().expect("an address");
    let redirects = std::cell::Cell::new(0_u64);
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(400) });
    let outcome = runner.run(&bytes(), |bytes| {
        let response = runtime.block_on(answer(edge, &bytes));
        prop_assert!(!response.contains("HTTP/1.1 500"), "{response}");
        redirects.set(redirects.get() + response.matches("HTTP/1.1 302").count() as u64);
        Ok(())
    });
    outcome.expect("no failure");
    assert!(redirects.get() > 0, "some of them are requests");
    runtime.block_on(eventually("every click", || async {
        let summary = platform.read(&account, "/analytics/summary?include=bots,previews,prefetches,heads").await;
        // A client that sends nonsense behind a request may be cut off before it has read its response.
        summary["clicks"].as_u64() >= Some(redirects.get())
    }));
}
