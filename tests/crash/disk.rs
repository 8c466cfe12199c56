//! A disk that takes nothing for a while: what is answered is true, and all goes on by itself once the disk is well.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use crate::server::{PATIENCE, Server, account, client, post};
use crate::{BROWSER, stored};

const WRITES: usize = 12;
const VISITS: u64 = 300;
/// How often a condition is looked at.
const PAUSE: Duration = Duration::from_millis(100);

/// Asks for links to be made, and says which were answered to be there.
async fn make_links(client: &Client, url: &str, token: &str, prefix: &str) -> Vec<String> {
    let mut made = Vec::new();
    for number in 0..WRITES {
        let body = json!({ "destination_url": "https://example.com/", "slug": format!("{prefix}{number}") });
        let response = client.post(url).bearer_auth(token).json(&body).send().await.expect("a response");
        match response.status() {
            StatusCode::CREATED => {
                let link: Value = response.json().await.expect("JSON");
                made.push(link["id"].as_str().expect("an id").to_owned());
            }
            status => assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE),
        }
    }
    made
}

async fn missing(client: &Client, url: &str, token: &str, ids: &[String]) -> Vec<String> {
    let mut missing = Vec::new();
    for id in ids {
        let response = client.get(format!("{url}/{id}")).bearer_auth(token).send().await.expect("a response");
        if response.status() != StatusCode::OK {
            missing.push(id.clone());
        }
    }
    missing
}

async fn visit(client: &Client, server: &Server, numbers: std::ops::Range<u64>) {
    for number in numbers {
        let url = format!("{}/known?utm_term={number}", server.redirects);
        let response = client.get(url).header("user-agent", BROWSER).send().await.expect("a response");
        assert_eq!(response.status(), StatusCode::FOUND);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_answered_while_the_disk_fails_is_true_and_everything_goes_on_once_it_is_well() {
    let folder = tempfile::tempdir().expect("a folder");
    let client = client();
    let server = Server::start(folder.path(), &[]);
    let (token, workspace) = account(&client, &server).await;
    let url = format!("{}/v1/workspaces/{workspace}/links", server.api);
    let known = json!({ "destination_url": "https://example.com/", "slug": "known" });
    post(&client, url.clone(), Some(&token), known).await;
    visit(&client, &server, 0..VISITS).await;

    server.allow_writing(false);
    let mut made = make_links(&client, &url, &token, "failing").await;
    visit(&client, &server, VISITS..2 * VISITS).await;
    assert_eq!(made, Vec::<String>::new(), "nothing can be made on a disk that takes nothing");
    server.allow_writing(true);

    let well = Instant::now();
    while made.len() < WRITES {
        assert!(well.elapsed() < PATIENCE, "writing goes on");
        made = make_links(&client, &url, &token, &format!("well{}-", well.elapsed().as_millis())).await;
    }
    assert_eq!(missing(&client, &url, &token, &made).await, Vec::<String>::new());
    let all: HashSet<u64> = (0..2 * VISITS).collect();
    loop {
        let times = stored(&client, &server, &token, &workspace).await;
        assert!(times.values().all(|times| *times == 1), "none is stored twice");
        if times.keys().copied().collect::<HashSet<_>>() == all {
            break;
        }
        assert!(well.elapsed() < PATIENCE, "{} of {} clicks are stored", times.len(), all.len());
        tokio::time::sleep(PAUSE).await;
    }

    server.kill();
    let server = Server::start(folder.path(), &[]);
    let url = format!("{}/v1/workspaces/{workspace}/links", server.api);
    assert_eq!(missing(&client, &url, &token, &made).await, Vec::<String>::new());
    server.terminate();
}
