//! Requests that are repeated do their work once.

use std::future::pending;
use std::time::Duration;

use bytes::Bytes;
use elido::config::sections::DatabaseConfig;
use elido::config::{Config, Loaded};
use elido::domain::id::SessionId;
use elido::domain::permission::{CreateLink, Operation};
use elido::http::idempotency::{CLAIM_HELD_FOR, IdempotencyClaim, IdempotencyStore, KeyState, StoredResponse};
use elido::infra::cache::invalidation::Invalidations;
use elido::infra::geo::GeoDatabase;
use elido::infra::passwords::Passwords;
use elido::infra::store::{self, Store};
use elido::infra::user_agent::UserAgents;
use elido::roles::{Roles, Running, start};
use elido::runtime::tasks::Tasks;
use elido::services::api_core::rest::IdempotencyRecords;
use elido::services::api_core::{
    Access, ApiCore, BootstrapDraft, DomainSettings, LinkQuery, LinkSort, Page, Principal, Settings, WorkspaceDraft,
};
use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio::sync::Notify;

use crate::support::database;
use crate::support::platform::{Account, Platform, body};
use crate::support::statements::execute;

fn create(platform: &Platform, account: &Account, key: &str, destination: &str) -> reqwest::RequestBuilder {
    let request = platform.of(account, Method::POST, "/links").header("idempotency-key", key);
    request.json(&json!({ "destination_url": destination }))
}

async fn count_links(platform: &Platform, account: &Account) -> usize {
    platform.read(account, "/links?limit=100").await["data"].as_array().expect("links").len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_request_gets_the_first_answer_byte_for_byte() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let first = create(&platform, &account, "a", "https://example.com/").send().await.expect("a response");
    let (status, etag) = (first.status(), first.headers()["etag"].clone());
    let first = first.bytes().await.expect("a body");
    let second = create(&platform, &account, "a", "https://example.com/").send().await.expect("a response");
    assert_eq!((second.status(), &second.headers()["etag"]), (status, &etag));
    assert_eq!(second.headers()["idempotency-replayed"], "true");
    assert_eq!(second.bytes().await.expect("a body"), first);
    assert_eq!(count_links(&platform, &account).await, 1);

    let other = create(&platform, &account, "a", "https://example.com/other");
    assert_eq!(body(other, StatusCode::UNPROCESSABLE_ENTITY).await["code"], "idempotency_key_reused");
    let other = platform.sign_in().await;
    assert_eq!(
        create(&platform, &other, "a", "https://example.com/").send().await.expect("a response").status(),
        StatusCode::CREATED
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_duplicates_create_one_thing() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let answers = join_all((0..16).map(|_| create(&platform, &account, "a", "https://example.com/").send())).await;
    for answer in answers {
        let answer = answer.expect("a response");
        if answer.status() == StatusCode::CREATED {
            continue;
        }
        assert_eq!(answer.status(), StatusCode::CONFLICT);
        // A claim that was made within this test holds for most of its time.
        let wait: u64 = answer.headers()["retry-after"].to_str().expect("text").parse().expect("seconds");
        assert!((30..=CLAIM_HELD_FOR.as_secs()).contains(&wait), "{wait}");
    }
    assert_eq!(count_links(&platform, &account).await, 1);
    body(create(&platform, &account, "a", "https://example.com/"), StatusCode::CREATED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_shown_once_is_repeated_to_its_owner() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let make = || {
        let request = platform.of(&account, Method::POST, "/api-keys").header("idempotency-key", "k");
        body(request.json(&json!({ "name": "CI", "scopes": ["links:read"] })), StatusCode::CREATED)
    };
    let first = make().await;
    assert_eq!(make().await, first);
    assert_eq!(platform.read(&account, "/api-keys").await["data"].as_array().map(Vec::len), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_repeated_too_and_a_fresh_key_tries_again() {
    let platform = Platform::start().await;
    let account = platform.account().await;
    let first = body(create(&platform, &account, "a", "nowhere"), StatusCode::BAD_REQUEST).await;
    let again = body(create(&platform, &account, "a", "nowhere"), StatusCode::BAD_REQUEST).await;
    assert_eq!(first, again);
    body(create(&platform, &account, "b", "https://example.com/"), StatusCode::CREATED).await;
}

/// As many processes of the api role on one source of truth as it allows: PostgreSQL three, an SQLite file one.
async fn replicas(platform: &Platform) -> Vec<(Running, tempfile::TempDir)> {
    let mut replicas = Vec::new();
    for _ in 0..if database::is_embedded() { 0 } else { 2 } {
        let folder = tempfile::tempdir().expect("a folder");
        let config = Config { data_folder: folder.path().to_path_buf(), ..platform.config.clone() };
        let roles: Roles = "api".parse().expect("a role");
        let replica = start(&Loaded { config, entries: Vec::new() }, roles).await.expect("the api starts");
        replicas.push((replica, folder));
    }
    replicas
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_identical_requests_over_several_processes_create_one_link() {
    let platform = Platform::start_with(|config| config.database.connect_timeout_ms = 30_000).await;
    let account = platform.account().await;
    let replicas = replicas(&platform).await;
    let path = format!("/v1/workspaces/{}/links", account.workspace);
    let mut urls = vec![platform.api(&path)];
    urls.extend(
        replicas.iter().map(|(replica, _)| format!("http://{}{path}", replica.addresses().api.expect("the api"))),
    );
    let ask = async |url: &str| loop {
        let request = platform.client.post(url).bearer_auth(&account.token).header("idempotency-key", "one");
        let request = request.json(&json!({ "destination_url": "https://example.com/" }));
        let response = request.send().await.expect("a response");
        match response.status() {
            StatusCode::CREATED => return response.text().await.expect("a body"),
            StatusCode::CONFLICT => tokio::time::sleep(Duration::from_millis(20)).await,
            status => panic!("{status}"),
        }
    };
    let answers = join_all((0..100).map(|number| ask(&urls[number % urls.len()]))).await;
    assert!(answers.iter().all(|answer| *answer == answers[0]), "all got the same link");
    assert_eq!(count_links(&platform, &account).await, 1);
    for (replica, _folder) in &replicas {
        assert!(replica.stop().await, "everything ended in time");
    }
}

/// Use cases, and where their responses are kept.
struct Cases {
    core: ApiCore,
    access: Access,
    records: IdempotencyRecords,
    config: Config,
    _folder: tempfile::TempDir,
}

impl Cases {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let url = database::of_its_own().await;
        let mut config = elido::config::defaults().expect("the defaults are valid");
        config.data_folder = folder.path().to_path_buf();
        config.database = DatabaseConfig { url, connections_max: 4, connect_timeout_ms: 10_000 };
        store::migrate(&config.database, folder.path()).await.expect("migrations");
        let store = Store::connect(&config.database, folder.path()).await.expect("a store");
        let settings = Settings {
            events_kept_for: std::time::Duration::from_secs(24 * 60 * 60),
            events_archived_for: None,
            default_domain_url: "http://go.example.com".parse().expect("a URL"),
            public_url: "http://api.example.com".parse().expect("a URL"),
            default_domain_workspace: None,
            deletion_grace: std::time::Duration::from_secs(60),
            domains: DomainSettings::new(&elido::config::defaults().expect("the defaults are valid")),
            destinations: elido::domain::destination_policy::DestinationPolicy::default(),
            slug_words: elido::domain::slug_words::SlugWords::default().into(),
            link_history: elido::config::defaults().expect("the defaults are valid").links.history(),
            lifetimes: elido::config::defaults().expect("the defaults are valid").edge.cache.lifetimes(),
            geo: GeoDatabase::unknown(),
            user_agents: UserAgents::new(),
        };
        let core = ApiCore::new(store, Invalidations::in_process(), Passwords::new(), Tasks::new(), settings);
        core.ensure_default_domain().await.expect("a default domain");
        let account = BootstrapDraft { email: "ada@example.com".to_owned(), password: "correct horse battery".into() };
        let user_id = core.bootstrap(account).await.expect("an account").id;
        let workspace = WorkspaceDraft { name: "Test".to_owned(), slug: "test".to_owned() };
        let workspace = core.create_workspace(user_id, workspace).await.expect("a workspace").id;
        let person =
            Principal::Person { user_id, session_id: SessionId::new(), is_admin: true, token_hash: Vec::new() };
        let access = core.authorize(&person, workspace, &CreateLink::PERMISSION).await.expect("access");
        Self { records: IdempotencyRecords::new(core.clone()), core, access, config, _folder: folder }
    }

    async fn create_link(&self) {
        let draft = serde_json::from_value(json!({ "destination_url": "https://example.com/" })).expect("a draft");
        self.core.create_link(&self.access, draft).await.expect("a link");
    }

    async fn count(&self) -> usize {
        let sort = LinkSort { by_update: false, ascending: true };
        let page = Page { after: None, limit: 100 };
        self.core.list_links(&self.access, LinkQuery::default(), sort, page).await.expect("links").len()
    }
}

fn claim() -> IdempotencyClaim {
    IdempotencyClaim { credential: "key_1".into(), key: "a".into(), fingerprint: [7; 32] }
}

fn created() -> StoredResponse {
    StoredResponse { status: 201, headers: Vec::new(), body: Bytes::from_static(b"made") }
}

#[tokio::test]
async fn a_process_that_ends_between_effect_and_answer_leaves_neither() {
    let cases = Box::pin(Cases::new()).await;
    assert_eq!(cases.records.begin(&claim()).await.expect("a state"), KeyState::Claimed);
    let made = Notify::new();
    let work = async {
        cases.create_link().await;
        made.notify_one();
        pending().await
    };
    let claimed = claim();
    tokio::select! {
        _ = cases.records.settle(&claimed, Box::pin(work)) => panic!("there is no response"),
        () = made.notified() => {}
    }
    assert_eq!(cases.count().await, 0);
    let KeyState::InFlight { held_for } = cases.records.begin(&claim()).await.expect("a state") else {
        panic!("its claim holds for now")
    };
    assert!(held_for > Duration::from_secs(20) && held_for <= CLAIM_HELD_FOR, "{held_for:?}");
}

#[tokio::test]
async fn a_key_whose_process_was_killed_is_free_when_its_lease_ends_and_not_before() {
    let cases = Box::pin(Cases::new()).await;
    assert_eq!(cases.records.begin(&claim()).await.expect("a state"), KeyState::Claimed);
    assert!(matches!(cases.records.begin(&claim()).await.expect("a state"), KeyState::InFlight { .. }));
    let lease = CLAIM_HELD_FOR.as_micros();
    execute(&cases.config, &format!("UPDATE idempotency_keys SET expires_at = expires_at - {lease}")).await;
    assert_eq!(cases.records.begin(&claim()).await.expect("a state"), KeyState::Claimed, "another process may try");
}

#[tokio::test]
async fn what_has_no_answer_to_keep_did_not_happen() {
    let cases = Box::pin(Cases::new()).await;
    cases.records.begin(&claim()).await.expect("a state");
    let work = async {
        cases.create_link().await;
        None
    };
    cases.records.settle(&claim(), Box::pin(work)).await.expect("it ends");
    assert_eq!(cases.count().await, 0);
    assert_eq!(cases.records.begin(&claim()).await.expect("a state"), KeyState::Claimed, "the key is free");
}

#[tokio::test]
async fn a_claim_that_two_believe_theirs_is_answered_once() {
    let cases = Box::pin(Cases::new()).await;
    cases.records.begin(&claim()).await.expect("a state");
    let work = || async {
        cases.create_link().await;
        Some(created())
    };
    let claim = claim();
    let (one, other) =
        tokio::join!(cases.records.settle(&claim, Box::pin(work())), cases.records.settle(&claim, Box::pin(work())));
    assert_eq!([one.is_ok(), other.is_ok()].iter().filter(|settled| **settled).count(), 1);
    assert_eq!(cases.count().await, 1);
    assert_eq!(cases.records.begin(&claim).await.expect("a state"), KeyState::Answered(created()));
}
