//! `Idempotency-Key` on POST and PATCH: the same request under the same key is done once.
//!
//! Invariants: a key is claimed before the handler runs, and the claim ends in
//! an answer kept or a claim given up, also when the client goes away half-way:
//! the work then goes on in a task of its own. Keys belong to a credential.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::FutureExt;
use http::header::{CONTENT_TYPE, ETAG, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use sha2::{Digest, Sha256};
use tokio::sync::oneshot;
use tracing::Instrument;

use super::credential::Credential;
use super::extract::read_body;
use super::problem::Problem;
use super::{request_id, standard};
use crate::domain::error::{Error, ErrorKind, Result};
use crate::runtime::tasks::Tasks;

/// The header that names a request.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Set to `true` on an answer that was given before.
pub const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// How long an answer is kept.
pub const KEPT_FOR: Duration = Duration::from_secs(24 * 60 * 60);
/// After how long a claim without an answer may be taken over: its process must have died. Longer than any request may take.
pub const CLAIM_HELD_FOR: Duration = Duration::from_secs(5 * 60);
/// The longest key, in characters.
const KEY_LENGTH_MAX: usize = 255;
/// The longest answer kept, in bytes.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The headers that belong to an answer and are repeated with it.
const KEPT_HEADERS: [HeaderName; 3] = [CONTENT_TYPE, ETAG, LOCATION];

/// One key of one credential.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyClaim {
    /// The id of the credential that the key belongs to.
    pub credential: Box<str>,
    /// The key: 1 to 255 visible ASCII characters.
    pub key: Box<str>,
    /// SHA-256 of the method, the path with its query, and the body.
    pub fingerprint: [u8; 32],
}

/// An answer as it is kept and repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAnswer {
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
    InFlight,
    /// It was used for a request with another fingerprint.
    UsedOtherwise,
    /// Its request was answered.
    Answered(KeptAnswer),
}

/// Where answers are kept, for all replicas of a service.
#[async_trait]
pub trait IdempotencyStore: Send + Sync {
    /// Claims a key, or says what became of it; at once for all that ask. Answers older than [`KEPT_FOR`] and claims
    /// without an answer that are older than [`CLAIM_HELD_FOR`] are as if they had never been.
    async fn begin(&self, claim: &IdempotencyClaim) -> Result<KeyState>;
    /// Keeps the answer of a claim.
    async fn finish(&self, claim: &IdempotencyClaim, answer: &KeptAnswer) -> Result<()>;
    /// Gives a claim up, so that the same key can be tried again.
    async fn abandon(&self, claim: &IdempotencyClaim) -> Result<()>;
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

    /// Does the work of a claimed request to its end, whether or not somebody waits for the answer.
    async fn work(self, claim: IdempotencyClaim, request: Request, next: Next) -> Response {
        let response = match AssertUnwindSafe(next.run(request)).catch_unwind().await {
            Ok(response) => response,
            Err(panic) => standard::panicked(panic),
        };
        let kept = if is_kept(response.status()) { self.keep(&claim, response).await } else { Err(response) };
        match kept {
            Ok(response) => response,
            Err(response) => {
                if let Err(error) = self.store.abandon(&claim).await {
                    tracing::warn!(error = ?error, "an idempotency key stays claimed until it expires: {error}");
                }
                response
            }
        }
    }

    /// Keeps the answer. The work is done by now, so that a store that fails costs only the repetition.
    async fn keep(&self, claim: &IdempotencyClaim, response: Response) -> std::result::Result<Response, Response> {
        let (parts, body) = response.into_parts();
        let body = match axum::body::to_bytes(body, ANSWER_BYTES_MAX).await {
            Ok(body) => body,
            Err(error) => return Err(Problem::from(Error::internal(error)).into_response()),
        };
        let answer =
            KeptAnswer { status: parts.status.as_u16(), headers: kept_headers(&parts.headers), body: body.clone() };
        if let Err(error) = self.store.finish(claim, &answer).await {
            tracing::error!(error = ?error, "an answer could not be kept for repetition: {error}");
        }
        Ok(Response::from_parts(parts, Body::from(body)))
    }
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
    let kept = KEPT_HEADERS.iter().filter_map(|name| headers.get(name).map(|value| (name, value)));
    kept.map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec())).collect()
}

/// The middleware. It belongs behind the service's authentication; requests without a credential pass as they are.
pub async fn repeat_answers(State(idempotency): State<Idempotency>, request: Request, next: Next) -> Response {
    let credential = request.extensions().get::<Credential>().cloned();
    let (Some(credential), Some(key), true) =
        (credential, request.headers().get(IDEMPOTENCY_KEY).cloned(), takes_keys(request.method()))
    else {
        return next.run(request).await;
    };
    match begin(&idempotency, credential, &key, request).await {
        Ok(Begun::Claimed(claim, request)) => in_a_task(idempotency, claim, *request, next).await,
        Ok(Begun::Answered(answer)) => repeated(answer),
        Err(problem) => problem.into_response(),
    }
}

fn takes_keys(method: &Method) -> bool {
    matches!(*method, Method::POST | Method::PATCH)
}

/// How a request with a key goes on.
enum Begun {
    Claimed(IdempotencyClaim, Box<Request>),
    Answered(KeptAnswer),
}

async fn begin(
    idempotency: &Idempotency,
    credential: Credential,
    key: &HeaderValue,
    request: Request,
) -> std::result::Result<Begun, Problem> {
    let key = valid_key(key)?;
    let (parts, body) = request.into_parts();
    let body = read_body(Request::from_parts(parts.clone(), body), &()).await?;
    let fingerprint = fingerprint(&parts, &body);
    let claim = IdempotencyClaim { credential: credential.0, key, fingerprint };
    match idempotency.store.begin(&claim).await? {
        KeyState::Claimed => Ok(Begun::Claimed(claim, Box::new(Request::from_parts(parts, Body::from(body))))),
        KeyState::Answered(answer) => Ok(Begun::Answered(answer)),
        KeyState::InFlight => Err(in_flight()),
        KeyState::UsedOtherwise => Err(used_otherwise()),
    }
}

fn valid_key(key: &HeaderValue) -> std::result::Result<Box<str>, Problem> {
    let is_visible = key.as_bytes().iter().all(u8::is_ascii_graphic);
    match key.to_str() {
        Ok(text) if is_visible && (1..=KEY_LENGTH_MAX).contains(&text.len()) => Ok(text.into()),
        _ => Err(Error::invalid_field(
            IDEMPOTENCY_KEY.as_str(),
            "invalid_value",
            format!("a key is 1 to {KEY_LENGTH_MAX} visible ASCII characters"),
        )
        .into()),
    }
}

fn fingerprint(parts: &http::request::Parts, body: &[u8]) -> [u8; 32] {
    let path = parts.uri.path_and_query().map_or("", |path| path.as_str());
    let mut hash = Sha256::new();
    for part in [parts.method.as_str().as_bytes(), path.as_bytes(), body] {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

fn in_flight() -> Problem {
    let error = Error::new(
        ErrorKind::Conflict,
        "idempotency_key_in_flight",
        "The first request under this Idempotency-Key is not answered yet.",
    );
    Error { retry_after: Some(Duration::from_secs(1)), ..error }.into()
}

fn used_otherwise() -> Problem {
    Error::new(
        ErrorKind::Unprocessable,
        "idempotency_key_reused",
        "This Idempotency-Key was used for another request. Use a new key for a new request.",
    )
    .into()
}

/// Runs the work where a client that goes away cannot stop it between its effect and the keeping of its answer.
async fn in_a_task(idempotency: Idempotency, claim: IdempotencyClaim, request: Request, next: Next) -> Response {
    let (answer, answered) = oneshot::channel();
    let tasks = idempotency.tasks.clone();
    let work = request_id::continued(idempotency.work(claim, request, next));
    tasks.spawn_finite(
        "idempotent request",
        async move {
            // An error means that nobody waits any longer; the answer is kept for whoever asks again.
            drop(answer.send(work.await));
        }
        .instrument(tracing::Span::current()),
    );
    match answered.await {
        Ok(response) => response,
        Err(_) => {
            Problem::from(Error::internal("the task of an idempotent request ended without an answer")).into_response()
        }
    }
}

fn repeated(answer: KeptAnswer) -> Response {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    for (name, value) in answer.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response.headers_mut().insert(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::problem::ProblemDocument;
    use axum::Router;
    use axum::routing::post;
    use std::collections::HashMap;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::sync::Notify;
    use tower::ServiceExt;

    type Key = (Box<str>, Box<str>);
    type Use = ([u8; 32], Option<KeptAnswer>);

    /// Keeps answers for as long as a test runs.
    #[derive(Default)]
    struct InMemory(Mutex<HashMap<Key, Use>>);

    #[async_trait]
    impl IdempotencyStore for InMemory {
        async fn begin(&self, claim: &IdempotencyClaim) -> Result<KeyState> {
            let mut keys = self.0.lock().expect("no panic under the lock");
            match keys.get(&(claim.credential.clone(), claim.key.clone())) {
                None => {
                    keys.insert((claim.credential.clone(), claim.key.clone()), (claim.fingerprint, None));
                    Ok(KeyState::Claimed)
                }
                Some((fingerprint, _)) if *fingerprint != claim.fingerprint => Ok(KeyState::UsedOtherwise),
                Some((_, None)) => Ok(KeyState::InFlight),
                Some((_, Some(answer))) => Ok(KeyState::Answered(answer.clone())),
            }
        }

        async fn finish(&self, claim: &IdempotencyClaim, answer: &KeptAnswer) -> Result<()> {
            let entry = (claim.fingerprint, Some(answer.clone()));
            self.0
                .lock()
                .expect("no panic under the lock")
                .insert((claim.credential.clone(), claim.key.clone()), entry);
            Ok(())
        }

        async fn abandon(&self, claim: &IdempotencyClaim) -> Result<()> {
            self.0.lock().expect("no panic under the lock").remove(&(claim.credential.clone(), claim.key.clone()));
            Ok(())
        }
    }

    /// A service that counts how often it did its work.
    struct Service {
        router: Router,
        done: Arc<AtomicUsize>,
        entered: Arc<Notify>,
        leave: Arc<Notify>,
    }

    fn service() -> Service {
        let (done, entered, leave) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()), Arc::new(Notify::new()));
        let count = {
            let done = done.clone();
            move || done.fetch_add(1, Ordering::SeqCst) + 1
        };
        let created = {
            let count = count.clone();
            move |body: String| async move { (StatusCode::CREATED, [(LOCATION, "/x")], format!("{} {body}", count())) }
        };
        let waiting = {
            let (count, entered, leave) = (count.clone(), entered.clone(), leave.clone());
            move || async move {
                entered.notify_one();
                leave.notified().await;
                count().to_string()
            }
        };
        let failing = {
            let count = count.clone();
            move || async move { (StatusCode::SERVICE_UNAVAILABLE, count().to_string()) }
        };
        let panicking = move || async move {
            assert_eq!(count(), 0, "on purpose");
        };
        let idempotency = Idempotency::new(Arc::new(InMemory::default()), Tasks::new());
        let router = Router::new()
            .route("/create", post(created.clone()).put(created))
            .route("/wait", post(waiting))
            .route("/fail", post(failing))
            .route("/panic", post(panicking))
            .layer(axum::middleware::from_fn_with_state(idempotency, repeat_answers));
        Service { router, done, entered, leave }
    }

    impl Service {
        async fn send(&self, method: Method, path: &str, credential: &str, key: &str, body: &str) -> Response {
            let request = Request::builder().method(method).uri(path).header(IDEMPOTENCY_KEY, key);
            let mut request = request.body(Body::from(body.to_owned())).expect("a request");
            request.extensions_mut().insert(Credential(credential.into()));
            self.router.clone().oneshot(request).await.expect("an answer")
        }

        async fn post(&self, path: &str, key: &str, body: &str) -> Response {
            self.send(Method::POST, path, "key_1", key, body).await
        }

        fn done(&self) -> usize {
            self.done.load(Ordering::SeqCst)
        }
    }

    async fn text(response: Response) -> String {
        let body = axum::body::to_bytes(response.into_body(), 10_000).await.expect("a body");
        String::from_utf8(body.to_vec()).expect("text")
    }

    async fn code(response: Response) -> String {
        serde_json::from_str::<ProblemDocument>(&text(response).await).expect("a problem").code
    }

    #[tokio::test]
    async fn the_same_request_is_done_once_and_answered_alike() {
        let service = service();
        let first = service.post("/create", "k", "body").await;
        assert_eq!(first.headers().get(IDEMPOTENCY_REPLAYED), None);
        let second = service.post("/create", "k", "body").await;
        assert_eq!(second.headers()[IDEMPOTENCY_REPLAYED], "true");
        assert_eq!((second.status(), &second.headers()[LOCATION]), (StatusCode::CREATED, &first.headers()[LOCATION]));
        assert_eq!(second.headers()[CONTENT_TYPE], first.headers()[CONTENT_TYPE]);
        assert_eq!((text(second).await, service.done()), (text(first).await, 1));
    }

    #[tokio::test]
    async fn another_request_under_the_same_key_is_refused() {
        let service = service();
        service.post("/create", "k", "body").await;
        for (path, body) in [("/create", "other"), ("/create?x=1", "body"), ("/fail", "body")] {
            let refused = service.post(path, "k", body).await;
            assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
            assert_eq!(code(refused).await, "idempotency_key_reused");
        }
        assert_eq!(service.done(), 1);
    }

    #[tokio::test]
    async fn keys_belong_to_a_credential_and_to_methods_that_are_not_idempotent_by_themselves() {
        let service = service();
        service.post("/create", "k", "").await;
        service.send(Method::POST, "/create", "key_2", "k", "").await;
        assert_eq!(service.done(), 2);
        service.send(Method::PUT, "/create", "key_1", "k", "").await;
        assert_eq!(service.done(), 3);
    }

    #[tokio::test]
    async fn a_key_in_flight_is_refused_and_the_work_survives_its_client() {
        let service = service();
        {
            let first = service.post("/wait", "k", "");
            tokio::pin!(first);
            tokio::select! {
                _ = &mut first => panic!("nothing lets it go yet"),
                () = service.entered.notified() => {}
            }
            let second = service.post("/wait", "k", "").await;
            assert_eq!(
                (second.status(), &second.headers()["retry-after"]),
                (StatusCode::CONFLICT, &"1".parse().unwrap())
            );
            assert_eq!(code(second).await, "idempotency_key_in_flight");
            // The first client goes away here.
        }
        service.leave.notify_one();
        let third = loop {
            let response = service.post("/wait", "k", "").await;
            if response.status() != StatusCode::CONFLICT {
                break response;
            }
            tokio::task::yield_now().await;
        };
        assert_eq!((text(third).await.as_str(), service.done()), ("1", 1));
    }

    #[tokio::test]
    async fn failures_on_our_side_are_not_kept() {
        let service = service();
        for path in ["/fail", "/panic"] {
            assert!(service.post(path, path, "").await.status().is_server_error());
            assert!(service.post(path, path, "").await.status().is_server_error());
        }
        assert_eq!(service.done(), 4);
    }

    #[tokio::test]
    async fn a_key_that_is_none_is_refused() {
        let service = service();
        for key in ["", "a b", "\u{fc}", &"a".repeat(256)] {
            assert_eq!(code(service.post("/create", key, "").await).await, "invalid_request");
        }
        assert_eq!(service.done(), 0);
    }
}
