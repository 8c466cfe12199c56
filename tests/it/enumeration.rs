//! Whether an address has an account shows nowhere: not in texts, not in statuses, not in how long things take.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use elido::infra::store::Store;
use elido::infra::store::jobs::{self, Job, JobFilter};
use elido::infra::store::page::Page;
use reqwest::{Method, RequestBuilder, StatusCode};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};

use crate::support::people::{administrator, newcomer, of, post, sign_in};
use crate::support::platform::{EMAIL, PASSWORD, Platform};

const NOBODY: &str = "nobody@example.com";

/// Everything that a client sees of a response, without what differs from request to request.
async fn seen(request: RequestBuilder) -> (StatusCode, Vec<String>, Value) {
    let response = request.send().await.expect("a response");
    let status = response.status();
    let mut names: Vec<String> = response.headers().keys().map(ToString::to_string).collect();
    names.sort();
    let mut body: Value = serde_json::from_str(&response.text().await.expect("a body")).unwrap_or_default();
    if let Some(body) = body.as_object_mut() {
        body.remove("request_id");
    }
    (status, names, body)
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_and_statuses_are_alike() {
    let platform = Platform::start_with(|config| config.identity.open_registration = true).await;
    let session = administrator(&platform).await;
    for path in ["/v1/auth/password-reset", "/v1/auth/registration"] {
        let ask = |email: &str| seen(post(&platform, path, &json!({ "email": email })));
        assert_eq!(ask(EMAIL).await, ask(NOBODY).await, "{path}");
    }
    let wrong = |email: &str| seen(sign_in(&platform, email, "a wrong password"));
    assert_eq!(wrong(EMAIL).await, wrong(NOBODY).await);
    let change = |email: &str| {
        let change = json!({ "email": email, "password": PASSWORD });
        seen(of(&platform, &session, Method::POST, "/v1/me/email").json(&change))
    };
    assert_eq!(change(EMAIL).await, change(NOBODY).await);
    // One is as limited as the other.
    for email in [EMAIL, NOBODY] {
        let mut statuses = Vec::new();
        for _ in 0..8 {
            let request = post(&platform, "/v1/auth/password-reset", &json!({ "email": email }));
            statuses.push(seen(request).await.0.as_u16());
        }
        assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 4, "{email}: {statuses:?}");
    }
}

/// How often each kind of request is made of one address: what an account may be asked for from anywhere has room for it twice.
const TRIES: u8 = 9;
/// With so many requests of each kind, chance alone goes beyond this once in a hundred thousand runs; see [`told_apart`].
const TOLD: f64 = 0.3;

/// How long two kinds of requests took.
struct Times {
    known: Vec<Duration>,
    unknown: Vec<Duration>,
}

/// Sends both kinds by turns, so that whatever else the machine does falls on both alike, and each first as often as second, so that the
/// work that a request leaves behind does too. Each comes from another address, so that no limit is in the way.
async fn measure(known: &[RequestBuilder], unknown: &[RequestBuilder]) -> Times {
    let mut times = Times { known: Vec::new(), unknown: Vec::new() };
    for (number, (known, unknown)) in known.iter().zip(unknown).enumerate() {
        let origin = format!("192.0.2.{}", number % 200);
        let took = async |request: &RequestBuilder| {
            let request = request.try_clone().expect("a body in memory").header("x-forwarded-for", &origin);
            let start = Instant::now();
            let response = request.send().await.expect("a response");
            assert_ne!(response.status(), StatusCode::TOO_MANY_REQUESTS, "{number}");
            start.elapsed()
        };
        if number % 2 == 0 {
            times.known.push(took(known).await);
            times.unknown.push(took(unknown).await);
        } else {
            times.unknown.push(took(unknown).await);
            times.known.push(took(known).await);
        }
    }
    times
}

/// By how much two kinds of requests can be told apart by their times, from 0 to 0.5: in which share of all pairs the known one took longer,
/// less a half (the statistic of Mann and Whitney). Ranks are all that counts, so that a few requests that waited for a busy machine weigh no
/// more than others.
fn told_apart(times: &Times) -> f64 {
    let longer = |known: &Duration| {
        let shorter = times.unknown.iter().filter(|unknown| *unknown < known).count();
        let alike = times.unknown.iter().filter(|unknown| *unknown == known).count();
        shorter as f64 + alike as f64 / 2.0
    };
    let pairs = (times.known.len() * times.unknown.len()) as f64;
    (times.known.iter().map(longer).sum::<f64>() / pairs - 0.5).abs()
}

fn median(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort();
    times[times.len() / 2]
}

fn assert_alike(what: &str, times: &Times) {
    let (known, unknown, told) = (median(&times.known), median(&times.unknown), told_apart(times));
    println!("{what}: known {known:?}, unknown {unknown:?}, told apart by {told:.2} of {TOLD}");
    assert!(told < TOLD, "{what}: known {known:?}, unknown {unknown:?}, told apart by {told:.2}");
}

#[test]
fn what_takes_longer_by_less_than_its_own_spread_is_told_apart() {
    let spread = |from: u64| (0..36).map(|number| Duration::from_micros(from + number * 50)).collect::<Vec<_>>();
    let told = |known, unknown| told_apart(&Times { known, unknown });
    assert!(told(spread(1_000), spread(1_000)) < 0.01);
    assert!(told(spread(1_000), spread(1_200)) < TOLD);
    assert!(told(spread(2_000), spread(1_000)) > TOLD);
    assert!(told(spread(1_000), spread(2_000)) > TOLD);
    // A machine that was busy for some of them changes little.
    let mut busy = spread(1_000);
    busy.iter_mut().take(4).for_each(|time| *time += Duration::from_secs(1));
    assert!(told(busy, spread(1_000)) < TOLD);
}

/// Accounts, the first and others.
async fn accounts(platform: &Platform) -> Vec<String> {
    administrator(platform).await;
    let mut accounts = vec![EMAIL.to_owned()];
    for number in 0..3 {
        let email = format!("ada{number}@example.com");
        newcomer(platform, &email).await;
        accounts.push(email);
    }
    accounts
}

/// As many requests about each address, by turns.
fn about(addresses: &[String], request: impl Fn(&str) -> RequestBuilder) -> Vec<RequestBuilder> {
    (0..TRIES).flat_map(|_| addresses.iter().map(|address| request(address)).collect::<Vec<_>>()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_and_asking_for_codes_take_as_long_with_an_account_as_without() {
    let platform = Platform::start_with(|config| {
        config.api.trusted_proxy_hops = 1;
        config.identity.open_registration = true;
    })
    .await;
    let known = accounts(&platform).await;
    let unknown: Vec<String> = (0..known.len()).map(|number| format!("eve{number}@example.com")).collect();
    let wrong = |email: &str| sign_in(&platform, email, "a wrong password");
    assert_alike("a wrong password", &measure(&about(&known, wrong), &about(&unknown, wrong)).await);
    // What is refused before a password is hashed is told apart, or this measures nothing.
    let unreadable = |email: &str| post(&platform, "/v1/auth/sign-in", &json!({ "email": email }));
    let times = measure(&about(&known, wrong), &about(&unknown, unreadable)).await;
    assert!(told_apart(&times) > TOLD, "{:?} and {:?}", median(&times.known), median(&times.unknown));
    for path in ["/v1/auth/password-reset", "/v1/auth/registration"] {
        let ask = |email: &str| post(&platform, path, &json!({ "email": email }));
        assert_alike(path, &measure(&about(&known, ask), &about(&unknown, ask)).await);
    }
}

/// How many rows each table of the source of truth has.
async fn rows(platform: &Platform) -> BTreeMap<String, i64> {
    let mut counts = BTreeMap::new();
    let url = platform.config.database.url.expose_secret();
    if let Some(file) = url.strip_prefix("sqlite:") {
        let file = platform.config.data_folder.join(file);
        let mut connection = SqliteConnection::connect(&format!("sqlite:{}", file.display())).await.expect("the file");
        let tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
        let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(&mut connection).await.expect("tables");
        for table in tables {
            let count = AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
            counts.insert(table, sqlx::query_scalar(count).fetch_one(&mut connection).await.expect("a number"));
        }
    } else {
        let mut connection = PgConnection::connect(url).await.expect("the server");
        let tables = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'";
        let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(&mut connection).await.expect("tables");
        for table in tables {
            let count = AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
            counts.insert(table, sqlx::query_scalar(count).fetch_one(&mut connection).await.expect("a number"));
        }
    }
    counts
}

/// What a request left behind: by how much tables grew, and the mails that wait to be written, without what is their own.
async fn left_behind(platform: &Platform, request: RequestBuilder) -> (BTreeMap<String, i64>, Vec<Value>) {
    let before = rows(platform).await;
    assert!(request.send().await.expect("a response").status() != StatusCode::TOO_MANY_REQUESTS);
    let mut grown = rows(platform).await;
    grown.iter_mut().for_each(|(table, count)| *count -= before[table]);
    grown.retain(|_, by| *by != 0);
    let store = Store::connect(&platform.config.database, &platform.config.data_folder).await.expect("a store");
    let filter = JobFilter { kind: Some("account_mail".to_owned()), ..JobFilter::default() };
    let limit = grown.get("jobs").copied().unwrap_or(0).unsigned_abs();
    let waiting = jobs::list(store.reader(), &filter, Page { after: None, limit }).await.expect("jobs");
    store.close().await;
    let form = |job: Job| {
        let payload: Value = serde_json::from_str(&job.payload).expect("JSON");
        let fields: Vec<&String> = payload.as_object().expect("fields").keys().collect();
        json!({ "about": payload["about"], "fields": fields, "attempts": job.attempts, "of": job.max_attempts,
                "is_unique": job.unique_key.is_some(), "waits": job.run_at > job.created_at })
    };
    (grown, waiting.into_iter().map(form).collect())
}

/// How long a request takes says nothing where it does the same either way: whether there is a mail to write is found out afterwards, by a job.
#[tokio::test(flavor = "multi_thread")]
async fn asking_for_mail_leaves_the_same_work_with_an_account_as_without() {
    let mut platform = Platform::start_with(|config| config.identity.open_registration = true).await;
    let session = administrator(&platform).await;
    newcomer(&platform, "ada@example.com").await;
    // Without workers what was left behind stays.
    platform.stop().await;
    platform.start_again_as("api".parse().expect("a role")).await;
    let ask = |path: &'static str, email: &str| {
        let body = json!({ "email": email, "password": PASSWORD });
        match path {
            "/v1/me/email" => of(&platform, &session, Method::POST, path).json(&body),
            "/v1/auth/sign-in" => sign_in(&platform, email, "a wrong password"),
            _ => post(&platform, path, &json!({ "email": email })),
        }
    };
    for (path, mails) in
        [("/v1/auth/password-reset", 1), ("/v1/auth/registration", 1), ("/v1/me/email", 1), ("/v1/auth/sign-in", 0)]
    {
        let known = left_behind(&platform, ask(path, "ada@example.com")).await;
        let unknown = left_behind(&platform, ask(path, NOBODY)).await;
        assert_eq!(known, unknown, "{path}");
        assert_eq!(known.1.len(), mails, "{path}");
        assert!(mails == 0 || known.0 == BTreeMap::from([("jobs".to_owned(), 1)]), "{path}: {:?}", known.0);
    }
    // What does leave something else behind is told apart, or this compares nothing.
    let right = left_behind(&platform, sign_in(&platform, "ada@example.com", PASSWORD)).await;
    assert_ne!(right, left_behind(&platform, ask("/v1/auth/sign-in", NOBODY)).await);
}
