//! Connections of HTTP/2, which hyper speaks.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hyper::rt::Executor;
use hyper::server::conn::http2;

use crate::runtime::connections::OpenConnection;
use crate::runtime::tasks::Tasks;

/// Requests at once on one connection.
const STREAMS_MAX: u32 = 100;
/// The longest request head, in bytes; as for HTTP/1.1.
const HEAD_BYTES_MAX: u32 = 32 * 1024;

/// Runs the streams of connections as tasks of their own.
#[derive(Clone)]
pub(super) struct StreamTasks(Tasks);

/// The requests of one connection that are being answered.
pub(super) struct Streams {
    open: Arc<OpenConnection>,
    answering: AtomicUsize,
}

/// A request that is being answered. It ends with the answer, or when the client takes the request back.
pub(super) struct Answering<'a>(&'a Streams);

/// hyper's settings. The connection watch ends silent connections.
pub(super) fn protocol(tasks: Tasks) -> http2::Builder<StreamTasks> {
    let mut http = http2::Builder::new(StreamTasks(tasks));
    http.max_concurrent_streams(STREAMS_MAX).max_header_list_size(HEAD_BYTES_MAX);
    http
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for StreamTasks {
    fn execute(&self, stream: F) {
        self.0.spawn_finite("stream", stream);
    }
}

impl Streams {
    pub(super) const fn new(open: Arc<OpenConnection>) -> Self {
        Self { open, answering: AtomicUsize::new(0) }
    }

    /// A request has arrived.
    pub(super) fn begin(&self) -> Answering<'_> {
        self.answering.fetch_add(1, Ordering::Relaxed);
        self.open.starts_response();
        Answering(self)
    }
}

impl Drop for Answering<'_> {
    fn drop(&mut self) {
        if self.0.answering.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.0.open.awaits_request();
        }
    }
}
