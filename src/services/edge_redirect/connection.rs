//! One connection of HTTP/1.1.
//!
//! Ordinary requests are parsed in the receive buffer and answered with one write.
//! The first request that is not ordinary hands the connection over to hyper,
//! which keeps it until it closes.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use bytes::{Buf, Bytes, BytesMut};
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::io::poll_read_buf;

use super::handler::Edge;
use super::metrics::EdgeMetrics;
use super::request_reader;
use crate::domain::client_address::{UNKNOWN, Unreadable};
use crate::infra::journal::{DiskFileSystem, GroupCommit};
use crate::runtime::connections::{OpenConnection, Order};
use crate::runtime::proxy_protocol::{self, Reading, Source};
use crate::telemetry::listener_metrics::{ProxyProtocolMetrics, UnknownAddressMetrics};

/// A longer request head is left to hyper, in bytes.
const ORDINARY_HEAD_BYTES_MAX: usize = 4 * 1024;
/// The longest request head that hyper accepts, in bytes.
const HEAD_BYTES_MAX: usize = 32 * 1024;
/// Initial size of the response buffer, in bytes; most responses fit.
const RESPONSE_BYTES: usize = 512;

/// What the requests of one connection share.
pub(super) struct Connection {
    pub(super) edge: Arc<Edge>,
    pub(super) journal: Arc<GroupCommit<DiskFileSystem>>,
    /// The client's address: the other end of the socket, or what the PROXY protocol says.
    pub(super) peer: IpAddr,
    pub(super) proxy_protocol: bool,
    pub(super) open: Arc<OpenConnection>,
}

/// Why the fast path stopped.
enum End {
    /// The connection is done.
    Over,
    /// The next request is not ordinary.
    Other,
}

/// The worker is shutting down and no request has begun.
struct Finishing;

/// hyper's settings. It needs no read timeout of its own: the connection watch ends slow connections.
pub(super) fn protocol() -> http1::Builder {
    let mut http = http1::Builder::new();
    // While a request waits for its journal, nobody reads ahead only to see whether the client is still there.
    http.half_close(true).header_read_timeout(None).max_buf_size(HEAD_BYTES_MAX);
    http
}

impl Connection {
    /// Answers requests until either side closes the connection.
    pub(super) async fn serve(mut self, mut stream: TcpStream, http: &http1::Builder) {
        if stream.set_nodelay(true).is_err() {
            return;
        }
        let open = &EdgeMetrics::global().connections;
        open.increment(1.0);
        let mut received = BytesMut::with_capacity(ORDINARY_HEAD_BYTES_MAX);
        let is_begun = !self.proxy_protocol || self.take_proxy_header(&mut stream, &mut received).await;
        if is_begun && matches!(self.answer_ordinary(&mut stream, &mut received).await, End::Other) {
            Box::pin(self.answer_others(stream, received.freeze(), http)).await;
        }
        open.decrement(1.0);
    }

    /// Reads the PROXY protocol header and takes the client's address from it. False if there is none.
    async fn take_proxy_header(&mut self, stream: &mut TcpStream, received: &mut BytesMut) -> bool {
        loop {
            match proxy_protocol::read(received) {
                Reading::Incomplete if self.receive(stream, received).await => {}
                Reading::Incomplete => return false,
                Reading::Malformed => {
                    ProxyProtocolMetrics::edge().refuse();
                    return false;
                }
                Reading::Header(source, length) => {
                    received.advance(length);
                    self.peer = self.speaks_for(source);
                    return true;
                }
            }
        }
    }

    fn speaks_for(&self, source: Source) -> IpAddr {
        match source {
            Source::Client(address) => address.ip(),
            Source::Proxy => self.peer,
            Source::Untold => {
                UnknownAddressMetrics::edge().count(Unreadable::Hidden);
                UNKNOWN
            }
        }
    }

    /// Answers ordinary requests one after another. Bytes left in `received` are still unanswered.
    async fn answer_ordinary(&self, stream: &mut TcpStream, received: &mut BytesMut) -> End {
        let mut response = Vec::with_capacity(RESPONSE_BYTES);
        loop {
            let (request, length) = match request_reader::read(received, self.peer, self.edge.trusted_proxies) {
                request_reader::Reading::Ordinary(request, length) => (request, length),
                request_reader::Reading::Incomplete if received.len() < ORDINARY_HEAD_BYTES_MAX => {
                    if !self.receive(stream, received).await {
                        return End::Over;
                    }
                    continue;
                }
                request_reader::Reading::Incomplete | request_reader::Reading::Other => return End::Other,
            };
            let last = self.open.is_finishing();
            response.clear();
            self.open.starts_response();
            self.edge.write_response(&self.journal, &request, last, &mut response).await;
            self.open.sends_response();
            drop(request);
            received.advance(length);
            if !self.send(stream, &response).await || last {
                return End::Over;
            }
            self.open.awaits_request();
        }
    }

    /// Waits for more bytes. False if none will come.
    async fn receive(&self, stream: &mut TcpStream, received: &mut BytesMut) -> bool {
        received.reserve(ORDINARY_HEAD_BYTES_MAX - received.len());
        let reading = poll_fn(|context| {
            if let Poll::Ready(read) = poll_read_buf(Pin::new(&mut *stream), context, received) {
                return Poll::Ready(Ok(matches!(read, Ok(1..))));
            }
            match self.open.order(context.waker()) {
                Order::End => Poll::Ready(Ok(false)),
                Order::Finish if received.trim_ascii().is_empty() => Poll::Ready(Err(Finishing)),
                Order::GoOn | Order::Finish => Poll::Pending,
            }
        });
        if let Ok(read) = reading.await {
            return read;
        }
        // A request that has arrived by now, though the runtime has not looked, is still answered.
        tokio::task::yield_now().await;
        matches!(stream.try_read_buf(received), Ok(1..))
    }

    /// Sends a response. False if the connection broke or the client is too slow to read it.
    async fn send(&self, stream: &mut TcpStream, response: &[u8]) -> bool {
        let mut sending = pin!(stream.write_all(response));
        poll_fn(|context| match sending.as_mut().poll(context) {
            Poll::Ready(sent) => Poll::Ready(sent.is_ok()),
            Poll::Pending if self.open.order(context.waker()) == Order::End => Poll::Ready(false),
            Poll::Pending => Poll::Pending,
        })
        .await
    }

    /// Hands the connection to hyper, which reads `received` first.
    async fn answer_others(&self, stream: TcpStream, received: Bytes, http: &http1::Builder) {
        let (read, write) = stream.into_split();
        let stream = TokioIo::new(tokio::io::join(AsyncReadExt::chain(&*received, read), write));
        let service = service_fn(|request| async { Ok::<_, Infallible>(self.answer_other(request).await) });
        let mut connection = pin!(http.serve_connection(stream, service));
        poll_fn(|context| {
            // A connection that breaks is the client's affair.
            if connection.as_mut().poll(context).is_ready() {
                return Poll::Ready(());
            }
            match self.open.order(context.waker()) {
                Order::GoOn => Poll::Pending,
                Order::End => Poll::Ready(()),
                Order::Finish => {
                    // Not before hyper has looked: of what it has not seen it would answer nothing.
                    connection.as_mut().graceful_shutdown();
                    connection.as_mut().poll(context).map(drop)
                }
            }
        })
        .await;
    }

    async fn answer_other(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        self.open.starts_response();
        let response = self.edge.handle(&self.journal, self.peer, request).await;
        self.open.awaits_request();
        response.map(Full::new)
    }
}
