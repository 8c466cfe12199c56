//! SIGKILL of an edge and of ingesters that share a bus: every answered redirect is stored, exactly once, by whoever lives.

use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::sync::watch;

use crate::database::{is_embedded, new_postgres_database};
use crate::server::{PATIENCE, Server, account, client, post};
use crate::{LINKS, Visits, stored, visit};

const KILLS: u32 = 6;
const VISITORS: usize = 4;
const PAUSE: Duration = Duration::from_millis(200);

/// The executable as one ingester.
struct Ingester(Child);

impl Ingester {
    /// Starts it on a data folder of its own, and waits until it is ready.
    fn start(folder: &Path, variables: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_elido"))
            .args(["run", "--role", "ingester"])
            .current_dir(folder)
            .env("ELIDO_INTERNAL__LISTEN", "127.0.0.1:0")
            .envs(variables.iter().copied())
            .env("ELIDO_DATA_FOLDER", folder)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the executable starts");
        let mut lines = BufReader::new(child.stderr.take().expect("standard error")).lines().map_while(Result::ok);
        assert!(lines.any(|line| line.trim_start().starts_with("internal")), "it says where it is");
        // Somebody has to read what the process says, or it would stop to wait.
        std::thread::spawn(move || lines.for_each(drop));
        Self(child)
    }

    fn kill(mut self) {
        self.0.kill().expect("a signal");
        self.0.wait().expect("an end");
    }
}

/// A test that fails leaves no process behind.
impl Drop for Ingester {
    fn drop(&mut self) {
        // An error means that it has ended already.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clicks_survive_sigkill_of_edges_and_ingesters_on_a_bus_exactly_once() {
    let Ok(url) = std::env::var("ELIDO_TEST_KAFKA_URL") else {
        assert!(is_embedded(), "ELIDO_TEST_KAFKA_URL names a server");
        println!("SKIPPED: ELIDO_TEST_KAFKA_URL does not name a server");
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let in_folder = |name: &str| format!("sqlite:{}", folder.path().join(name).display());
    let clicks = in_folder("clicks.db");
    let database = match std::env::var("ELIDO_TEST_POSTGRES_URL") {
        Ok(server) if !is_embedded() => new_postgres_database(&server).await,
        _ => in_folder("elido.db"),
    };
    let topic = |name: &str| format!("{name}-{:016x}", rand::random::<u64>());
    let (clicks_topic, events_topic) = (topic("clicks"), topic("events"));
    let variables = [
        ("ELIDO_DATABASE__URL", database.as_str()),
        ("ELIDO_CLICK_STORE__URL", clicks.as_str()),
        ("ELIDO_BUS__URL", url.as_str()),
        ("ELIDO_BUS__CLICKS_TOPIC", clicks_topic.as_str()),
        ("ELIDO_BUS__EVENTS_TOPIC", events_topic.as_str()),
        ("ELIDO_BUS__PARTITIONS", "4"),
    ];
    let client = client();
    let mut server = Server::start(folder.path(), &variables);
    let (token, workspace) = account(&client, &server).await;
    for link in 0..LINKS {
        let link = json!({ "destination_url": "https://example.com/", "slug": format!("link{link}") });
        post(&client, format!("{}/v1/workspaces/{workspace}/links", server.api), Some(&token), link).await;
    }
    let homes = [tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder")];
    let mut ingesters = homes.each_ref().map(|home| Some(Ingester::start(home.path(), &variables)));

    let visits = Arc::new(Visits::default());
    let (moves, moved) = watch::channel(server.redirects.clone());
    let visitors: Vec<_> =
        (0..VISITORS).map(|_| tokio::spawn(visit(client.clone(), moved.clone(), Arc::clone(&visits)))).collect();
    for kill in 0..KILLS {
        // The moment is random on purpose, and always under load.
        tokio::time::sleep(Duration::from_millis(rand::random_range(500..1500))).await;
        let number = kill as usize % 3;
        if let Some(ingester) = ingesters.get_mut(number) {
            ingester.take().expect("it runs").kill();
            *ingester = Some(Ingester::start(homes[number].path(), &variables));
        } else {
            server.kill();
            server = Server::start(folder.path(), &variables);
            moves.send_replace(server.redirects.clone());
        }
    }
    visits.over.store(true, Ordering::Relaxed);
    for visitor in visitors {
        visitor.await.expect("a visitor who saw only redirects");
    }

    let answered: HashSet<u64> = visits.answered.lock().expect("no panic").iter().copied().collect();
    let (begun, mut times) = (Instant::now(), stored(&client, &server, &token, &workspace).await);
    while !answered.iter().all(|number| times.contains_key(number)) && begun.elapsed() < PATIENCE {
        tokio::time::sleep(PAUSE).await;
        times = stored(&client, &server, &token, &workspace).await;
    }
    let lost = answered.iter().filter(|number| !times.contains_key(number)).count();
    let duplicated = times.values().filter(|times| **times > 1).count();
    let result = json!({
        "test": "crash of a bus", "kills": KILLS, "redirects_answered": answered.len(), "clicks_stored": times.len(),
        "seconds_until_all_stored": begun.elapsed().as_secs(), "lost": lost, "duplicated": duplicated,
    });
    println!("RESULT {result}");
    assert_eq!((lost, duplicated), (0, 0));
    assert!(answered.len() as u64 > u64::from(KILLS), "there was load");
}
