//! Serves a router on a listener that is bound already, and drains it.
//!
//! Invariants: the listener is not asked for more connections than the limit;
//! every connection is a finite task, so that stopping the tasks waits for the
//! requests in flight.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tower::ServiceExt;

use super::client_address::PeerAddress;
use crate::runtime::tasks::Tasks;

/// How long to wait after the kernel had no connection to give, such as for want of file descriptors.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// The limits of one listener.
#[derive(Debug, Clone, Copy)]
pub struct ListenerLimits {
    /// Connections at once; more wait in the kernel's queue.
    pub connections_max: usize,
    /// How long a connection may take to send a request's head, and may idle between requests.
    pub header_timeout: Duration,
}

/// Accepts connections until `tasks` are stopped. Run it as a task of its own; each connection becomes another, which
/// finishes the request that it is at and then closes.
pub async fn serve(listener: TcpListener, router: Router, limits: ListenerLimits, tasks: Tasks) {
    let places = Arc::new(Semaphore::new(limits.connections_max));
    let stopping = tasks.stopping();
    loop {
        let accepted = tokio::select! {
            () = stopping.cancelled() => return,
            accepted = accept(&listener, &places) => accepted,
        };
        let Some((stream, peer, place)) = accepted else { continue };
        let connection = answer(stream, peer, router.clone(), limits.header_timeout, tasks.clone());
        tasks.spawn_finite("http connection", async move {
            connection.await;
            drop(place);
        });
    }
}

type Place = tokio::sync::OwnedSemaphorePermit;

/// The next connection, once there is a place for it.
async fn accept(listener: &TcpListener, places: &Arc<Semaphore>) -> Option<(TcpStream, SocketAddr, Place)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => Some((stream, peer, place)),
        Err(error) => {
            tracing::warn!(%error, "could not accept a connection: {error}");
            tokio::time::sleep(ACCEPT_RETRY).await;
            None
        }
    }
}

/// Answers the requests of one connection.
async fn answer(stream: TcpStream, peer: SocketAddr, router: Router, header_timeout: Duration, tasks: Tasks) {
    // Answers are written whole, so that waiting for more to send would only cost time.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(PeerAddress(peer));
        router.clone().oneshot(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(header_timeout)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let stopping = tasks.stopping();
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopping.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, %peer, "a connection ended early: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::extract::Extension;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::Notify;

    async fn start(router: Router, limits: ListenerLimits) -> (SocketAddr, Tasks) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("its address");
        let tasks = Tasks::new();
        tasks.spawn("listener", serve(listener, router, limits, tasks.clone()));
        (address, tasks)
    }

    const LIMITS: ListenerLimits = ListenerLimits { connections_max: 1, header_timeout: Duration::from_secs(10) };

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
        let (address, tasks) = start(Router::new().route("/", get(handler)), LIMITS).await;
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        ask(&mut stream, "GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
        entered.notified().await;
        let stopped = tokio::join!(tasks.stop(Duration::from_secs(30)), async { leave.notify_one() }).0;
        assert_eq!(stopped, Ok(()));
        assert!(rest(stream).await.ends_with("finished"));
        assert!(TcpStream::connect(address).await.is_err());
    }

    #[tokio::test]
    async fn connections_beyond_the_limit_wait_for_a_place() {
        let handler = |Extension(peer): Extension<PeerAddress>| async move { peer.0.port().to_string() };
        let (address, tasks) = start(Router::new().route("/", get(handler)), LIMITS).await;
        let mut first = TcpStream::connect(address).await.expect("a connection");
        ask(&mut first, "GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
        let mut beginning = [0; 12];
        first.read_exact(&mut beginning).await.expect("a response");
        assert_eq!(&beginning, b"HTTP/1.1 200");

        let mut second = TcpStream::connect(address).await.expect("a place in the queue");
        let port = second.local_addr().expect("an address").port().to_string();
        ask(&mut second, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
        drop(first);
        assert!(rest(second).await.ends_with(&port));
        assert_eq!(tasks.stop(Duration::from_secs(30)).await, Ok(()));
    }

    #[tokio::test]
    async fn a_client_that_never_sends_its_head_is_let_go() {
        let limits = ListenerLimits { header_timeout: Duration::from_millis(20), ..LIMITS };
        let (address, _tasks) = start(Router::new(), limits).await;
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        ask(&mut stream, "GET / HT").await;
        let mut buffer = Vec::new();
        // It may be told 408 first; what counts is that the connection ends.
        let ended = tokio::time::timeout(Duration::from_secs(30), stream.read_to_end(&mut buffer)).await;
        assert!(ended.is_ok());
    }
}
