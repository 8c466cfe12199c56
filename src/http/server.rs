//! Serves a router on a listener that is bound already, and drains it.
//!
//! Invariants: there are not more connections than the limit, and idle ones give way to new ones; every connection is a finite
//! task, so that stopping the tasks waits for the requests in flight.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use http::Request;
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt;

use super::client_address::PeerAddress;
use crate::runtime::connections::{ConnectionLimits, Connections, OpenConnection, Order};
use crate::runtime::tasks::Tasks;
use crate::telemetry::metrics::EvictionMetrics;

/// How long to wait after the kernel had no connection to give, such as for want of file descriptors.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// The limits of one listener.
#[derive(Debug, Clone, Copy)]
pub struct ListenerLimits {
    /// The listener's name in metrics.
    pub name: &'static str,
    /// Connections at once. Where there are more, those that were silent for longest are ended.
    pub connections_max: usize,
    /// Connections at once of one address, or of one /64 of IPv6; 0 means no such limit.
    pub per_address_max: usize,
    /// How long a connection may take to send a request's head or to take more of a response, and may idle between requests.
    pub header_timeout: Duration,
}

/// Accepts connections until `tasks` are stopped. Run it as a task of its own; each connection becomes another, which
/// finishes the request that it is at and then closes.
pub async fn serve(listener: TcpListener, router: Router, limits: ListenerLimits, tasks: Tasks) {
    let evictions = EvictionMetrics::of(limits.name);
    let connection_limits = ConnectionLimits {
        connections_max: limits.connections_max,
        per_address_max: limits.per_address_max,
        silence_max: limits.header_timeout,
    };
    let places = Connections::new(connection_limits, move |reason| evictions.count(reason));
    tokio::select! {
        () = accept_all(&listener, &router, &places, limits.header_timeout, &tasks) => {}
        () = places.watch() => {}
        () = tasks.stopping().cancelled_owned() => {}
    }
    places.stop();
}

async fn accept_all(
    listener: &TcpListener,
    router: &Router,
    places: &Arc<Connections>,
    header_timeout: Duration,
    tasks: &Tasks,
) {
    loop {
        let Some((stream, peer)) = accept(listener).await else { continue };
        let Some(open) = places.admit(peer.ip()).await else { continue };
        tasks.spawn_finite("http connection", answer(stream, peer, router.clone(), header_timeout, open));
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

/// Answers the requests of one connection.
async fn answer(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    header_timeout: Duration,
    open: Arc<OpenConnection>,
) {
    // Answers are written whole, so that waiting for more to send would only cost time.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let answering = Arc::clone(&open);
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(PeerAddress(peer));
        let (router, open) = (router.clone(), Arc::clone(&answering));
        open.starts_response();
        async move { Ok::<_, Infallible>(router.oneshot(request).await?.map(|body| SentBody { body, open })) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(header_timeout)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let ended = poll_fn(|context| {
        if let Poll::Ready(ended) = connection.as_mut().poll(context) {
            return Poll::Ready(ended);
        }
        match open.order(context.waker()) {
            Order::GoOn => Poll::Pending,
            Order::End => Poll::Ready(Ok(())),
            Order::Finish => {
                connection.as_mut().graceful_shutdown();
                connection.as_mut().poll(context)
            }
        }
    });
    if let Err(error) = ended.await {
        tracing::debug!(%error, %peer, "a connection ended early: {error}");
    }
}

/// The body of a response, which tells whether it is waited for or for its client.
struct SentBody {
    body: Body,
    open: Arc<OpenConnection>,
}

impl HttpBody for SentBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if frame.is_ready() {
            self.open.sends_response();
        } else {
            self.open.starts_response();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for SentBody {
    fn drop(&mut self) {
        self.open.ends_response();
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

    const LIMITS: ListenerLimits = ListenerLimits {
        name: "test",
        connections_max: 1,
        per_address_max: 0,
        header_timeout: Duration::from_secs(10),
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
    async fn an_idle_connection_gives_its_place_to_a_new_one() {
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
        assert!(rest(second).await.ends_with(&port));
        rest(first).await;
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
