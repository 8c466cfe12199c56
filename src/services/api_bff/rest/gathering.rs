//! Asks several things of `/v1` side by side, with the credential of whoever asks for the whole.
//!
//! Invariants: one part that fails costs no other; at most twelve parts, each with its own time and size.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use futures_util::future::join_all;
use http::header::{ACCEPT_LANGUAGE, AUTHORIZATION, CONTENT_TYPE, COOKIE, ETAG, ORIGIN, USER_AGENT};
use http::{HeaderMap, HeaderName, Method, Response, StatusCode, Uri};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::domain::error::Error;
use crate::http::client_address::{ClientAddress, PeerAddress};
use crate::http::problem::Problem;
use crate::http::session_cookie::CSRF_TOKEN;

/// The most parts of one answer.
pub(super) const PARTS_MAX: usize = 12;
/// How long a part may take.
const PART_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest part, in bytes.
const PART_BYTES_MAX: usize = 4 * 1024 * 1024;
/// What tells who asks, and from where.
const PASSED_ON: [HeaderName; 8] = [
    AUTHORIZATION,
    COOKIE,
    USER_AGENT,
    ACCEPT_LANGUAGE,
    ORIGIN,
    CSRF_TOKEN,
    HeaderName::from_static("x-session-token"),
    HeaderName::from_static("sec-fetch-site"),
];

/// Who asks: what of a request goes on to `/v1`.
#[derive(Debug, Clone)]
pub(super) struct Asker {
    headers: HeaderMap,
    client: Option<ClientAddress>,
    peer: Option<PeerAddress>,
}

/// One thing to ask, under the name that it has in the answer.
pub(super) struct Part {
    /// Its name.
    pub(super) name: &'static str,
    /// Path and query.
    pub(super) path: String,
}

impl Part {
    pub(super) fn new(name: &'static str, path: impl Into<String>) -> Self {
        Self { name, path: path.into() }
    }
}

impl Asker {
    /// Whoever sent this request.
    pub(super) fn of(parts: &http::request::Parts) -> Self {
        let mut headers = HeaderMap::new();
        for name in PASSED_ON {
            for value in parts.headers.get_all(&name) {
                headers.append(&name, value.clone());
            }
        }
        Self {
            headers,
            client: parts.extensions.get::<ClientAddress>().copied(),
            peer: parts.extensions.get::<PeerAddress>().copied(),
        }
    }

    /// The same client, whom nobody knows yet.
    pub(super) fn into_stranger(mut self) -> Self {
        self.headers.remove(AUTHORIZATION);
        self.headers.remove(COOKIE);
        self
    }

    /// What `/v1` answers to this.
    pub(super) async fn ask(
        &self,
        api: &Router,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Response<Body>, Error> {
        let uri: Uri = path.parse().map_err(Error::internal)?;
        let bytes = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let mut request = Request::new(bytes);
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        request.headers_mut().clone_from(&self.headers);
        if body.is_some() {
            request.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
        }
        if let Some(client) = self.client {
            request.extensions_mut().insert(client);
        }
        if let Some(peer) = self.peer {
            request.extensions_mut().insert(peer);
        }
        api.clone().oneshot(request).await.map_err(|never| match never {})
    }

    /// All of these, under their names.
    pub(super) async fn gather(&self, api: &Router, parts: Vec<Part>) -> Value {
        self.gather_within(PART_TIMEOUT, api, parts).await
    }

    async fn gather_within(&self, timeout: Duration, api: &Router, parts: Vec<Part>) -> Value {
        let asked = parts.into_iter().take(PARTS_MAX).map(|part| async move {
            let answer = tokio::time::timeout(timeout, self.part(api, &part.path)).await;
            (part.name.to_owned(), answer.unwrap_or_else(|_| too_late()))
        });
        json!({ "parts": serde_json::Map::from_iter(join_all(asked).await) })
    }

    async fn part(&self, api: &Router, path: &str) -> Value {
        match self.ask(api, Method::GET, path, None).await {
            Ok(response) => described(response).await,
            Err(error) => described(axum::response::IntoResponse::into_response(Problem::from(error))).await,
        }
    }
}

/// A response as a part of the whole.
async fn described(response: Response<Body>) -> Value {
    let status = response.status();
    let tag = response.headers().get(ETAG).and_then(|tag| tag.to_str().ok()).map(str::to_owned);
    let read = to_bytes(response.into_body(), PART_BYTES_MAX).await.ok();
    let body = read.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    let key = if status.is_success() { "body" } else { "problem" };
    let mut part = json!({ "status": status.as_u16(), key: body });
    if let (Some(tag), Some(part)) = (tag, part.as_object_mut()) {
        part.insert("etag".to_owned(), tag.into());
    }
    part
}

fn too_late() -> Value {
    let problem = json!({
        "type": "urn:elido:problem:timeout", "title": "Gateway Timeout", "status": 504, "code": "timeout",
        "detail": "This part took longer than ten seconds. The others are there.",
    });
    json!({ "status": StatusCode::GATEWAY_TIMEOUT.as_u16(), "problem": problem })
}

/// The body of what `/v1` answered, as JSON; `null` where there is none.
pub(super) async fn json_of(response: Response<Body>) -> Value {
    let read = to_bytes(response.into_body(), PART_BYTES_MAX).await.ok();
    read.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or(Value::Null)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;

    fn asker() -> Asker {
        let (parts, ()) = Request::builder().header(COOKIE, "a=b").body(()).expect("a request").into_parts();
        Asker::of(&parts)
    }

    #[tokio::test]
    async fn a_part_that_fails_or_hangs_costs_no_other() {
        let api = Router::new()
            .route(
                "/good",
                get(|headers: HeaderMap| async move { axum::Json(headers[COOKIE].to_str().ok().map(str::to_owned)) }),
            )
            .route("/bad", get(|| async { Problem::from(Error::not_found("link")) }))
            .route("/hangs", get(std::future::pending::<()>));
        let parts = vec![Part::new("good", "/good"), Part::new("bad", "/bad"), Part::new("hangs", "/hangs")];
        let whole = asker().gather_within(Duration::from_millis(50), &api, parts).await;
        assert_eq!(whole["parts"]["good"], json!({ "status": 200, "body": "a=b" }));
        assert_eq!(whole["parts"]["bad"]["status"], 404);
        assert_eq!(whole["parts"]["bad"]["problem"]["code"], "not_found");
        assert_eq!(whole["parts"]["hangs"]["problem"]["code"], "timeout");
    }
}
