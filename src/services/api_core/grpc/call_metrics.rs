//! Counts the calls of the gRPC listener, around every service of it.
//!
//! Invariants: methods come from the description of the protocol, so that a caller who invents some makes no new metric; every
//! call that begins is counted once, also one whose caller goes away.

use std::collections::HashSet;
use std::pin::Pin;
use std::sync::LazyLock;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http_body::{Frame, SizeHint};
use metrics::Label;
use prost::Message;
use prost_types::FileDescriptorSet;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::{Layer, Service};

use crate::infra::grpc::FILE_DESCRIPTORS;
use crate::telemetry::metric::Metric;

const CALLS: Metric = Metric::counter(
    "elido_grpc_requests_total",
    &["method", "status"],
    "gRPC calls that were answered, by method and status.",
);
const DURATION: Metric = Metric::histogram(
    "elido_grpc_request_duration_seconds",
    &["method"],
    "From the head of a gRPC call to the head of its response, by method.",
);

/// Counts the calls of the services that it is put around.
#[derive(Debug, Clone, Copy)]
pub(super) struct CallMetricsLayer;

impl<S> Layer<S> for CallMetricsLayer {
    type Service = CountedCalls<S>;

    fn layer(&self, inner: S) -> Self::Service {
        CALLS.describe();
        DURATION.describe();
        CountedCalls(inner)
    }
}

/// Services whose calls are counted.
#[derive(Debug, Clone)]
pub(super) struct CountedCalls<S>(S);

impl<S> Service<http::Request<Body>> for CountedCalls<S>
where
    S: Service<http::Request<Body>, Response = http::Response<Body>>,
    S::Future: Send + 'static,
    S::Error: Send,
{
    type Response = http::Response<CountedBody>;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let call = Call::begin(request.uri().path());
        let response = self.0.call(request);
        Box::pin(async move { Ok(call.answered(response.await?)) })
    }
}

/// The body of a response, which ends with the status of the call.
pub(super) struct CountedBody {
    inner: Body,
    call: Call,
}

impl http_body::Body for CountedBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(context));
        if let Some(Ok(frame)) = &frame
            && let Some(trailers) = frame.trailers_ref()
        {
            self.call.ended(trailers);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// A call under way. It is counted when it is dropped.
struct Call {
    method: &'static str,
    begun: Instant,
    /// `Cancelled` until it has ended in another way.
    status: Code,
}

impl Call {
    fn begin(path: &str) -> Self {
        Self { method: known(path), begun: Instant::now(), status: Code::Cancelled }
    }

    /// A call that fails before it has answered anything says so in the head.
    fn answered(mut self, response: http::Response<Body>) -> http::Response<CountedBody> {
        let labels = vec![Label::from_static_parts("method", self.method)];
        DURATION.find_histogram(labels).record(self.begun.elapsed().as_secs_f64());
        self.ended(response.headers());
        response.map(|inner| CountedBody { inner, call: self })
    }

    fn ended(&mut self, headers: &http::HeaderMap) {
        if let Some(status) = headers.get(Status::GRPC_STATUS) {
            self.status = Code::from_bytes(status.as_bytes());
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let labels = vec![
            Label::from_static_parts("method", self.method),
            Label::from_static_parts("status", status_label(self.status)),
        ];
        CALLS.find_counter(labels).increment(1);
    }
}

/// The method at this path, as `elido.v1.Links/GetLink`; one word for all that Elido does not describe, such as health checks.
fn known(path: &str) -> &'static str {
    static METHODS: LazyLock<HashSet<String>> = LazyLock::new(described);
    path.strip_prefix('/').and_then(|method| METHODS.get(method)).map_or("other", String::as_str)
}

fn described() -> HashSet<String> {
    // The description is made together with the executable.
    let files = FileDescriptorSet::decode(FILE_DESCRIPTORS).unwrap_or_default().file;
    let services = files.iter().flat_map(|file| file.service.iter().map(|service| (file.package(), service)));
    services
        .flat_map(|(package, service)| {
            service.method.iter().map(move |method| format!("{package}.{}/{}", service.name(), method.name()))
        })
        .collect()
}

/// As the specification of gRPC writes the names of codes, in small letters.
const fn status_label(status: Code) -> &'static str {
    match status {
        Code::Ok => "ok",
        Code::Cancelled => "cancelled",
        Code::Unknown => "unknown",
        Code::InvalidArgument => "invalid_argument",
        Code::DeadlineExceeded => "deadline_exceeded",
        Code::NotFound => "not_found",
        Code::AlreadyExists => "already_exists",
        Code::PermissionDenied => "permission_denied",
        Code::ResourceExhausted => "resource_exhausted",
        Code::FailedPrecondition => "failed_precondition",
        Code::Aborted => "aborted",
        Code::OutOfRange => "out_of_range",
        Code::Unimplemented => "unimplemented",
        Code::Internal => "internal",
        Code::Unavailable => "unavailable",
        Code::DataLoss => "data_loss",
        Code::Unauthenticated => "unauthenticated",
    }
}
