//! Serves a router on a listener that is bound already, and drains it.
//!
//! Invariants: there are not more connections than the limit, and idle ones give way to new ones; every connection is a finite
//! task, so that stopping the tasks waits for the requests in flight.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, TcpStream};

use super::connection::Connection;
use crate::runtime::connections::{ConnectionLimits, Connections};
use crate::runtime::tasks::Tasks;
use crate::telemetry::listener_metrics::EvictionMetrics;

/// How long to wait after the kernel had no connection to give, such as for want of file descriptors.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// How one listener treats its connections.
#[derive(Debug, Clone, Copy)]
pub struct ListenerSettings {
    /// The listener's name in metrics.
    pub name: &'static str,
    /// Connections at once. Where there are more, those that were silent for longest are ended.
    pub connections_max: usize,
    /// Connections at once of one address, or of one /64 of IPv6; 0 means no such limit.
    pub per_address_max: usize,
    /// How long a connection may take to send a request's head or to take more of a response, and may idle between requests.
    pub header_timeout: Duration,
    /// Whether every connection begins with a header of the PROXY protocol.
    pub proxy_protocol: bool,
}

/// Accepts connections until `tasks` are stopped. Run it as a task of its own; each connection becomes another, which
/// finishes the request that it is at and then closes.
pub async fn serve(listener: TcpListener, router: Router, settings: ListenerSettings, tasks: Tasks) {
    let evictions = EvictionMetrics::of(settings.name);
    let connection_limits = ConnectionLimits {
        connections_max: settings.connections_max,
        per_address_max: settings.per_address_max,
        silence_max: settings.header_timeout,
    };
    let places = Connections::new(connection_limits, move |reason| evictions.count(reason));
    tokio::select! {
        () = accept_all(&listener, &router, &places, settings, &tasks) => {}
        () = places.watch() => {}
        () = tasks.stopping().cancelled_owned() => {}
    }
    places.stop();
}

async fn accept_all(
    listener: &TcpListener,
    router: &Router,
    places: &Arc<Connections>,
    settings: ListenerSettings,
    tasks: &Tasks,
) {
    loop {
        let Some((stream, peer)) = accept(listener).await else { continue };
        let Some(open) = places.admit(peer.ip()).await else { continue };
        let connection = Connection { peer, router: router.clone(), settings, open };
        tasks.spawn_finite("http connection", connection.serve(stream));
    }
}

/// The next connection.
async fn accept(listener: &TcpListener) -> Option<(TcpStream, SocketAddr)> {
    match listener.accept().await {
        Ok(accepted) => Some(accepted),
        Err(error) => {
            tracing::warn!(%error, "could not accept a connection: {error}");
            tokio::time::sleep(ACCEPT_RETRY).await;
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::client_address::PeerAddress;
    use axum::extract::Extension;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::Notify;

    async fn start(router: Router, settings: ListenerSettings) -> (SocketAddr, Tasks) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("its address");
        let tasks = Tasks::new();
        tasks.spawn("listener", serve(listener, router, settings, tasks.clone()));
        (address, tasks)
    }

    const SETTINGS: ListenerSettings = ListenerSettings {
        name: "test",
        connections_max: 1,
        per_address_max: 0,
        header_timeout: Duration::from_secs(10),
        proxy_protocol: false,
    };

    async fn ask(stream: &mut TcpStream, head: &str) {
        stream.write_all(head.as_bytes()).await.expect("a sent request");
    }

    async fn rest(mut stream: TcpStream) -> String {
        let mut text = String::new();
        stream.read_to_string(&mut text).await.expect("a response");
        text
    }

    #[tokio::test]
    async fn a_request_in_flight_is_finished_before_the_end() {
        let (entered, leave) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let handler = {
            let (entered, leave) = (entered.clone(), leave.clone());
            move || async move {
                entered.notify_one();
                leave.notified().await;
                "finished"
            }
        };
        let (address, tasks) = start(Router::new().route("/", get(handler)), SETTINGS).await;
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        ask(&mut stream, "GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
        entered.notified().await;
        let stopped = tokio::join!(tasks.stop(Duration::from_secs(30)), async { leave.notify_one() }).0;
        assert_eq!(stopped, Ok(()));
        assert!(rest(stream).await.ends_with("finished"));
        assert!(TcpStream::connect(address).await.is_err());
    }

    #[tokio::test]
    async fn an_idle_connection_gives_its_place_to_a_new_one() {
        let handler = |Extension(peer): Extension<PeerAddress>| async move { peer.0.port().to_string() };
        let (address, tasks) = start(Router::new().route("/", get(handler)), SETTINGS).await;
        let mut first = TcpStream::connect(address).await.expect("a connection");
        ask(&mut first, "GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
        let mut beginning = [0; 12];
        first.read_exact(&mut beginning).await.expect("a response");
        assert_eq!(&beginning, b"HTTP/1.1 200");

        let mut second = TcpStream::connect(address).await.expect("a place in the queue");
        let port = second.local_addr().expect("an address").port().to_string();
        ask(&mut second, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
        assert!(rest(second).await.ends_with(&port));
        rest(first).await;
        assert_eq!(tasks.stop(Duration::from_secs(30)).await, Ok(()));
    }

    #[tokio::test]
    async fn a_client_that_never_sends_its_head_is_let_go() {
        let settings = ListenerSettings { header_timeout: Duration::from_millis(20), ..SETTINGS };
        let (address, _tasks) = start(Router::new(), settings).await;
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        ask(&mut stream, "GET / HT").await;
        let mut buffer = Vec::new();
        // It may be told 408 first; what counts is that the connection ends.
        let ended = tokio::time::timeout(Duration::from_secs(30), stream.read_to_end(&mut buffer)).await;
        assert!(ended.is_ok());
    }

    /// What the listener sends to a connection that begins so.
    async fn exchange(settings: ListenerSettings, head: &[u8]) -> String {
        let handler = |peer: Option<Extension<PeerAddress>>| async move {
            peer.map_or_else(|| "unknown".to_owned(), |Extension(peer)| peer.0.ip().to_string())
        };
        let (address, _tasks) = start(Router::new().route("/", get(handler)), settings).await;
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        stream.write_all(head).await.expect("a sent request");
        rest(stream).await
    }

    #[tokio::test]
    async fn a_proxy_tells_whom_a_connection_comes_from() {
        let settings = ListenerSettings { proxy_protocol: true, ..SETTINGS };
        let request = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        for (header, client) in [
            ("PROXY TCP4 198.51.100.7 192.0.2.1 51008 443\r\n", "198.51.100.7"),
            ("PROXY UNKNOWN\r\n", "unknown"),
            ("\r\n\r\n\0\r\nQUIT\n\x20\0\0\0", "127.0.0.1"),
        ] {
            let response = exchange(settings, format!("{header}{request}").as_bytes()).await;
            assert!(response.ends_with(client), "{header}: {response}");
        }
        assert_eq!(exchange(settings, request.as_bytes()).await, "");
    }

    #[tokio::test]
    async fn a_request_names_one_host_and_has_a_head_of_bounded_size() {
        for hosts in ["", "Host: a\r\nHost: b\r\n", "Host: a b\r\n"] {
            let head = format!("GET / HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n");
            let response = exchange(SETTINGS, head.as_bytes()).await;
            assert!(
                response.starts_with("HTTP/1.1 400 ") && response.contains("invalid_host"),
                "{hosts:?}: {response}"
            );
        }
        assert!(exchange(SETTINGS, b"GET / HTTP/1.0\r\n\r\n").await.starts_with("HTTP/1.0 200 "));
        let head = format!("GET / HTTP/1.1\r\nHost: x\r\nCookie: {}\r\n\r\n", "x".repeat(64 * 1024));
        assert!(exchange(SETTINGS, head.as_bytes()).await.starts_with("HTTP/1.1 431 "));
    }

    #[tokio::test]
    async fn a_client_that_stops_in_the_middle_of_its_body_is_let_go() {
        let settings = ListenerSettings { header_timeout: Duration::from_millis(40), ..SETTINGS };
        let handler = |body: axum::body::Bytes| async move { body.len().to_string() };
        let (address, _tasks) = start(Router::new().route("/", axum::routing::post(handler)), settings).await;
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        ask(&mut stream, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc").await;
        let mut buffer = Vec::new();
        let ended = tokio::time::timeout(Duration::from_secs(30), stream.read_to_end(&mut buffer)).await;
        assert!(ended.is_ok());
        assert!(!buffer.starts_with(b"HTTP/1.1 200"));
    }
}
