//! The middleware on a service that counts what it does.

use super::*;
use crate::http::problem::ProblemDocument;
use axum::Router;
use axum::response::AppendHeaders;
use axum::routing::post;
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Notify;
use tower::ServiceExt;

type Key = (Box<str>, Box<str>);
type Use = ([u8; 32], Option<StoredResponse>);

/// Keeps answers for as long as a test runs.
#[derive(Default)]
struct InMemory {
    keys: Mutex<HashMap<Key, Use>>,
    /// Holds whoever has just claimed a key, as a slow commit does.
    gate: Option<Gate>,
    /// Whether no response can be kept.
    is_broken: bool,
}

/// Tells that somebody is at it, and lets him through.
#[derive(Clone, Default)]
struct Gate {
    reached: Arc<Notify>,
    open: Arc<Notify>,
}

impl InMemory {
    fn claim(&self, claim: &IdempotencyClaim) -> KeyState {
        let mut keys = self.keys.lock().expect("no panic under the lock");
        match keys.get(&(claim.credential.clone(), claim.key.clone())) {
            None => {
                keys.insert((claim.credential.clone(), claim.key.clone()), (claim.fingerprint, None));
                KeyState::Claimed
            }
            Some((fingerprint, _)) if *fingerprint != claim.fingerprint => KeyState::UsedOtherwise,
            Some((_, None)) => KeyState::InFlight { held_for: Duration::from_millis(41_500) },
            Some((_, Some(answer))) => KeyState::Answered(answer.clone()),
        }
    }
}

#[async_trait]
impl IdempotencyStore for InMemory {
    async fn begin(&self, claim: &IdempotencyClaim) -> Result<KeyState> {
        let state = self.claim(claim);
        if let (Some(gate), KeyState::Claimed) = (&self.gate, &state) {
            gate.reached.notify_one();
            gate.open.notified().await;
        }
        Ok(state)
    }

    async fn settle(&self, claim: &IdempotencyClaim, work: Work<'_>) -> Result<()> {
        let answer = work.await;
        if self.is_broken {
            return Err(Error::unavailable("the store is unavailable"));
        }
        let mut keys = self.keys.lock().expect("no panic under the lock");
        let key = (claim.credential.clone(), claim.key.clone());
        match answer {
            Some(answer) => keys.insert(key, (claim.fingerprint, Some(answer))),
            None => keys.remove(&key),
        };
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
    service_with(InMemory::default())
}

fn service_with(store: InMemory) -> Service {
    let (done, entered, leave) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()), Arc::new(Notify::new()));
    let count = {
        let done = done.clone();
        move || done.fetch_add(1, Ordering::SeqCst) + 1
    };
    let created = {
        let count = count.clone();
        move |body: String| async move {
            let cookies = AppendHeaders([(SET_COOKIE, "a=1"), (SET_COOKIE, "b=2")]);
            (StatusCode::CREATED, [(LOCATION, "/x")], cookies, format!("{} {body}", count()))
        }
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
    let idempotency = Idempotency::new(Arc::new(store), Tasks::new());
    let router = Router::new()
        .route("/create", post(created.clone()).put(created))
        .route("/wait", post(waiting))
        .route("/fail", post(failing))
        .route("/panic", post(panicking))
        .layer(axum::middleware::from_fn_with_state(idempotency, repeat_responses));
    Service { router, done, entered, leave }
}

impl Service {
    async fn send(&self, method: Method, path: &str, credential: &str, key: &str, body: &str) -> Response {
        let request = Request::builder().method(method).uri(path).header(IDEMPOTENCY_KEY, key);
        let mut request = request.body(Body::from(body.to_owned())).expect("a request");
        request.extensions_mut().insert(Credential(credential.into()));
        self.router.clone().oneshot(request).await.expect("a response")
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
    let cookies = |response: &Response| response.headers().get_all(SET_COOKIE).iter().cloned().collect::<Vec<_>>();
    assert_eq!((cookies(&second), cookies(&second).len()), (cookies(&first), 2));
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
        assert_eq!((second.status(), &second.headers()["retry-after"]), (StatusCode::CONFLICT, &"42".parse().unwrap()));
        let problem: ProblemDocument = serde_json::from_str(&text(second).await).expect("a problem");
        assert_eq!(problem.code, "idempotency_key_in_flight");
        assert!(problem.detail.contains("free again in 42 seconds"), "{}", problem.detail);
        // The first client disconnects here.
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
async fn a_client_that_goes_away_while_its_key_is_claimed_leaves_no_claim_behind() {
    let gate = Gate::default();
    let service = service_with(InMemory { gate: Some(gate.clone()), ..InMemory::default() });
    {
        let first = service.post("/create", "k", "");
        tokio::pin!(first);
        tokio::select! {
            _ = &mut first => panic!("the gate holds it"),
            () = gate.reached.notified() => {}
        }
        // The client disconnects here.
    }
    gate.open.notify_one();
    let second = loop {
        let response = service.post("/create", "k", "").await;
        if response.status() != StatusCode::CONFLICT {
            break response;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!((second.status(), service.done()), (StatusCode::CREATED, 1));
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
async fn an_answer_that_is_not_kept_is_not_given() {
    let service = service_with(InMemory { is_broken: true, ..InMemory::default() });
    let answer = service.post("/create", "k", "").await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(code(answer).await, "unavailable");
}

#[tokio::test]
async fn a_key_that_is_none_is_refused() {
    let service = service();
    for key in ["", "a b", "\u{fc}", &"a".repeat(256)] {
        assert_eq!(code(service.post("/create", key, "").await).await, "invalid_request");
    }
    assert_eq!(service.done(), 0);
}
