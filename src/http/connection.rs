//! One connection of a listener: its requests go to the router, one after the other.
//!
//! Invariant: a connection that waits for its client, whether for a head, for a body or for a response to be taken, counts as
//! silent and gives way; one that waits for us keeps its place.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::response::{IntoResponse, Response};
use bytes::{Buf, BytesMut};
use http::uri::Authority;
use http::{HeaderMap, Request, StatusCode, Version, header};
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tower::ServiceExt;

use super::client_address::PeerAddress;
use super::problem::Problem;
use super::server::ListenerSettings;
use crate::domain::client_address::Unreadable;
use crate::runtime::connections::{OpenConnection, Order};
use crate::runtime::proxy_protocol::{self, HEADER_BYTES_MAX, Reading, Source};
use crate::telemetry::listener_metrics::{ProxyProtocolMetrics, UnknownAddressMetrics};

/// The longest head of a request, in bytes.
const HEAD_BYTES_MAX: usize = 32 * 1024;

/// What the requests of one connection share.
pub(super) struct Connection {
    pub(super) peer: SocketAddr,
    pub(super) router: Router,
    pub(super) settings: ListenerSettings,
    pub(super) open: Arc<OpenConnection>,
}

impl Connection {
    /// Answers what comes, until either side ends the connection.
    pub(super) async fn serve(self, mut stream: TcpStream) {
        // Answers are written whole, so that waiting for more to send would only cost time.
        if stream.set_nodelay(true).is_err() {
            return;
        }
        let mut received = BytesMut::new();
        let peer = if self.settings.proxy_protocol {
            let Some(source) = self.take_proxy_header(&mut stream, &mut received).await else { return };
            self.speaks_for(source)
        } else {
            Some(PeerAddress(self.peer))
        };
        self.answer(stream, received.freeze(), peer).await;
    }

    /// Takes the header of the PROXY protocol, and what follows it into `received`. `None` where there is none.
    async fn take_proxy_header(&self, stream: &mut TcpStream, received: &mut BytesMut) -> Option<Source> {
        loop {
            match proxy_protocol::read(received) {
                Reading::Header(source, length) => {
                    received.advance(length);
                    return Some(source);
                }
                Reading::Malformed => {
                    ProxyProtocolMetrics::api().refuse();
                    return None;
                }
                Reading::Incomplete => {
                    received.reserve(HEADER_BYTES_MAX);
                    let read = self.unless_ended(stream.read_buf(received)).await?;
                    read.ok().filter(|count| *count > 0)?;
                }
            }
        }
    }

    fn speaks_for(&self, source: Source) -> Option<PeerAddress> {
        match source {
            Source::Client(address) => Some(PeerAddress(address)),
            Source::Proxy => Some(PeerAddress(self.peer)),
            Source::Untold => {
                UnknownAddressMetrics::api().count(Unreadable::Hidden);
                None
            }
        }
    }

    /// What `work` gives, or nothing if the connection shall end before.
    async fn unless_ended<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut work = pin!(work);
        poll_fn(|context| match work.as_mut().poll(context) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending if self.open.order(context.waker()) == Order::GoOn => Poll::Pending,
            Poll::Pending => Poll::Ready(None),
        })
        .await
    }

    /// Answers the requests; `received` comes before what the stream gives.
    async fn answer(self, stream: TcpStream, received: Bytes, peer: Option<PeerAddress>) {
        let answering = Arc::clone(&self.open);
        let service = service_fn(move |request: Request<Incoming>| {
            let open = Arc::clone(&answering);
            open.starts_response();
            let router = self.router.clone();
            async move { Ok::<_, Infallible>(respond(router, request, peer, open).await) }
        });
        let (read, write) = stream.into_split();
        let stream = TokioIo::new(tokio::io::join(AsyncReadExt::chain(&*received, read), write));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.settings.header_timeout)
            .max_buf_size(HEAD_BYTES_MAX)
            .serve_connection(stream, service);
        let mut connection = pin!(connection);
        let ended = poll_fn(|context| {
            if let Poll::Ready(ended) = connection.as_mut().poll(context) {
                return Poll::Ready(ended);
            }
            match self.open.order(context.waker()) {
                Order::GoOn => Poll::Pending,
                Order::End => Poll::Ready(Ok(())),
                Order::Finish => {
                    connection.as_mut().graceful_shutdown();
                    connection.as_mut().poll(context)
                }
            }
        });
        if let Err(error) = ended.await {
            tracing::debug!(%error, peer = %self.peer, "a connection ended early: {error}");
        }
    }
}

async fn respond(
    router: Router,
    request: Request<Incoming>,
    peer: Option<PeerAddress>,
    open: Arc<OpenConnection>,
) -> Response<SentBody> {
    if !names_one_host(request.version(), request.headers()) {
        let refusal = Problem::new(
            StatusCode::BAD_REQUEST,
            "invalid_host",
            "A request of HTTP/1.1 names one host in its Host header.",
        );
        return refusal.into_response().map(|body| SentBody { body, open });
    }
    let receiving = Arc::clone(&open);
    let mut request = request.map(|body| Body::new(ReceivedBody { body, open: receiving }));
    if let Some(peer) = peer {
        request.extensions_mut().insert(peer);
    }
    let Ok(response) = router.oneshot(request).await;
    response.map(|body| SentBody { body, open })
}

/// As RFC 9112, section 3.2, asks.
fn names_one_host(version: Version, headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => Authority::try_from(host.as_bytes()).is_ok(),
        (None, _) => version < Version::HTTP_11,
        (Some(_), Some(_)) => false,
    }
}

/// The body of a request, which tells whether it is waited for.
struct ReceivedBody {
    body: Incoming,
    open: Arc<OpenConnection>,
}

impl HttpBody for ReceivedBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if frame.is_ready() {
            self.open.starts_response();
        } else {
            self.open.awaits_request();
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
        self.open.awaits_request();
    }
}
