//! Gives every request an id, a span and one log line.
//!
//! Invariant: the id that a client reads, the log carries and an audit event
//! stores is the same one, and holds nothing that could break a log line.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue};
use tracing::Instrument;
use uuid::Uuid;

use super::metrics::HttpMetrics;

/// Where clients may name a request, and where its id is answered.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The longest id taken from a client, in characters.
const LENGTH_MAX: usize = 128;

tokio::task_local! {
    static CURRENT: HeaderValue;
}

/// The id of the request that this task works on, if it works on one.
#[must_use]
pub fn current() -> Option<String> {
    CURRENT.try_with(|id| id.to_str().unwrap_or_default().to_owned()).ok()
}

/// Runs `work` as part of the same request, such as in a task of its own.
pub(super) fn continued<F: Future>(work: F) -> impl Future<Output = F::Output> {
    let id = CURRENT.try_with(Clone::clone).unwrap_or_else(|_| fresh());
    CURRENT.scope(id, work)
}

/// The outermost middleware: names the request, measures it, and logs and counts how it ended.
pub async fn name_and_trace(request: Request, next: Next) -> Response {
    let id = accepted(request.headers()).unwrap_or_else(fresh);
    let method = request.method().clone();
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let route = matched.as_ref().map(MatchedPath::as_str);
    let span = tracing::info_span!(
        "http_request",
        otel.name = %format_args!("{method} {}", route.unwrap_or_default()),
        otel.kind = "server",
        request_id = id.to_str().unwrap_or_default(),
        %method,
        route,
    );
    let started = Instant::now();
    let mut response = CURRENT.scope(id.clone(), next.run(request).instrument(span.clone())).await;
    response.headers_mut().insert(X_REQUEST_ID, id);
    let (status, took) = (response.status(), started.elapsed());
    HttpMetrics::global().answered(&method, route, status, took);
    let status = status.as_u16();
    let latency_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    span.in_scope(|| tracing::info!(status, latency_us, "request answered with {status}"));
    response
}

/// The id that the client gave, if it is sane: 1 to 128 of `A-Z a-z 0-9 - _ . :`.
fn accepted(headers: &HeaderMap) -> Option<HeaderValue> {
    headers.get(X_REQUEST_ID).filter(|id| id.to_str().is_ok_and(is_sane)).cloned()
}

/// Whether a client may name a request so.
#[must_use]
pub fn is_sane(id: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':');
    (1..=LENGTH_MAX).contains(&id.len()) && id.bytes().all(is_allowed)
}

/// An id for a request that its client did not name.
#[must_use]
pub fn fresh_id() -> String {
    format!("req_{}", Uuid::now_v7().simple())
}

fn fresh() -> HeaderValue {
    HeaderValue::try_from(fresh_id()).unwrap_or_else(|_| HeaderValue::from_static("req_unknown"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::body::Body;
    use axum::routing::get;
    use tower::ServiceExt;

    async fn answered_id(sent: Option<&str>) -> (String, String) {
        let router = Router::new()
            .route("/", get(|| async { current().unwrap_or_default() }))
            .layer(axum::middleware::from_fn(name_and_trace));
        let mut request = Request::builder().uri("/");
        if let Some(sent) = sent {
            request = request.header(X_REQUEST_ID, sent);
        }
        let response = router.oneshot(request.body(Body::empty()).expect("a request")).await.expect("a response");
        let header = response.headers()[X_REQUEST_ID].to_str().expect("text").to_owned();
        let body = axum::body::to_bytes(response.into_body(), 1000).await.expect("a body");
        (header, String::from_utf8(body.to_vec()).expect("text"))
    }

    #[tokio::test]
    async fn a_sane_id_is_kept_and_known_to_the_handler() {
        assert_eq!(answered_id(Some("abc-1.2:3")).await, ("abc-1.2:3".to_owned(), "abc-1.2:3".to_owned()));
    }

    #[tokio::test]
    async fn an_odd_or_long_or_absent_id_is_replaced() {
        for sent in [None, Some("a b"), Some("\"}"), Some(""), Some(&*"a".repeat(129))] {
            let (id, _) = answered_id(sent).await;
            assert!(id.starts_with("req_") && id.len() == 36, "{id}");
        }
    }
}
