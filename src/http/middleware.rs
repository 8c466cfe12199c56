//! The layers that every HTTP service wears, from the outermost in.

use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS};
use http::{HeaderValue, Method, StatusCode};
use tower_http::catch_panic::CatchPanicLayer;

use super::body_budget::{self, BodyBudget};
use super::problem::Problem;
use super::{client_address, request_id};
use crate::domain::client_address::TrustedProxies;
use crate::domain::error::{Error, ErrorKind};

/// How many of the largest bodies are in memory at once. Of others there are as many as take no more.
const BODIES_AT_ONCE: usize = 8;

/// The limits of one service.
#[derive(Debug, Clone, Copy)]
pub struct ServiceLimits {
    /// The largest request body, in bytes.
    pub body_bytes_max: usize,
    /// The longest a request may take.
    pub request_timeout: Duration,
    /// Which proxies in front of the service are believed about the client's address.
    pub trusted_proxies: TrustedProxies,
}

/// Completes a service: failures of routing, panics and timeouts answer problems, and every response carries the same
/// headers. The service's own layers (authentication, then rate limit, then idempotency) are on `router` already.
pub fn complete(router: Router, limits: ServiceLimits) -> Router {
    let timeout = limits.request_timeout;
    let budget = BodyBudget::new(limits.body_bytes_max.saturating_mul(BODIES_AT_ONCE));
    router
        .fallback(no_such_path)
        .method_not_allowed_fallback(no_such_method)
        // Read by the extractors, which answer 413.
        .layer(DefaultBodyLimit::max(limits.body_bytes_max))
        .layer(from_fn_with_state(budget, body_budget::count))
        // A handler that hangs gives its place back.
        .layer(from_fn(move |request, next| with_timeout(timeout, request, next)))
        // A handler that panics costs one response and not the process.
        .layer(CatchPanicLayer::custom(panicked))
        // What limits and logs go by.
        .layer(from_fn_with_state(limits.trusted_proxies, client_address::find))
        .layer(from_fn(without_what_is_known))
        .layer(from_fn(with_security_headers))
        // Outermost, so that every response and every log line of it has the id.
        .layer(from_fn(request_id::name_and_trace))
}

async fn no_such_path() -> Problem {
    Error::new(ErrorKind::NotFound, "not_found", "There is nothing at this path.").into()
}

async fn no_such_method() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "This path does not take this method. The Allow header lists those that it takes.",
    )
}

async fn with_timeout(timeout: Duration, request: Request, next: Next) -> Response {
    match tokio::time::timeout(timeout, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::new(StatusCode::GATEWAY_TIMEOUT, "timeout", "This took longer than a request may take.")
            .into_response(),
    }
}

/// Answers 304 where the client has the very version that there is (RFC 9110, section 13.1.2).
async fn without_what_is_known(request: Request, next: Next) -> Response {
    let known = match *request.method() {
        Method::GET | Method::HEAD => request.headers().get(IF_NONE_MATCH).cloned(),
        _ => None,
    };
    let response = next.run(request).await;
    let Some(known) = known.filter(|_| response.status() == StatusCode::OK) else { return response };
    let Some(tag) = response.headers().get(ETAG).filter(|tag| lists(&known, tag)).cloned() else { return response };
    (StatusCode::NOT_MODIFIED, [(ETAG, tag)]).into_response()
}

/// Whether a list of entity tags has this one, strong or weak.
fn lists(known: &HeaderValue, tag: &HeaderValue) -> bool {
    let bare = |tag: &[u8]| tag.trim_ascii().strip_prefix(b"W/").unwrap_or(tag.trim_ascii()).to_vec();
    let tag = bare(tag.as_bytes());
    known.as_bytes().split(|byte| *byte == b',').map(bare).any(|listed| listed == tag || listed == b"*")
}

/// What a panic answers. The panic hook has logged where it happened.
pub(super) fn panicked(panic: Box<dyn std::any::Any + Send>) -> Response {
    let said = panic.downcast_ref::<&str>().copied().map(str::to_owned);
    let said = said.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    Problem::from(Error::internal(format!("a handler panicked: {said}"))).into_response()
}

async fn with_security_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    // A handler may say otherwise: answers belong to one caller and change, and pages name nothing that others should learn.
    headers.entry(REFERRER_POLICY).or_insert(HeaderValue::from_static("no-referrer"));
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::extract::Json;
    use crate::http::problem::{PROBLEM_JSON, ProblemDocument};
    use axum::body::{Body, Bytes};
    use axum::routing::{get, post};
    use futures_util::StreamExt;
    use http::Method;
    use http::header::{ALLOW, CONTENT_TYPE};
    use tower::ServiceExt;

    fn service() -> Router {
        let router = Router::new()
            .route("/panic", get(|| async { panic!("on purpose") as () }))
            .route("/hang", get(std::future::pending::<()>))
            .nest("/v1", Router::new().route("/things", post(|| async {}).get(|| async {})));
        let request_timeout = Duration::from_millis(20);
        complete(
            router,
            ServiceLimits { body_bytes_max: 100, request_timeout, trusted_proxies: TrustedProxies::default() },
        )
    }

    async fn ask(method: Method, path: &str) -> (Response<()>, ProblemDocument) {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).expect("a request");
        let (parts, body) = service().oneshot(request).await.expect("a response").into_parts();
        let body = axum::body::to_bytes(body, 10_000).await.expect("a body");
        let document: ProblemDocument = serde_json::from_slice(&body).expect("a problem");
        assert_eq!(parts.headers[CONTENT_TYPE], PROBLEM_JSON);
        assert_eq!(parts.headers[X_CONTENT_TYPE_OPTIONS], "nosniff");
        let request_id = parts.headers[request_id::X_REQUEST_ID].to_str().expect("text");
        assert_eq!(document.request_id.as_deref(), Some(request_id));
        assert_eq!(document.status, parts.status.as_u16());
        (Response::from_parts(parts, ()), document)
    }

    #[tokio::test]
    async fn unknown_paths_and_methods_are_problems() {
        assert_eq!(ask(Method::GET, "/nowhere").await.1.code, "not_found");
        assert_eq!(ask(Method::GET, "/v1/nowhere").await.1.status, 404);
        let (response, document) = ask(Method::DELETE, "/v1/things").await;
        assert_eq!(document.status, 405);
        let allowed = response.headers()[ALLOW].to_str().expect("text");
        assert!(allowed.contains("POST") && allowed.contains("GET"), "{allowed}");
    }

    const BODY_BYTES_MAX: usize = 1024 * 1024;

    fn reading_service() -> Router {
        let limits = ServiceLimits {
            body_bytes_max: BODY_BYTES_MAX,
            request_timeout: Duration::from_secs(60),
            trusted_proxies: TrustedProxies::default(),
        };
        complete(Router::new().route("/", post(|_: Json<String>| async {})), limits)
    }

    /// A body of text, so long, that stays open while nobody lets it end.
    fn body_of(bytes: usize, end: tokio::sync::oneshot::Receiver<()>) -> Request<Body> {
        let pieces = futures_util::stream::once(async move { format!("\"{}", "x".repeat(bytes)) }).chain(
            futures_util::stream::once(async move { end.await.map_or_else(|_| String::new(), |()| "\"".to_owned()) }),
        );
        let body = Body::from_stream(pieces.map(|piece| Ok::<_, std::io::Error>(Bytes::from(piece))));
        let request = Request::post("/").header(CONTENT_TYPE, "application/json");
        request.body(body).expect("a request")
    }

    #[tokio::test]
    async fn long_bodies_that_have_no_room_together_are_refused_and_short_ones_never() {
        let service = reading_service();
        let (mut ends, mut held) = (Vec::new(), Vec::new());
        for _ in 0..BODIES_AT_ONCE {
            let (end, ended) = tokio::sync::oneshot::channel();
            ends.push(end);
            let mut request = Box::pin(service.clone().oneshot(body_of(BODY_BYTES_MAX - 100, ended)));
            assert!(futures_util::poll!(&mut request).is_pending());
            held.push(request);
        }
        let ask = async |bytes| {
            let (end, ended) = tokio::sync::oneshot::channel();
            end.send(()).expect("somebody listens");
            service.clone().oneshot(body_of(bytes, ended)).await.expect("a response").status()
        };
        assert_eq!(ask(BODY_BYTES_MAX - 100).await, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(ask(10_000).await, StatusCode::OK);
        for (end, request) in ends.into_iter().zip(held) {
            end.send(()).expect("it is still read");
            assert_eq!(request.await.expect("a response").status(), StatusCode::OK);
        }
        assert_eq!(ask(BODY_BYTES_MAX - 100).await, StatusCode::OK);
    }

    #[tokio::test]
    async fn a_panic_and_a_timeout_are_problems() {
        let (_, document) = ask(Method::GET, "/panic").await;
        assert_eq!((document.status, document.detail.contains("purpose")), (500, false));
        assert_eq!(ask(Method::GET, "/hang").await.1.code, "timeout");
    }
}
