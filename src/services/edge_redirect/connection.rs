//! One connection, with or without TLS.
//!
//! Ordinary requests of HTTP/1.1 are parsed in the receive buffer and answered with one write.
//! The first request that is not ordinary hands the connection over to hyper,
//! which keeps it until it closes. So does the choice of HTTP/2.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use bytes::{Buf, Bytes, BytesMut};
use futures_util::FutureExt;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulConnection;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::io::poll_read_buf;

use super::channel::{Channel, Protection};
use super::handler::Edge;
use super::handshake::{self, Shaken};
use super::http2::{self as streams, StreamTasks, Streams};
use super::metrics::EdgeMetrics;
use super::prefixed::Prefixed;
use super::request_reader;
use crate::domain::client_address::{UNKNOWN, Unreadable};
use crate::infra::journal::{DiskFileSystem, GroupCommit};
use crate::runtime::connections::{OpenConnection, Order};
use crate::runtime::proxy_protocol::{self, Reading, Source};
use crate::runtime::tasks::Tasks;
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
    pub(super) channel: Channel,
    pub(super) proxy_protocol: bool,
    pub(super) open: Arc<OpenConnection>,
}

/// How hyper answers what is not answered in place.
#[derive(Clone)]
pub(super) struct Protocols {
    http1: http1::Builder,
    http2: http2::Builder<StreamTasks>,
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

impl Protocols {
    /// hyper's settings. It needs no read timeout of its own: the connection watch ends slow connections. `tasks` answer the
    /// requests of HTTP/2.
    pub(super) fn new(tasks: Tasks) -> Self {
        let mut http1 = http1::Builder::new();
        // While a request waits for its journal, nobody reads ahead only to see whether the client is still there.
        http1.half_close(true).header_read_timeout(None).max_buf_size(HEAD_BYTES_MAX);
        Self { http1, http2: streams::protocol(tasks) }
    }
}

impl Connection {
    /// Answers requests until either side closes the connection.
    pub(super) async fn serve(mut self, mut stream: TcpStream, protocols: &Protocols, is_over_tls: bool) {
        if stream.set_nodelay(true).is_err() {
            return;
        }
        let open = &EdgeMetrics::global().connections;
        open.increment(1.0);
        let mut received = BytesMut::with_capacity(ORDINARY_HEAD_BYTES_MAX);
        if !self.proxy_protocol || self.take_proxy_header(&mut stream, &mut received).await {
            if is_over_tls {
                let stream = Prefixed::new(received.freeze(), stream);
                Box::pin(self.serve_secured(stream, protocols)).await;
            } else {
                self.converse(stream, received, protocols).await;
            }
        }
        open.decrement(1.0);
    }

    async fn serve_secured(mut self, stream: Prefixed<TcpStream>, protocols: &Protocols) {
        let shaking = handshake::shake_hands(&self.edge, &self.open, stream);
        let Some(Some(Shaken { stream, secured, is_http2 })) = self.unless_evicted(shaking).await else { return };
        self.channel.protection = Protection::Tls(secured);
        self.open.awaits_request();
        if is_http2 {
            self.answer_streams(stream, protocols).await;
        } else {
            self.converse(stream, BytesMut::with_capacity(ORDINARY_HEAD_BYTES_MAX), protocols).await;
        }
    }

    /// HTTP/1.1.
    async fn converse<S>(&self, mut stream: S, mut received: BytesMut, protocols: &Protocols)
    where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        if matches!(self.answer_ordinary(&mut stream, &mut received).await, End::Other) {
            Box::pin(self.answer_others(Prefixed::new(received.freeze(), stream), protocols)).await;
        }
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
                    self.channel.peer = self.speaks_for(source);
                    return true;
                }
            }
        }
    }

    fn speaks_for(&self, source: Source) -> IpAddr {
        match source {
            Source::Client(address) => address.ip(),
            Source::Proxy => self.channel.peer,
            Source::Untold => {
                UnknownAddressMetrics::edge().count(Unreadable::Hidden);
                UNKNOWN
            }
        }
    }

    /// Answers ordinary requests one after another. Bytes left in `received` are still unanswered.
    async fn answer_ordinary<S>(&self, stream: &mut S, received: &mut BytesMut) -> End
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut response = Vec::with_capacity(RESPONSE_BYTES);
        loop {
            let (request, length) = match request_reader::read(received, self.channel.peer, self.edge.trusted_proxies) {
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
            self.edge.write_response(&self.journal, &self.channel, &request, last, &mut response).await;
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
    async fn receive<S: AsyncRead + Unpin>(&self, stream: &mut S, received: &mut BytesMut) -> bool {
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
        let looking = poll_fn(|context| poll_read_buf(Pin::new(&mut *stream), context, received));
        matches!(looking.now_or_never(), Some(Ok(1..)))
    }

    /// Sends a response. False if the connection broke or the client is too slow to read it.
    async fn send<S: AsyncWrite + Unpin>(&self, stream: &mut S, response: &[u8]) -> bool {
        self.unless_evicted(stream.write_all(response)).await.is_some_and(|sent| sent.is_ok())
    }

    /// What comes of this, unless the connection has to end before.
    async fn unless_evicted<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut work = pin!(work);
        poll_fn(|context| match work.as_mut().poll(context) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending if self.open.order(context.waker()) == Order::End => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        })
        .await
    }

    /// Hands the connection to hyper, which reads what was received before first.
    async fn answer_others<S>(&self, stream: Prefixed<S>, protocols: &Protocols)
    where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        let service = service_fn(|request| async { Ok::<_, Infallible>(self.answer_other(request).await) });
        drive(&self.open, protocols.http1.serve_connection(TokioIo::new(stream), service)).await;
    }

    async fn answer_other(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        self.open.starts_response();
        let response = self.edge.handle(&self.journal, &self.channel, request).await;
        self.open.awaits_request();
        response.map(Full::new)
    }

    /// HTTP/2. Its requests are answered side by side.
    async fn answer_streams<S>(self, stream: S, protocols: &Protocols)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let open = Arc::clone(&self.open);
        let streams = Arc::new((Streams::new(Arc::clone(&open)), self));
        let service = service_fn(move |request| {
            let streams = Arc::clone(&streams);
            async move {
                let (streams, connection) = &*streams;
                let _answering = streams.begin();
                let response = connection.edge.handle(&connection.journal, &connection.channel, request).await;
                Ok::<_, Infallible>(response.map(Full::new))
            }
        });
        drive(&open, protocols.http2.serve_connection(TokioIo::new(stream), service)).await;
    }
}

/// Lets hyper answer until the connection ends.
async fn drive(open: &OpenConnection, connection: impl GracefulConnection) {
    let mut connection = pin!(connection);
    poll_fn(|context| {
        // A connection that breaks is the client's affair.
        if connection.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        match open.order(context.waker()) {
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
