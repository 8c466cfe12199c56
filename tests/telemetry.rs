//! Traces and error reports, received by real listeners. A binary of its own, because both belong to a whole process.

#![allow(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test may fail loudly"
)]

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Response};
use axum::routing::post;
use elido::{config, telemetry};
use http_body_util::StreamBody;
use hyper::body::Frame;
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

type Received = (HeaderMap, Bytes);

/// Longest that anything here may take.
const DEADLINE: Duration = Duration::from_secs(30);

async fn listen(path: &str, answer: fn() -> Response<Body>) -> (SocketAddr, UnboundedReceiver<Received>) {
    let handler = move |State(sender): State<UnboundedSender<Received>>, headers: HeaderMap, body: Bytes| async move {
        sender.send((headers, body)).unwrap();
        answer()
    };
    let (sender, receiver) = unbounded_channel();
    let router = Router::new().route(path, post(handler)).with_state(sender);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (address, receiver)
}

/// An empty gRPC message and the status "ok".
fn grpc_ok() -> Response<Body> {
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    let frames = [Frame::data(Bytes::from_static(&[0; 5])), Frame::trailers(trailers)];
    let body = StreamBody::new(futures_util::stream::iter(frames.map(Ok::<_, Infallible>)));
    Response::builder().header("content-type", "application/grpc").body(Body::new(body)).unwrap()
}

/// The next thing received whose body has `text` in it.
async fn receive(receiver: &mut UnboundedReceiver<Received>, text: &str) -> (HeaderMap, String) {
    let find = async {
        loop {
            let (headers, body) = receiver.recv().await.unwrap();
            let body = String::from_utf8_lossy(&body).into_owned();
            if body.contains(text) {
                return (headers, body);
            }
        }
    };
    tokio::time::timeout(DEADLINE, find).await.unwrap_or_else(|_| panic!("nothing with {text} arrived"))
}

#[test]
fn spans_errors_and_panics_reach_their_collectors() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (mut reports, mut spans) = runtime.block_on(async {
        let (tracker, reports) = listen("/api/7/envelope/", || Response::new(Body::empty())).await;
        let (collector, spans) = listen("/opentelemetry.proto.collector.trace.v1.TraceService/Export", grpc_ok).await;

        let mut config = config::defaults().unwrap();
        config.telemetry.sentry_dsn = SecretString::from(format!("http://publickey@{tracker}/7"));
        config.telemetry.otlp_endpoint = format!("http://{collector}");
        let guard = telemetry::start(&config).unwrap();
        let again = telemetry::start(&config::defaults().unwrap());
        assert!(again.is_ok(), "a second role in the same process is no error");

        tracing::info_span!("bookkeeping", link = "lnk_1").in_scope(|| tracing::error!("the till does not balance"));
        tracing::debug!("too quiet to be told");
        let panicked = std::thread::spawn(|| panic!("on purpose")).join();
        assert!(panicked.is_err());
        tokio::task::spawn_blocking(move || drop(guard)).await.unwrap();
        (reports, spans)
    });
    runtime.block_on(async {
        let (headers, report) = receive(&mut reports, "the till does not balance").await;
        let auth = headers.get("x-sentry-auth").unwrap().to_str().unwrap();
        assert!(auth.contains("sentry_key=publickey"), "{auth}");
        assert!(report.contains("\"message\":\"the till does not balance\""), "{report}");
        assert!(!report.contains("too quiet to be told"), "{report}");
        receive(&mut reports, "on purpose").await;
        assert!(reports.try_recv().is_err(), "one report for one panic");

        let (_, span) = receive(&mut spans, "bookkeeping").await;
        assert!(span.contains("elido") && span.contains("lnk_1"), "{span}");
    });
    assert!(telemetry::render().contains("elido_error_reports_total{result=\"sent\"} 2"), "{}", telemetry::render());
}
