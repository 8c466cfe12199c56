//! The beginning of a connection over TLS.
//!
//! Invariant: who asks for a name without a certificate is told so (RFC 6066, section 3, `unrecognized_name`) and shown nothing.

use std::io;
use std::time::Duration;

use rustls::server::Acceptor;
use rustls::{HandshakeKind, ProtocolVersion};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;
use tokio_rustls::{LazyConfigAcceptor, StartHandshake};

use super::channel::Secured;
use super::handler::Edge;
use super::metrics::{HandshakeMetrics, HandshakeResult};
use crate::infra::certificates::ACME_TLS;
use crate::runtime::connections::OpenConnection;

/// The longest that a client may take over a handshake.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);
/// A fatal alert `unrecognized_name`, before there are keys (RFC 8446, section 5.1 and 6).
const UNRECOGNIZED_NAME: [u8; 7] = [21, 3, 3, 0, 2, 2, 112];
/// What HTTP/2 is called in a handshake (RFC 9113, section 3.2).
const HTTP_2: &[u8] = b"h2";

/// A connection whose handshake is done.
pub(super) struct Shaken<S> {
    pub(super) stream: TlsStream<S>,
    pub(super) secured: Secured,
    /// Whether both ends speak HTTP/2.
    pub(super) is_http2: bool,
}

/// Shakes hands. `None` if that failed, or if it was all that was wanted; either is counted.
pub(super) async fn shake_hands<S>(edge: &Edge, open: &OpenConnection, stream: S) -> Option<Shaken<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let shaken = begin(edge, open, stream).await;
    let result = shaken.as_ref().map_or_else(|result| *result, |shaken| how(&shaken.stream));
    HandshakeMetrics::global().count(result);
    shaken.ok()
}

async fn begin<S>(edge: &Edge, open: &OpenConnection, stream: S) -> Result<Shaken<S>, HandshakeResult>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let start = in_time(LazyConfigAcceptor::new(Acceptor::default(), stream)).await?;
    let hello = start.client_hello();
    let name = hello.server_name().map(str::to_ascii_lowercase).unwrap_or_default();
    if hello.alpn().is_some_and(|mut protocols| protocols.any(|protocol| protocol == ACME_TLS)) {
        return Err(answer_challenge(edge, start, &name).await);
    }
    // Whoever waits for an order is not silent: it is the authority that takes its time.
    open.starts_response();
    let certificate = edge.certificates.of(edge, &name).await;
    open.awaits_request();
    let Some(certificate) = certificate else { return Err(refuse(start).await) };
    let stream = in_time(start.into_stream(certificate.config())).await?;
    let is_http2 = stream.get_ref().1.alpn_protocol() == Some(HTTP_2);
    Ok(Shaken { stream, secured: Secured { name: name.into(), certificate }, is_http2 })
}

/// Shows an authority that the name is ours, by the handshake alone.
async fn answer_challenge<S>(edge: &Edge, start: StartHandshake<S>, name: &str) -> HandshakeResult
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let Some(config) = edge.certificates.challenge_for(edge, name).await else { return refuse(start).await };
    match in_time(start.into_stream(config)).await {
        Ok(mut stream) => {
            // The authority has seen what it wanted by now.
            in_time(stream.shutdown()).await.ok();
            HandshakeResult::Challenge
        }
        Err(result) => result,
    }
}

async fn refuse<S: AsyncWrite + Unpin>(mut start: StartHandshake<S>) -> HandshakeResult {
    // Who does not wait for the answer is none the worse for it.
    in_time(start.io.write_all(&UNRECOGNIZED_NAME)).await.ok();
    in_time(start.io.shutdown()).await.ok();
    HandshakeResult::UnknownName
}

/// A step that waits for the client.
async fn in_time<T>(step: impl Future<Output = io::Result<T>>) -> Result<T, HandshakeResult> {
    match timeout(HANDSHAKE_MAX, step).await {
        Ok(done) => done.map_err(|_| HandshakeResult::Failed),
        Err(_) => Err(HandshakeResult::TimedOut),
    }
}

fn how<S>(stream: &TlsStream<S>) -> HandshakeResult {
    let session = stream.get_ref().1;
    let is_old = session.protocol_version() == Some(ProtocolVersion::TLSv1_2);
    match session.handshake_kind() {
        Some(HandshakeKind::Resumed) => HandshakeResult::Resumed,
        _ if is_old => HandshakeResult::FullOld,
        _ => HandshakeResult::Full,
    }
}
