//! What stands in the audit trail and in the stream of events: exactly what was committed.

use elido::domain::audit::{ChainHead, Verifier};
use elido::domain::event::Event;
use elido::domain::recorded::Chain;
use elido::infra::store::events::EventFilter;
use elido::infra::store::{Store, audit, events};
use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::platform::{Account, Platform, body};

async fn store(platform: &Platform) -> Store {
    Store::connect(&platform.config.database, &platform.config.data_folder).await.expect("a store")
}

/// Every event, in order.
async fn all_events(store: &Store) -> Vec<Event> {
    events::list(store.reader(), &EventFilter::default(), 1..=i64::MAX, 100_000).await.expect("events").events
}

/// Fails unless the chain is whole; its actions in order.
async fn whole_chain(store: &Store, chain: Chain) -> Vec<String> {
    let head = audit::head(store.reader(), chain).await.expect("a head");
    let rows = audit::range(store.reader(), chain, 0, head.sequence, 100_000).await.expect("rows");
    let mut verifier = Verifier::new(chain, ChainHead::default());
    for row in &rows {
        verifier.read(row).expect("a whole chain");
    }
    verifier.finish(head).expect("the head of the chain");
    rows.into_iter().map(|row| row.action).collect()
}

fn chain_of(account: &Account) -> Chain {
    account.workspace.parse().expect("a workspace")
}

fn types(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.r#type.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_committed_is_recorded_and_nothing_else() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let store = store(&platform).await;
    let link = json!({ "destination_url": "https://example.com/", "slug": "once", "tags": ["new"] });
    let created = platform.create_link(&account, &link).await;
    // Refused, under a key and without one.
    for key in [None, Some("k1")] {
        let again = platform.of(&account, Method::POST, "/links").json(&link);
        let again = key.into_iter().fold(again, |request, key| request.header("idempotency-key", key));
        body(again, StatusCode::CONFLICT).await;
    }
    // Done once, whatever is repeated.
    for _ in 0..2 {
        let path = format!("/links/{}", created["id"].as_str().expect("an id"));
        let edit = platform.of(&account, Method::PATCH, &path).json(&json!({ "title": "A", "tags": [] }));
        body(edit.header("idempotency-key", "k2").header("x-request-id", "the-edit"), StatusCode::OK).await;
    }
    let actions = whole_chain(&store, chain_of(&account)).await;
    assert_eq!(actions, ["workspace.created", "tag.created", "link.created", "link.updated"]);

    let edit = &audit::range(store.reader(), chain_of(&account), 3, 4, 1).await.expect("a row")[0];
    assert_eq!(
        edit.before,
        Some(json!({ "title": null, "tags": ["new"], "version": 1, "updated_at": created["updated_at"] }))
    );
    assert_eq!(edit.after.as_ref().map(|after| (&after["title"], &after["tags"])), Some((&json!("A"), &json!([]))));
    assert_eq!((edit.address.as_deref(), edit.request_id.as_deref()), (Some("127.0.0.1"), Some("the-edit")));
    assert!(edit.actor.to_string().starts_with("usr_") && edit.target == created["id"]);

    let events = all_events(&store).await;
    assert_eq!(
        types(&events),
        [
            "domain.created",
            "instance.bootstrapped",
            "session.started",
            "workspace.created",
            "tag.created",
            "link.created",
            "link.updated"
        ]
    );
    assert!(events.iter().zip(1..).all(|(event, number)| event.sequence == number));
    assert_eq!(events[6].data["changed"], json!(["tags", "title"]));
    assert_eq!(events[6].data["object"]["slug"], "once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_links_are_recorded_each_by_itself() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let store = store(&platform).await;
    let before = all_events(&store).await.len();
    let links: Vec<Value> = (0..1_000)
        .map(|number| json!({ "destination_url": format!("https://example.com/{number}"), "slug": format!("s{}", number % 999) }))
        .collect();
    let bulk = platform.of(&account, Method::POST, "/links/bulk").json(&json!({ "links": links }));
    body(bulk.header("idempotency-key", "bulk"), StatusCode::OK).await;
    assert_eq!(all_events(&store).await.len(), before + 999, "one slug was taken");
    assert_eq!(whole_chain(&store, chain_of(&account)).await.len(), 1_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_have_no_gaps_and_follow_the_commits_whoever_writes_at_once() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let other = platform.sign_in().await;
    let store = store(&platform).await;
    let write = |account: &Account, number: usize| {
        let tag = json!({ "name": format!("tag {}", number % 40) });
        let request = match number % 3 {
            0 => platform.of(account, Method::POST, "/tags").json(&tag),
            1 => {
                let link = json!({ "destination_url": "https://example.com/", "slug": format!("s{}", number % 30) });
                platform.of(account, Method::POST, "/links").json(&link)
            }
            _ => platform.of(account, Method::PATCH, "").json(&json!({ "name": format!("name {number}") })),
        };
        async move { request.send().await.expect("a response").status() }
    };
    // A follower that reads meanwhile sees every event once and none behind what it has read.
    let following = async {
        let mut seen: Vec<i64> = Vec::new();
        while seen.len() < 40 {
            let after = seen.last().copied().unwrap_or(0) + 1;
            let new = events::list(store.reader(), &EventFilter::default(), after..=i64::MAX, 7).await.expect("events");
            seen.extend(new.events.iter().map(|event| event.sequence));
        }
        seen
    };
    let writing = join_all((0..120).map(|number| write(if number % 2 == 0 { &account } else { &other }, number)));
    let (statuses, seen) = tokio::join!(writing, following);
    let made = statuses.iter().filter(|status| status.is_success()).count();
    assert!(made > 40 && statuses.iter().any(|status| !status.is_success()), "some are refused: {made}");
    assert!(seen.iter().zip(1..).all(|(sequence, number)| *sequence == number), "{seen:?}");

    let events = all_events(&store).await;
    let recorded = events.iter().filter(|event| event.workspace_id.is_some()).count();
    assert_eq!(recorded, made + 2, "and the two workspaces");
    assert!(events.iter().zip(1..).all(|(event, number)| event.sequence == number));
    let chains = [chain_of(&account), chain_of(&other)];
    let rows = join_all(chains.map(|chain| whole_chain(&store, chain))).await.concat();
    assert_eq!(rows.len(), recorded);
}
