//! `Idempotency-Key` on POST and PATCH: the same request under the same key is done once.
//!
//! Invariants: a key is claimed before the handler runs, and the claim ends in
//! a response kept or a claim given up, also when the client disconnects half-way:
//! everything from the claim on happens in a task of its own. What the handler
//! wrote becomes true together with the kept response, so that a process that is
//! killed has either done nothing or can say what it did. Keys belong to a
//! credential.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::FutureExt;
use http::header::{CONTENT_TYPE, ETAG, LOCATION, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use sha2::{Digest, Sha256};
use tokio::sync::oneshot;
use tracing::Instrument;

use super::credential::Credential;
use super::extract::read_body;
use super::problem::{Problem, whole_seconds};
use super::{middleware, request_id};
use crate::domain::error::{Error, ErrorKind, Result};
use crate::runtime::origin;
use crate::runtime::tasks::Tasks;

/// The header that names a request.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Set to `true` on a response that was given before.
pub const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// How long a response is kept.
pub const KEPT_FOR: Duration = Duration::from_secs(24 * 60 * 60);
/// After how long a claim without a response may be taken over: its process has died, or is slower than it should be. In that
/// case too the work is done once, because only one of the two can keep its response.
pub const CLAIM_HELD_FOR: Duration = Duration::from_secs(60);
/// The longest key, in characters.
const KEY_LENGTH_MAX: usize = 255;
/// The longest answer kept, in bytes.
const RESPONSE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The headers that belong to a response and are repeated with it. A cookie may be a secret, as the body may.
const KEPT_HEADERS: [HeaderName; 4] = [CONTENT_TYPE, ETAG, LOCATION, SET_COOKIE];

/// One key of one credential.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyClaim {
    /// The id of the credential that the key belongs to.
    pub credential: Box<str>,
    /// The key: 1 to 255 visible ASCII characters.
    pub key: Box<str>,
    /// SHA-256 of the method, the path with its query, and the body; over gRPC of the name of the method, in the place of the path, and the message.
    pub fingerprint: [u8; 32],
}

impl IdempotencyClaim {
    /// A claim of this key for a request: its method, its path and its body.
    ///
    /// # Errors
    /// `Invalid` if the key is none.
    pub fn new(credential: Credential, key: &HeaderValue, request: [&[u8]; 3]) -> Result<Self> {
        Ok(Self { credential: credential.0, key: valid_key(key)?, fingerprint: fingerprint(request) })
    }
}

/// A response as it is kept and repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredResponse {
    /// The status.
    pub status: u16,
    /// The headers that belong to it: names in lower case, and values.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Bytes,
}

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyState {
    /// Nothing until now: it is claimed for this request.
    Claimed,
    /// Another request is still at it.
    InFlight {
        /// How long its claim still holds, if it does not end before.
        held_for: Duration,
    },
    /// It was used for a request with another fingerprint.
    UsedOtherwise,
    /// Its request was answered.
    Answered(StoredResponse),
}

/// The work of a claimed request: the response to keep, if it is one to keep.
pub type Work<'a> = Pin<Box<dyn Future<Output = Option<StoredResponse>> + Send + 'a>>;

/// Where answers are kept, for all replicas of a service.
#[async_trait]
pub trait IdempotencyStore: Send + Sync {
    /// Claims a key, or says what became of it; at once for all that ask. Answers older than [`KEPT_FOR`] and claims
    /// without a response that are older than [`CLAIM_HELD_FOR`] are as if they had never been.
    async fn begin(&self, claim: &IdempotencyClaim) -> Result<KeyState>;
    /// Does the work of a claim. What it writes becomes true together with the response that it gives; if it gives none, nothing
    /// becomes true and the claim is given up, so that the same key can be tried again.
    ///
    /// # Errors
    /// The response was not kept, and must not be given.
    async fn settle(&self, claim: &IdempotencyClaim, work: Work<'_>) -> Result<()>;
}

/// What the middleware needs. Clones share it.
#[derive(Clone)]
pub struct Idempotency {
    store: Arc<dyn IdempotencyStore>,
    tasks: Tasks,
}

impl Idempotency {
    /// Keeps answers in `store`; the work of claimed requests belongs to `tasks`.
    #[must_use]
    pub fn new(store: Arc<dyn IdempotencyStore>, tasks: Tasks) -> Self {
        Self { store, tasks }
    }

    /// Does the work of a request under a key once, in a task of its own, so that a client that disconnects cannot stop it between claim,
    /// effect and the keeping of the response. The work gives its answer, and the response to keep, if it is one to keep.
    ///
    /// # Errors
    /// `Conflict` while an earlier request under the key is under way, `Unprocessable` if the key was used for another request, and what the
    /// store fails with.
    pub async fn once<T, F>(&self, claim: IdempotencyClaim, work: F) -> Result<Once<T>>
    where
        T: Send + 'static,
        F: Future<Output = (T, Option<StoredResponse>)> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let claimed = request_id::continued(origin::continued(self.clone().claimed(claim, work)));
        self.tasks.spawn_finite(
            "idempotent request",
            async move {
                // An error means that nobody waits any longer; the response is kept for whoever asks again.
                drop(answer.send(claimed.await));
            }
            .instrument(tracing::Span::current()),
        );
        let ended = |_| Error::internal("the task of an idempotent request ended without a response");
        answered.await.map_err(ended)?
    }

    /// Claims the key, then does the work or says what became of it before.
    async fn claimed<T: Send>(
        self,
        claim: IdempotencyClaim,
        work: impl Future<Output = (T, Option<StoredResponse>)> + Send,
    ) -> Result<Once<T>> {
        match self.store.begin(&claim).await? {
            KeyState::Claimed => self.settle(claim, work).await.map(Once::Done),
            KeyState::Answered(answer) => Ok(Once::Repeated(answer)),
            KeyState::InFlight { held_for } => Err(in_flight(held_for)),
            KeyState::UsedOtherwise => Err(used_otherwise()),
        }
    }

    /// Does the work of a claimed request to its end, whether or not somebody waits for the response.
    async fn settle<T: Send>(
        self,
        claim: IdempotencyClaim,
        work: impl Future<Output = (T, Option<StoredResponse>)> + Send,
    ) -> Result<T> {
        let mut answer = None;
        let work = async {
            let (response, kept) = work.await;
            answer = Some(response);
            kept
        };
        self.store.settle(&claim, Box::pin(work)).await?;
        answer.ok_or_else(|| Error::internal("claimed work was not done"))
    }
}

/// What came of a request under a key.
#[derive(Debug)]
pub enum Once<T> {
    /// The work was done now.
    Done(T),
    /// It had been done before, and this was the response.
    Repeated(StoredResponse),
}

/// Runs the handler, and says what of its response is to be kept.
async fn handled(request: Request, next: Next) -> (Response, Option<StoredResponse>) {
    let response = match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(panic) => middleware::panicked(panic),
    };
    to_keep(response).await
}

/// The same response, and what to keep of it, if anything.
async fn to_keep(response: Response) -> (Response, Option<StoredResponse>) {
    if !is_kept(response.status()) {
        return (response, None);
    }
    let (parts, body) = response.into_parts();
    let body = match axum::body::to_bytes(body, RESPONSE_BYTES_MAX).await {
        Ok(body) => body,
        Err(error) => return (Problem::from(Error::internal(error)).into_response(), None),
    };
    let kept =
        StoredResponse { status: parts.status.as_u16(), headers: kept_headers(&parts.headers), body: body.clone() };
    (Response::from_parts(parts, Body::from(body)), Some(kept))
}

/// Failures on our side, and refusals that say nothing of the request itself, may go otherwise the next time.
fn is_kept(status: StatusCode) -> bool {
    let is_passing = matches!(
        status,
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS
    );
    !status.is_server_error() && !is_passing
}

fn kept_headers(headers: &HeaderMap) -> Vec<(String, Vec<u8>)> {
    let kept = KEPT_HEADERS.iter().flat_map(|name| headers.get_all(name).into_iter().map(move |value| (name, value)));
    kept.map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec())).collect()
}

/// The middleware. It belongs behind the service's authentication; requests without a credential pass as they are.
pub async fn repeat_responses(State(idempotency): State<Idempotency>, request: Request, next: Next) -> Response {
    let credential = request.extensions().get::<Credential>().cloned();
    let (Some(credential), Some(key), true) =
        (credential, request.headers().get(IDEMPOTENCY_KEY).cloned(), takes_keys(request.method()))
    else {
        return next.run(request).await;
    };
    let (claim, request) = match claim(credential, &key, request).await {
        Ok(claimed) => claimed,
        Err(problem) => return problem.into_response(),
    };
    match idempotency.once(claim, handled(request, next)).await {
        Ok(Once::Done(response)) => response,
        Ok(Once::Repeated(answer)) => repeated(answer),
        Err(error) => Problem::from(error).into_response(),
    }
}

fn takes_keys(method: &Method) -> bool {
    matches!(*method, Method::POST | Method::PATCH)
}

/// What is to be claimed for a request, whose body has to be read for that.
async fn claim(
    credential: Credential,
    key: &HeaderValue,
    request: Request,
) -> std::result::Result<(IdempotencyClaim, Request), Problem> {
    let (parts, body) = request.into_parts();
    let body = read_body(Request::from_parts(parts.clone(), body), &()).await?;
    let path = parts.uri.path_and_query().map_or("", |path| path.as_str());
    let claim = IdempotencyClaim::new(credential, key, [parts.method.as_str().as_bytes(), path.as_bytes(), &body])?;
    Ok((claim, Request::from_parts(parts, Body::from(body))))
}

fn valid_key(key: &HeaderValue) -> Result<Box<str>> {
    let is_visible = key.as_bytes().iter().all(u8::is_ascii_graphic);
    match key.to_str() {
        Ok(text) if is_visible && (1..=KEY_LENGTH_MAX).contains(&text.len()) => Ok(text.into()),
        _ => Err(Error::invalid_field(
            IDEMPOTENCY_KEY.as_str(),
            "invalid_value",
            format!("a key is 1 to {KEY_LENGTH_MAX} visible ASCII characters"),
        )),
    }
}

fn fingerprint(parts: [&[u8]; 3]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// It may end any moment, but nobody knows when, except that its claim ends.
fn in_flight(held_for: Duration) -> Error {
    let message = format!(
        "The first request under this Idempotency-Key is not answered yet. If it was broken off, the key is free again in \
         {} seconds.",
        whole_seconds(held_for)
    );
    let error = Error::new(ErrorKind::Conflict, "idempotency_key_in_flight", message);
    Error { retry_after: Some(held_for), ..error }
}

fn used_otherwise() -> Error {
    Error::new(
        ErrorKind::Unprocessable,
        "idempotency_key_reused",
        "This Idempotency-Key was used for another request. Use a new key for a new request.",
    )
}

fn repeated(answer: StoredResponse) -> Response {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    for (name, value) in answer.headers {
        if let (Ok(name), Ok(mut value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            value.set_sensitive(name == SET_COOKIE);
            response.headers_mut().append(name, value);
        }
    }
    response.headers_mut().insert(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
    response
}

#[cfg(test)]
mod tests;
