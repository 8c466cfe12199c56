//! What consumers of events could not take, in the hands of those who run the instance.

use std::process::{Command, Output};
use std::sync::Arc;

use async_trait::async_trait;
use elido::domain::error::Result;
use elido::domain::event::Event;
use elido::infra::events::{Consumer, run};
use elido::infra::store::columns::Json;
use elido::infra::store::event_consumers::{self, EventFailure};
use elido::infra::store::{Store, Transaction, events};
use elido::runtime::clock;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::support::platform::{Account, Platform, body, eventually};

/// Takes everything.
struct Eager;

#[async_trait]
impl Consumer for Eager {
    fn name(&self) -> &'static str {
        "eager"
    }

    fn wants(&self, _event: &Event) -> bool {
        true
    }

    async fn take(&self, _transaction: &Transaction, _event: &Event) -> Result<()> {
        Ok(())
    }
}

pub async fn store_of(platform: &Platform) -> Store {
    Store::connect(&platform.config.database, &platform.config.data_folder).await.expect("a store")
}

/// Has a consumer that is at the end of the stream, and has set aside the first events of it.
pub async fn set_aside(store: &Store, consumer: &str, count: usize) -> Vec<i64> {
    let found =
        events::list(store.reader(), &events::EventFilter::default(), 1..=i64::MAX, 100).await.expect("events").events;
    let last = found.last().expect("an event").sequence;
    let transaction = store.write().await.expect("a transaction");
    event_consumers::lock(&transaction, consumer, last, clock::now()).await.expect("a consumer");
    let sequences = found.iter().take(count).map(|event| event.sequence).collect();
    for event in found.into_iter().take(count) {
        let failure = EventFailure {
            consumer: consumer.to_owned(),
            sequence: event.sequence,
            subject: event.subject.clone(),
            event: Json(event),
            attempts: 10,
            retry_at: None,
            last_error: "the other end said no".to_owned(),
            created_at: clock::now(),
        };
        event_consumers::put_failure(&transaction, failure).await.expect("put");
    }
    transaction.commit().await.expect("a commit");
    sequences
}

fn admin(platform: &Platform, account: &Account, method: Method, path: &str) -> reqwest::RequestBuilder {
    platform
        .client
        .request(method, platform.api(&format!("/v1/admin/event-consumers{path}")))
        .bearer_auth(&account.token)
}

async fn read(platform: &Platform, account: &Account, path: &str) -> Value {
    body(admin(platform, account, Method::GET, path), StatusCode::OK).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_set_aside_is_read_tried_again_and_discarded() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    platform.create_link(&account, &json!({ "destination_url": "https://example.com/" })).await;
    let store = store_of(&platform).await;
    let sequences = set_aside(&store, "eager", 3).await;
    let consumers = read(&platform, &account, "").await;
    let consumer = consumers["data"].as_array().expect("a list").iter().find(|consumer| consumer["name"] == "eager");
    let consumer = consumer.expect("the consumer");
    assert_eq!((&consumer["set_aside"], &consumer["waiting"]), (&json!(3), &json!(0)), "{consumer}");

    let page = read(&platform, &account, "/eager/failures?limit=2&state=set_aside").await;
    assert_eq!(page["data"].as_array().map(Vec::len), Some(2));
    let first = &page["data"][0];
    assert_eq!(
        (&first["sequence"], &first["state"], &first["attempts"]),
        (&json!(sequences[0]), &json!("set_aside"), &json!(10))
    );
    assert_eq!(
        (&first["event"]["sequence"], &first["last_error"]),
        (&json!(sequences[0]), &json!("the other end said no"))
    );
    let cursor = page["next_cursor"].as_str().expect("there is more");
    let rest = read(&platform, &account, &format!("/eager/failures?limit=2&state=set_aside&cursor={cursor}")).await;
    assert_eq!((&rest["data"][0]["sequence"], &rest["next_cursor"]), (&json!(sequences[2]), &Value::Null));
    let stale = admin(&platform, &account, Method::GET, &format!("/eager/failures?cursor={cursor}"));
    assert_eq!(body(stale, StatusCode::BAD_REQUEST).await["errors"][0]["pointer"], "cursor");

    let at = |sequence: i64, what: &str| format!("/eager/failures/{sequence}/{what}");
    let retried = body(admin(&platform, &account, Method::POST, &at(sequences[0], "retry")), StatusCode::OK).await;
    assert_eq!((&retried["state"], &retried["attempts"]), (&json!("waiting"), &json!(0)), "{retried}");
    for what in ["retry", "discard"] {
        let again = admin(&platform, &account, Method::POST, &at(sequences[0], what));
        assert_eq!(body(again, StatusCode::CONFLICT).await["code"], "not_set_aside");
    }
    body(admin(&platform, &account, Method::POST, &at(sequences[1], "discard")), StatusCode::NO_CONTENT).await;
    body(admin(&platform, &account, Method::POST, &at(sequences[1], "discard")), StatusCode::NOT_FOUND).await;
    body(admin(&platform, &account, Method::GET, "/nobody/failures"), StatusCode::NOT_FOUND).await;
    let waiting = read(&platform, &account, "/eager/failures?state=waiting").await;
    assert_eq!(waiting["data"].as_array().map(Vec::len), Some(1));

    // The consumer takes what is tried again, and leaves what is set aside.
    let (_word, receiver) = watch::channel(());
    let stopping = CancellationToken::new();
    #[allow(clippy::disallowed_methods, reason = "the test stops it")]
    let task = tokio::spawn(run(store.clone(), Arc::new(Eager) as Arc<dyn Consumer>, receiver, stopping.clone()));
    eventually("it is taken", || async {
        read(&platform, &account, "/eager/failures?state=waiting").await["data"].as_array().is_some_and(Vec::is_empty)
    })
    .await;
    stopping.cancel();
    task.await.expect("it ends");
    let left = read(&platform, &account, "/eager/failures").await;
    assert_eq!((left["data"].as_array().map(Vec::len), &left["data"][0]["sequence"]), (Some(1), &json!(sequences[2])));
}

async fn elido(platform: &Platform, account: &Account, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_elido"));
    command.args(arguments).env("ELIDO_API_URL", platform.api("")).env("ELIDO_TOKEN", &account.token);
    command.env_remove("ELIDO_WORKSPACE");
    tokio::task::spawn_blocking(move || command.output()).await.expect("a thread").expect("the executable runs")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_does_the_same() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let store = store_of(&platform).await;
    let sequences: Vec<String> = set_aside(&store, "eager", 2).await.iter().map(ToString::to_string).collect();
    let said = |output: &Output| {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let consumers = said(&elido(&platform, &account, &["events", "consumers"]).await);
    assert!(consumers.contains("eager") && consumers.contains("set_aside"), "{consumers}");
    let failures = said(&elido(&platform, &account, &["events", "failures", "eager", "--json"]).await);
    assert_eq!(failures.lines().count(), 2, "{failures}");
    said(&elido(&platform, &account, &["events", "retry", "eager", &sequences[0]]).await);
    said(&elido(&platform, &account, &["events", "discard", "eager", &sequences[1]]).await);
    let failures = said(&elido(&platform, &account, &["events", "failures", "eager", "--state", "set_aside"]).await);
    assert!(!failures.contains("the other end said no"), "{failures}");
    let unknown = elido(&platform, &account, &["events", "failures", "nobody"]).await;
    assert!(!unknown.status.success());
}
