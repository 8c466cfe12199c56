//! Events as programs follow them from outside, and consumers inside.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use elido::domain::error::{Error, ErrorKind, Result};
use elido::domain::event::Event;
use elido::domain::id::UserId;
use elido::domain::time::Timestamp;
use elido::infra::events::{Consumer, run};
use elido::infra::grpc::v1::FollowEventsRequest;
use elido::infra::grpc::v1::events_client::EventsClient;
use elido::infra::store::{Store, Transaction, event_consumers, events, users};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::support::platform::{Account, PASSWORD, PATIENCE, Platform, body, eventually};
use crate::support::statements::execute;

async fn tag(platform: &Platform, account: &Account, name: &str) {
    body(platform.of(account, Method::POST, "/tags").json(&json!({ "name": name })), StatusCode::CREATED).await;
}

fn types(page: &Value) -> Vec<&str> {
    page["data"].as_array().expect("events").iter().map(|event| event["type"].as_str().expect("a type")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_read_in_pages_by_type_and_by_their_schemas() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    for name in ["a", "b", "c"] {
        tag(&platform, &account, name).await;
    }
    platform.create_link(&account, &json!({ "destination_url": "https://example.com/" })).await;
    let page = platform.read(&account, "/events").await;
    assert_eq!(types(&page), ["workspace.created", "tag.created", "tag.created", "tag.created", "link.created"]);
    let some = platform.read(&account, "/events?types=tag.*&types=workspace.created&limit=2").await;
    assert_eq!(types(&some), ["workspace.created", "tag.created"]);
    let rest = platform.read(&account, &format!("/events?types=tag.*&after={}", some["next_after"])).await;
    assert_eq!(types(&rest), ["tag.created", "tag.created"]);
    assert_eq!(rest["next_after"], page["next_after"], "the link was looked at too");
    let end = platform.read(&account, &format!("/events?after={}", rest["next_after"])).await;
    assert_eq!((types(&end).len(), &end["next_after"]), (0, &rest["next_after"]));
    for wrong in ["types=link", "types=link.%25", "after=-1", "limit=0"] {
        body(platform.of(&account, Method::GET, &format!("/events?{wrong}")), StatusCode::BAD_REQUEST).await;
    }

    let read =
        |path: String| body(platform.client.get(platform.api(&path)).bearer_auth(&account.token), StatusCode::OK);
    let catalogue = read("/v1/event-types".to_owned()).await;
    assert!(catalogue["data"].as_array().expect("types").len() > 10);
    for event in page["data"].as_array().expect("events") {
        let schema = read(format!("/v1/event-types/{}/schema", event["type"].as_str().expect("a type"))).await;
        let validator = jsonschema::validator_for(&schema).expect("a schema");
        let errors: Vec<String> = validator.iter_errors(&event["data"]).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{event:#}\n{errors:?}");
        assert!(!validator.is_valid(&json!({ "object": 1 })), "the schema refuses something");
    }
    let unknown = platform.client.get(platform.api("/v1/event-types/link.eaten/schema")).bearer_auth(&account.token);
    body(unknown, StatusCode::NOT_FOUND).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_too_late_is_told_where_to_go_on() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    for name in ["a", "b"] {
        tag(&platform, &account, name).await;
    }
    let last = platform.read(&account, "/events").await["next_after"].as_i64().expect("a number");
    let store = Store::connect(&platform.config.database, &platform.config.data_folder).await.expect("a store");
    let transaction = store.write().await.expect("a transaction");
    let all = Timestamp::from_micros(i64::MAX);
    assert_eq!(events::delete_before(&transaction, all, i64::MAX, 2).await.expect("deleted"), 2);
    transaction.commit().await.expect("a commit");
    let gone = body(platform.of(&account, Method::GET, "/events?after=1"), StatusCode::GONE).await;
    assert_eq!((&gone["code"], &gone["errors"][0]["pointer"]), (&json!("events_gone"), &json!("after")));
    assert!(gone["detail"].as_str().expect("a text").contains("after=2"), "{gone}");
    assert_eq!(types(&platform.read(&account, "/events?after=2").await).len(), 3);
    let stream = platform.of(&account, Method::GET, "/events").header("accept", "text/event-stream");
    body(stream.header("last-event-id", "1"), StatusCode::GONE).await;

    let transaction = store.write().await.expect("a transaction");
    events::delete_before(&transaction, all, i64::MAX, 100).await.expect("deleted");
    transaction.commit().await.expect("a commit");
    let end = platform.read(&account, "/events").await;
    assert_eq!((types(&end).len(), end["next_after"].as_i64()), (0, Some(last)));
    let beyond = platform.of(&account, Method::GET, &format!("/events?after={}", last + 1));
    assert_eq!(body(beyond, StatusCode::GONE).await["code"], "events_rewound");
    tag(&platform, &account, "c").await;
    let next = platform.read(&account, &format!("/events?after={last}")).await;
    assert_eq!(next["data"][0]["sequence"].as_i64(), Some(last + 1), "numbers go on");
}

/// Longer than any stream of these tests: the time of the client counts until the end of the body.
const FOLLOWED_FOR: std::time::Duration = std::time::Duration::from_secs(600);

/// A stream of server-sent events.
struct Stream {
    response: Response,
    text: String,
}

impl Stream {
    async fn open(platform: &Platform, account: &Account, path: &str, last: Option<i64>) -> Self {
        let request =
            platform.of(account, Method::GET, path).header("accept", "text/event-stream").timeout(FOLLOWED_FOR);
        let request = last.into_iter().fold(request, |request, last| request.header("last-event-id", last));
        let response = request.send().await.expect("a response");
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, text: String::new() }
    }

    /// The number and the type of the next event.
    async fn next(&mut self) -> (i64, String) {
        loop {
            if let Some((message, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    let line = message.lines().find_map(|line| line.strip_prefix(name).map(str::trim));
                    line.map(str::to_owned)
                };
                let found = (field("id:"), field("event:"), field("data:"));
                self.text = rest.to_owned();
                if let (Some(id), Some(event), Some(data)) = found {
                    let data: Value = serde_json::from_str(&data).expect("JSON");
                    let id = id.parse().expect("a number");
                    assert_eq!((data["sequence"].as_i64(), data["type"].as_str()), (Some(id), Some(event.as_str())));
                    return (id, event);
                }
                continue;
            }
            let piece = tokio::time::timeout(PATIENCE, self.response.chunk()).await.expect("in time").expect("a piece");
            self.text.push_str(std::str::from_utf8(&piece.expect("the stream goes on")).expect("text"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_bring_events_as_they_are_committed_and_go_on_where_they_were() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    tag(&platform, &account, "before").await;
    let mut stream = Stream::open(&platform, &account, "/events?types=tag.*", None).await;
    tag(&platform, &account, "a").await;
    platform.create_link(&account, &json!({ "destination_url": "https://example.com/" })).await;
    tag(&platform, &account, "b").await;
    let first = stream.next().await;
    let second = stream.next().await;
    assert_eq!((first.1.as_str(), second.1.as_str(), second.0), ("tag.created", "tag.created", first.0 + 2));
    drop(stream);
    tag(&platform, &account, "c").await;
    let mut again = Stream::open(&platform, &account, "/events?types=tag.*", Some(first.0)).await;
    assert_eq!(again.next().await.0, second.0);
    assert_eq!(again.next().await.0, second.0 + 1);

    let request = FollowEventsRequest {
        workspace_id: account.workspace.clone(),
        after: Some(first.0),
        types: vec!["tag.created".to_owned()],
    };
    let mut request = tonic::Request::new(request);
    request.metadata_mut().insert("authorization", format!("Bearer {}", account.token).parse().expect("a header"));
    let mut client = EventsClient::connect(platform.grpc()).await.expect("a connection");
    let mut messages = client.follow(request).await.expect("a stream").into_inner();
    let message = messages.message().await.expect("a message").expect("the stream goes on");
    let sequences: Vec<i64> = message.events.iter().map(|event| event.sequence).collect();
    assert_eq!(sequences, [second.0, second.0 + 1]);
    assert_eq!(message.position, second.0 + 1);
    assert!(message.events[0].data_json.contains("\"b\""));
    let unknown =
        client.follow(FollowEventsRequest { workspace_id: account.workspace.clone(), ..Default::default() }).await;
    assert_eq!(unknown.expect_err("a refusal").code(), tonic::Code::Unauthenticated);
}

/// A link of nearly a megabyte.
fn long_link() -> Value {
    let address = format!("https://example.com/{}", "a".repeat(1_900));
    let variant = |number: usize| json!({ "name": format!("v{number}"), "weight": 1, "destination_url": address });
    let variants: Vec<Value> = (0..20).map(variant).collect();
    let rule =
        |number: usize| json!({ "name": format!("r{number}"), "outcome": { "type": "split", "variants": variants } });
    json!({ "destination_url": "https://example.com/", "rules": (0..24).map(rule).collect::<Vec<_>>() })
}

#[tokio::test(flavor = "multi_thread")]
async fn events_and_rows_of_the_trail_that_are_very_long_come_a_few_at_a_time() {
    const LINKS: usize = 20;
    let platform = Platform::start().await;
    let account = platform.account().await;
    for _ in 0..LINKS {
        platform.create_link(&account, &long_link()).await;
    }
    let mut after = 0;
    let mut pages = Vec::new();
    loop {
        let page = platform.read(&account, &format!("/events?types=link.created&after={after}")).await;
        let Some(length) = page["data"].as_array().map(Vec::len).filter(|length| *length > 0) else { break };
        pages.push(length);
        after = page["next_after"].as_i64().expect("a number");
    }
    assert_eq!((pages.iter().sum::<usize>(), pages.iter().max()), (LINKS, Some(&1)));

    let mut path = "/audit-events?action=link.created".to_owned();
    let mut rows = 0;
    loop {
        let page = platform.read(&account, &path).await;
        let length = page["data"].as_array().expect("rows").len();
        assert!(length <= 1, "{length} rows");
        rows += length;
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/audit-events?action=link.created&cursor={cursor}");
    }
    assert_eq!(rows, LINKS);

    let request = FollowEventsRequest {
        workspace_id: account.workspace.clone(),
        after: Some(0),
        types: vec!["link.created".to_owned()],
    };
    let mut request = tonic::Request::new(request);
    request.metadata_mut().insert("authorization", format!("Bearer {}", account.token).parse().expect("a header"));
    let mut client = EventsClient::connect(platform.grpc()).await.expect("a connection");
    let mut messages = client.follow(request).await.expect("a stream").into_inner();
    let mut received = 0;
    while received < LINKS {
        let message = tokio::time::timeout(PATIENCE, messages.message()).await.expect("in time");
        received += message.expect("a message").expect("the stream goes on").events.len();
    }
    assert_eq!(received, LINKS);
}

/// Longer than rights are looked at again.
const RIGHT_IS_OVER_AFTER: std::time::Duration = std::time::Duration::from_secs(120);

/// Reads until the stream ends.
async fn ended(mut stream: Stream) {
    let read = async { while let Ok(Some(_)) = stream.response.chunk().await {} };
    assert!(tokio::time::timeout(RIGHT_IS_OVER_AFTER, read).await.is_ok(), "the stream goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_with_the_secret_that_opened_it() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let of = |account: &Account, issued: &Value| Account {
        token: issued["token"].as_str().expect("a token").to_owned(),
        workspace: account.workspace.clone(),
    };
    let draft = json!({ "name": "Test", "scopes": ["events:read"] });
    let key = body(platform.of(&account, Method::POST, "/api-keys").json(&draft), StatusCode::CREATED).await;
    let by_key = of(&account, &key);
    let session = Stream::open(&platform, &account, "/events", None).await;
    let old_secret = Stream::open(&platform, &by_key, "/events", None).await;
    let rotate = format!("/api-keys/{}/rotate", key["id"].as_str().expect("an id"));
    let rotate = platform.of(&account, Method::POST, &rotate).json(&json!({ "overlap_seconds": 0 }));
    let rotated = body(rotate, StatusCode::OK).await;
    let change = json!({ "password": PASSWORD, "new_password": "staple battery horse correct" });
    let change = platform.client.put(platform.api("/v1/me/password")).bearer_auth(&account.token).json(&change);
    let changed = body(change, StatusCode::OK).await;
    let account = of(&account, &changed);
    let by_key = of(&account, &rotated);
    let mut new_session = Stream::open(&platform, &account, "/events", None).await;
    let mut new_secret = Stream::open(&platform, &by_key, "/events", None).await;
    tokio::join!(ended(session), ended(old_secret));
    tag(&platform, &account, "after").await;
    assert_eq!(new_session.next().await.1, "tag.created");
    assert_eq!(new_secret.next().await.1, "tag.created");
}

/// Writes a person for every event, in the transaction, and remembers the order of each subject.
struct Keeper {
    order: Mutex<HashMap<String, Vec<i64>>>,
    /// Fails for tags whose name contains this.
    refuses: Mutex<Option<&'static str>>,
    killed: AtomicBool,
    calls: AtomicUsize,
}

#[async_trait]
impl Consumer for Keeper {
    fn name(&self) -> &'static str {
        "keeper"
    }

    fn wants(&self, event: &Event) -> bool {
        event.r#type.starts_with("tag.")
    }

    async fn take(&self, transaction: &Transaction, event: &Event) -> Result<()> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let email = event.id.to_string();
        let now = event.at;
        let user = users::User {
            id: UserId::new(),
            email_key: email.clone(),
            email,
            name: event.subject.clone(),
            password_hash: String::new(),
            is_admin: false,
            email_verified_at: None,
            disabled_at: None,
            credentials_version: 0,
            created_at: now,
            updated_at: now,
        };
        if !users::insert(transaction, user).await? {
            return Err(Error::internal("the event came twice"));
        }
        if self.killed.load(Ordering::SeqCst) && self.calls.load(Ordering::SeqCst).is_multiple_of(7) {
            // As where the process ends in the middle of a batch: nothing is committed any more.
            std::future::pending::<()>().await;
        }
        let name = event.data["object"]["name"].as_str().unwrap_or_default();
        let refuses = *self.refuses.lock().expect("a lock");
        if refuses.is_some_and(|text| name.contains(text)) {
            return Err(Error::new(ErrorKind::Invalid, "unlucky", "this one is refused"));
        }
        self.order.lock().expect("a lock").entry(event.subject.clone()).or_default().push(event.sequence);
        Ok(())
    }
}

impl Keeper {
    fn new(refuses: Option<&'static str>) -> Arc<Self> {
        Arc::new(Self {
            order: Mutex::default(),
            refuses: Mutex::new(refuses),
            killed: AtomicBool::new(false),
            calls: AtomicUsize::new(0),
        })
    }

    async fn has_taken(store: &Store, event: &Event) -> bool {
        users::find_by_email(store.reader(), &event.id.to_string()).await.expect("a response").is_some()
    }
}

async fn tag_events(store: &Store) -> Vec<Event> {
    let all =
        events::list(store.reader(), &events::EventFilter::default(), 1..=i64::MAX, 10_000).await.expect("events");
    all.events.into_iter().filter(|event| event.r#type.starts_with("tag.")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_that_is_killed_within_a_batch_loses_and_repeats_nothing() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let store = Store::connect(&platform.config.database, &platform.config.data_folder).await.expect("a store");
    for number in 0..30 {
        tag(&platform, &account, &format!("t{number}")).await;
    }
    let events = tag_events(&store).await;
    let (_word, receiver) = watch::channel(());
    for _ in 0..4 {
        let keeper = Keeper::new(None);
        keeper.killed.store(true, Ordering::SeqCst);
        let calls = Arc::clone(&keeper);
        #[allow(clippy::disallowed_methods, reason = "the test kills it")]
        let task = tokio::spawn(run(store.clone(), keeper, receiver.clone(), CancellationToken::new()));
        eventually("it hangs in a batch", || async { calls.calls.load(Ordering::SeqCst) >= 7 }).await;
        task.abort();
        drop(task.await);
        assert_eq!(
            event_consumers::position(store.reader(), "keeper").await.expect("a position"),
            None,
            "nothing is done"
        );
    }
    let keeper = Keeper::new(None);
    let stopping = CancellationToken::new();
    #[allow(clippy::disallowed_methods, reason = "the test stops it")]
    let task = tokio::spawn(run(store.clone(), Arc::clone(&keeper) as Arc<dyn Consumer>, receiver, stopping.clone()));
    let last = events.last().expect("an event").clone();
    eventually("it has taken all", || async { Keeper::has_taken(&store, &last).await }).await;
    stopping.cancel();
    task.await.expect("it ends");
    for event in &events {
        assert!(Keeper::has_taken(&store, event).await, "{event:?}");
    }
    assert_eq!(keeper.calls.load(Ordering::SeqCst), 30, "none twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_event_holds_back_its_own_subject_alone_and_is_set_aside_in_the_end() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let store = Store::connect(&platform.config.database, &platform.config.data_folder).await.expect("a store");
    for name in ["fine", "unlucky", "well"] {
        tag(&platform, &account, name).await;
    }
    let tags = platform.read(&account, "/tags").await;
    let unlucky = tags["data"].as_array().expect("tags").iter().find(|tag| tag["name"] == "unlucky").expect("a tag");
    let path = format!("/tags/{}", unlucky["id"].as_str().expect("an id"));
    body(platform.of(&account, Method::PATCH, &path).json(&json!({ "color": "#000001" })), StatusCode::OK).await;
    let events = tag_events(&store).await;
    let keeper = Keeper::new(Some("unlucky"));
    let (_word, receiver) = watch::channel(());
    let stopping = CancellationToken::new();
    #[allow(clippy::disallowed_methods, reason = "the test stops it")]
    let task = tokio::spawn(run(store.clone(), Arc::clone(&keeper) as Arc<dyn Consumer>, receiver, stopping.clone()));
    eventually("others are taken", || async { Keeper::has_taken(&store, &events[2]).await }).await;
    let waiting = || event_consumers::waiting(store.reader(), "keeper", 10);
    eventually("both of the subject wait", || async { waiting().await.expect("a list").len() == 2 }).await;
    assert!(Keeper::has_taken(&store, &events[0]).await && !Keeper::has_taken(&store, &events[1]).await);

    // As if it had failed often, and its time had come.
    let often = "UPDATE event_failures SET attempts = 9, retry_at = 0 WHERE attempts BETWEEN 1 AND 8";
    eventually("the first is set aside", || async {
        // A try that is under way may write what it knows over it.
        execute(&platform.config, often).await;
        !event_consumers::set_aside(store.reader(), "keeper", 0, 10).await.expect("a list").is_empty()
    })
    .await;
    let dead = event_consumers::set_aside(store.reader(), "keeper", 0, 10).await.expect("a list");
    assert_eq!((dead[0].sequence, dead[0].event.0.id), (events[1].sequence, events[1].id));
    assert!(dead[0].last_error.contains("unlucky"), "{}", dead[0].last_error);

    // An operator has it tried again, in front of what waits behind it, and then it can be taken.
    let transaction = store.write().await.expect("a transaction");
    assert!(
        event_consumers::retry(&transaction, "keeper", dead[0].sequence, Timestamp::from_micros(0))
            .await
            .expect("done")
    );
    transaction.commit().await.expect("a commit");
    *keeper.refuses.lock().expect("a lock") = None;
    execute(&platform.config, "UPDATE event_failures SET retry_at = 0").await;
    eventually("all are taken", || async {
        Keeper::has_taken(&store, &events[1]).await && Keeper::has_taken(&store, &events[3]).await
    })
    .await;
    stopping.cancel();
    task.await.expect("it ends");
    assert!(waiting().await.expect("a list").is_empty());
    let order = keeper.order.lock().expect("a lock").clone();
    assert!(order.values().all(|sequences| sequences.is_sorted()), "{order:?}");
}
