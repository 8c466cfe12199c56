//! SIGKILL at random moments under load: every answered redirect is stored, and every request under a key done, exactly once.
//!
//! Ends with a line `RESULT {…}`. `ELIDO_TEST_KILLS` says how many times the process is killed (20 by default).

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a test may fail loudly"
)]

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use tokio::sync::watch;

use server::{Server, account, client, post};

#[path = "crash/bus.rs"]
mod bus;
#[path = "it/support/database.rs"]
mod database;
#[path = "crash/disk.rs"]
mod disk;
#[path = "it/support/ports.rs"]
#[allow(dead_code, reason = "part of it is for other tests")]
mod ports;
#[path = "crash/server.rs"]
mod server;
#[path = "crash/writes.rs"]
mod writes;

const KILLS: u32 = 20;
const VISITORS: usize = 16;
const LINKS: u64 = 20;
const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0";

/// What the visitors have done.
#[derive(Default)]
struct Visits {
    answered: Mutex<Vec<u64>>,
    next: AtomicU64,
    over: AtomicBool,
}

/// Visits links, one after the other, until it is over; every visit carries a number of its own.
async fn visit(client: Client, mut server: watch::Receiver<String>, visits: Arc<Visits>) {
    while !visits.over.load(Ordering::Relaxed) {
        let number = visits.next.fetch_add(1, Ordering::Relaxed);
        let url = format!("{}/link{}?utm_term={number}", server.borrow_and_update().as_str(), number % LINKS);
        let answer = client.get(url).header("host", "localhost").header("user-agent", BROWSER).send().await;
        match answer {
            Ok(answer) => {
                assert_eq!(answer.status(), StatusCode::FOUND);
                visits.answered.lock().expect("no panic").push(number);
            }
            // It was killed: wait for the next one, unless there is none to come.
            Err(_) => drop(tokio::time::timeout(Duration::from_secs(1), server.changed()).await),
        }
    }
}

/// How often each visit is stored.
async fn stored(client: &Client, server: &Server, token: &str, workspace: &str) -> HashMap<u64, u64> {
    let period = "from=2020-01-01T00:00:00Z&to=2999-01-01T00:00:00Z";
    let url = format!("{}/v1/workspaces/{workspace}/analytics/export?format=ndjson&{period}", server.api);
    let export = client.get(url).bearer_auth(token).send().await.expect("a response");
    assert_eq!(export.status(), StatusCode::OK);
    let mut times = HashMap::new();
    for line in export.text().await.expect("a text").lines() {
        let click: Value = serde_json::from_str(line).expect("JSON");
        let number = click["utm_term"].as_str().and_then(|term| term.parse().ok()).expect("the number of a visit");
        *times.entry(number).or_default() += 1;
    }
    times
}

fn kills() -> u32 {
    std::env::var("ELIDO_TEST_KILLS").ok().map_or(KILLS, |kills| kills.parse().expect("a number"))
}

#[test]
fn a_process_that_is_asked_to_stop_while_it_starts_ends_well() {
    let folder = tempfile::tempdir().expect("a folder");
    assert!(server::stop_while_it_starts(folder.path()).success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answered_redirect_survives_sigkill_exactly_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let client = client();
    let mut server = Server::start(folder.path(), &[]);
    let (token, workspace) = account(&client, &server).await;
    for link in 0..LINKS {
        let link = json!({ "destination_url": "https://example.com/", "slug": format!("link{link}") });
        post(&client, format!("{}/v1/workspaces/{workspace}/links", server.api), Some(&token), link).await;
    }

    let visits = Arc::new(Visits::default());
    let (moves, moved) = watch::channel(server.redirects.clone());
    let visitors: Vec<_> =
        (0..VISITORS).map(|_| tokio::spawn(visit(client.clone(), moved.clone(), Arc::clone(&visits)))).collect();
    for _ in 0..kills() {
        // The moment is random on purpose, and always under load.
        tokio::time::sleep(Duration::from_millis(rand::random_range(50..500))).await;
        server.kill();
        server = Server::start(folder.path(), &[]);
        moves.send_replace(server.redirects.clone());
    }
    visits.over.store(true, Ordering::Relaxed);
    for visitor in visitors {
        visitor.await.expect("a visitor who saw only redirects");
    }
    server.terminate();
    let server = Server::start(folder.path(), &[]);

    let times = stored(&client, &server, &token, &workspace).await;
    let answered = visits.answered.lock().expect("no panic").clone();
    let lost = answered.iter().filter(|number| !times.contains_key(number)).count();
    let duplicated = times.values().filter(|times| **times > 1).count();
    let result = json!({
        "test": "crash", "kills": kills(), "redirects_answered": answered.len(), "clicks_stored": times.len(),
        "unanswered_but_stored": times.len() + lost - answered.len(), "lost": lost, "duplicated": duplicated,
    });
    println!("RESULT {result}");
    server.terminate();
    assert_eq!((lost, duplicated), (0, 0));
    assert!(answered.len() as u64 > u64::from(kills()), "there was load");
}
