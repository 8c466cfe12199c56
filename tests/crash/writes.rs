//! SIGKILL while links are made under idempotency keys: whoever asks again until there is a response has asked once.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use reqwest::{Client, StatusCode};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sqlx::{Connection, Executor, PgConnection, SqliteConnection};

use crate::server::{Server, account, client};
use crate::{database, kills, ports};

const WRITERS: u64 = 4;
const BATCH_LINKS: usize = 20;
const IMPORTED: usize = 4_000;
/// How long to wait before the same request is sent again.
const PAUSE: Duration = Duration::from_millis(20);

/// A server that is always found at the same address, with the data that its predecessor left.
struct Place {
    folder: tempfile::TempDir,
    database: String,
    api: String,
}

impl Place {
    async fn new() -> Self {
        let api = ports::free_address().to_string();
        let database = database::of_its_own().await.expose_secret().to_owned();
        Self { folder: tempfile::tempdir().expect("a folder"), database, api }
    }

    fn start(&self) -> Server {
        Server::start(self.folder.path(), &[("ELIDO_API__LISTEN", &self.api), ("ELIDO_DATABASE__URL", &self.database)])
    }

    /// Kills the server, lets the time of its claims pass and starts the next one.
    async fn replace(&self, server: Server) -> Server {
        server.kill();
        let expire = "UPDATE idempotency_keys SET expires_at = 0 WHERE answer IS NULL";
        if database::is_embedded() {
            let file = self.folder.path().join("data/elido.db");
            let mut connection =
                SqliteConnection::connect(&format!("sqlite:{}", file.display())).await.expect("a file");
            connection.execute(expire).await.expect("the claims are over");
        } else {
            let mut connection = PgConnection::connect(&self.database).await.expect("a server");
            connection.execute(expire).await.expect("the claims are over");
        }
        self.start()
    }
}

/// Links that writers make.
struct Writing {
    client: Client,
    url: String,
    token: String,
    next: AtomicU64,
    over: AtomicBool,
}

impl Writing {
    /// Makes batches, one after the other, until it is over. Returns the ids of every batch, as they were answered.
    async fn write(self: Arc<Self>) -> Vec<(String, Vec<String>)> {
        let mut written = Vec::new();
        while !self.over.load(Ordering::Relaxed) {
            let batch = format!("batch {}", self.next.fetch_add(1, Ordering::Relaxed));
            let ids = self.make(&batch).await;
            written.push((batch, ids));
        }
        written
    }

    /// Sends the same request until it is answered.
    async fn make(&self, batch: &str) -> Vec<String> {
        let link = json!({ "destination_url": "https://example.com/", "title": batch });
        let body = json!({ "links": vec![link; BATCH_LINKS] });
        loop {
            let request = self.client.post(format!("{}/bulk", self.url)).bearer_auth(&self.token);
            let response = request.header("idempotency-key", batch.replace(' ', "-")).json(&body).send().await;
            let Ok(response) = response else {
                tokio::time::sleep(PAUSE).await;
                continue;
            };
            match (response.status(), response.json::<Value>().await) {
                (StatusCode::OK, Ok(response)) => return ids(&response["results"], |result| &result["link"]["id"]),
                (StatusCode::OK | StatusCode::CONFLICT | StatusCode::SERVICE_UNAVAILABLE, _) => {
                    tokio::time::sleep(PAUSE).await;
                }
                (status, response) => panic!("{status}: {response:?}"),
            }
        }
    }
}

fn ids(list: &Value, id: impl Fn(&Value) -> &Value) -> Vec<String> {
    let list = list.as_array().expect("a list");
    list.iter().map(|item| id(item).as_str().expect("an id").to_owned()).collect()
}

/// The ids of all links, by their titles.
async fn links(client: &Client, url: &str, token: &str) -> HashMap<String, Vec<String>> {
    let mut found: HashMap<String, Vec<String>> = HashMap::new();
    let mut cursor = String::new();
    loop {
        let page = client.get(format!("{url}?limit=100&sort=created_at{cursor}")).bearer_auth(token);
        let page: Value = page.send().await.expect("a response").json().await.expect("JSON");
        for link in page["data"].as_array().expect("links") {
            let text = |field: &str| link[field].as_str().expect("a text").to_owned();
            found.entry(text("title")).or_default().push(text("id"));
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_under_a_key_is_made_once_however_often_the_server_is_killed() {
    let place = Place::new().await;
    let mut server = place.start();
    let client = client();
    let (token, workspace) = account(&client, &server).await;
    let url = format!("{}/v1/workspaces/{workspace}/links", server.api);
    let writing = Writing {
        client: client.clone(),
        url: url.clone(),
        token: token.clone(),
        next: AtomicU64::new(0),
        over: AtomicBool::new(false),
    };
    let writing = Arc::new(writing);
    let writers: Vec<_> = (0..WRITERS).map(|_| tokio::spawn(Arc::clone(&writing).write())).collect();
    for _ in 0..kills() {
        // The moment is random on purpose, and always under load.
        tokio::time::sleep(Duration::from_millis(rand::random_range(50..500))).await;
        server = place.replace(server).await;
    }
    writing.over.store(true, Ordering::Relaxed);
    let mut answered = BTreeMap::new();
    for writer in writers {
        answered.extend(writer.await.expect("a writer who got answers"));
    }
    let mut found = links(&client, &url, &token).await;
    let (mut lost, mut duplicated) = (0, 0);
    for (batch, mut ids) in answered.clone() {
        let mut found = found.remove(&batch).unwrap_or_default();
        ids.sort();
        found.sort();
        duplicated += found.len().saturating_sub(BATCH_LINKS);
        lost += ids.iter().filter(|id| !found.contains(id)).count();
    }
    let result = json!({
        "test": "crash_writes", "kills": kills(), "batches": answered.len(), "lost": lost, "duplicated": duplicated,
        "unasked": found.len(),
    });
    println!("RESULT {result}");
    server.terminate();
    assert_eq!((lost, duplicated, found.len()), (0, 0, 0));
    assert!(answered.len() as u64 > WRITERS, "there was load");
}

fn import(file: &Path, place: &Place, (token, workspace): &(String, String)) -> Child {
    Command::new(env!("CARGO_BIN_EXE_elido"))
        .args(["import", "--batch-rows", "50"])
        .arg(file)
        .env("ELIDO_API_URL", format!("http://{}", place.api))
        .env("ELIDO_TOKEN", token)
        .env("ELIDO_WORKSPACE", workspace)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the executable starts")
}

fn rows(folder: &Path) -> PathBuf {
    let file = folder.join("links.csv");
    let rows: String = (0..IMPORTED).map(|row| format!("https://example.com/,row {row}\n")).collect();
    fs::write(&file, format!("destination_url,title\n{rows}")).expect("a file");
    file
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_makes_every_row_once_though_server_and_import_are_killed() {
    let place = Place::new().await;
    let mut server = place.start();
    let client = client();
    let account = account(&client, &server).await;
    let file = rows(place.folder.path());
    let mut importing = import(&file, &place, &account);
    let mut kills = 0;
    let status = loop {
        tokio::time::sleep(Duration::from_millis(rand::random_range(50..400))).await;
        if let Some(status) = importing.try_wait().expect("a process") {
            break status;
        }
        if kills == 6 {
            continue;
        }
        kills += 1;
        server = place.replace(server).await;
        if kills % 2 == 0 {
            importing.kill().expect("a signal");
            importing.wait().expect("an end");
            importing = import(&file, &place, &account);
        }
    };
    assert!(status.success(), "{status}");
    let url = format!("{}/v1/workspaces/{}/links", server.api, account.1);
    let found = links(&client, &url, &account.0).await;
    assert!(found.values().all(|ids| ids.len() == 1), "a row became more than one link");
    assert_eq!(found.len(), IMPORTED);
    assert!(kills > 0, "it was broken off");
    server.terminate();
}
