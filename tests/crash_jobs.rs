//! SIGKILL of processes that enqueue and do jobs: no job is lost, and none has an effect twice that may have it once.
//!
//! Without arguments it kills processes of its own and ends with a line `RESULT {…}`; `ELIDO_TEST_KILLS` says how many (20 by default).
//! `dev/chaos jobs` starts the same processes, by `enqueue`, `work` and `check`, each with the URL of a database and a folder.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a test may fail loudly"
)]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use elido::config::defaults;
use elido::config::sections::DatabaseConfig;
use elido::infra::store::{self, Connection, Store};
use secrecy::ExposeSecret;

#[path = "crash_jobs/check.rs"]
mod check;
#[path = "crash_jobs/consumer.rs"]
mod consumer;
#[path = "it/support/database.rs"]
mod database;
#[path = "crash_jobs/kinds.rs"]
mod kinds;

/// As `cargo test` knows it.
const NAME: &str = "a_killed_process_loses_no_job_and_doubles_none";
const KILLS: u32 = 20;
/// Long enough for a busy machine; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(120);

/// A database, and a folder for files.
#[derive(Clone)]
struct Place {
    url: String,
    folder: PathBuf,
}

impl Place {
    fn config(&self) -> DatabaseConfig {
        // SQLite gives its lock to whoever asks at the right moment, not to whoever has waited longest.
        let connect_timeout_ms = 60_000;
        DatabaseConfig { url: self.url.clone().into(), connect_timeout_ms, ..defaults().expect("defaults").database }
    }

    /// Connects as soon as the database is there.
    async fn connect(&self) -> Store {
        loop {
            match Store::connect(&self.config(), &self.folder).await {
                Ok(store) => return store,
                Err(error) => eprintln!("no connection yet: {error}"),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Makes the schema, and the tables of what was expected and what was done.
    async fn prepare(&self) {
        store::migrate(&self.config(), &self.folder).await.expect("a schema");
        let transaction = self.connect().await.write().await.expect("a transaction");
        for table in [
            "CREATE TABLE IF NOT EXISTS load_expected (job TEXT NOT NULL PRIMARY KEY, kind TEXT NOT NULL)",
            "CREATE TABLE IF NOT EXISTS load_effects (job TEXT NOT NULL)",
            // Their place tells the order in which they were taken.
            "CREATE TABLE IF NOT EXISTS load_events (place BIGINT NOT NULL PRIMARY KEY, sequence BIGINT NOT NULL, event TEXT NOT NULL)",
        ] {
            transaction.execute_unprepared(table).await.expect("a table");
        }
        transaction.commit().await.expect("a commit");
    }

    /// Starts this test as another process.
    fn spawn(&self, what: &str) -> Process {
        let command = std::env::current_exe().expect("its own file");
        let child = Command::new(command).args([what, &self.url]).arg(&self.folder).stdout(Stdio::null()).spawn();
        Process(child.expect("a process"))
    }
}

/// A process that is killed at the end, if not before.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // An error means that it has ended already.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

async fn run(arguments: Vec<String>) -> ExitCode {
    let [what, url, folder] = &arguments[..] else {
        // As cargo passes it to every test: a part of the names of those that are asked for.
        let is_asked_for = |part: &String| part.starts_with("--") || NAME.contains(part.as_str());
        return if arguments.iter().all(is_asked_for) { kill_and_check().await } else { ExitCode::SUCCESS };
    };
    let place = Place { url: url.clone(), folder: PathBuf::from(folder) };
    match what.as_str() {
        "prepare" => place.prepare().await,
        "enqueue" => kinds::enqueue_for_ever(&place).await,
        "work" => return kinds::work_until_told(&place).await,
        _ => return check::run(&place).await,
    }
    ExitCode::SUCCESS
}

/// Kills processes at random moments, one after the other, and counts at the end.
async fn kill_and_check() -> ExitCode {
    let folder = tempfile::tempdir().expect("a folder");
    let url = database::of_its_own().await.expose_secret().to_owned();
    let place = Place { url, folder: folder.path().to_path_buf() };
    place.prepare().await;
    let store = place.connect().await;
    let kills = std::env::var("ELIDO_TEST_KILLS").ok().map_or(KILLS, |kills| kills.parse().expect("a number"));
    // The moment is random on purpose, and always under load.
    let mut processes: Vec<(&str, Process)> = ["enqueue", "work", "work"].map(|what| (what, place.spawn(what))).into();
    for kill in 0..kills as usize {
        tokio::time::sleep(Duration::from_millis(rand::random_range(50..500))).await;
        let index = kill % processes.len();
        let what = processes[index].0;
        drop(processes.remove(index));
        let_time_pass(&store).await;
        processes.push((what, place.spawn(what)));
    }
    processes.retain(|(what, _)| *what == "work");
    let settled = tokio::time::timeout(PATIENCE, async {
        while !check::is_settled(&store).await {
            let_time_pass(&store).await;
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    });
    assert!(settled.await.is_ok(), "all jobs are done in time");
    println!("kills: {kills}");
    check::run(&place).await
}

/// The leases of processes that are gone are over at once, and so are the pauses between attempts.
async fn let_time_pass(store: &Store) {
    let transaction = store.write().await.expect("a transaction");
    let now = elido::runtime::clock::now().as_micros();
    for change in [
        format!("UPDATE jobs SET lease_until = 0 WHERE state = 'running' AND lease_until < {}", now + 57_000_000),
        "UPDATE jobs SET run_at = 0 WHERE state = 'ready'".to_owned(),
    ] {
        transaction.execute_unprepared(&change).await.expect("it is done");
    }
    transaction.commit().await.expect("a commit");
}

/// The answered ids of one process that enqueues.
fn answered_file(folder: &Path) -> PathBuf {
    folder.join(format!("answered-{}", std::process::id()))
}

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(run(std::env::args().skip(1).collect()))
}
