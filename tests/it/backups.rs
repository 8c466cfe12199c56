//! Backups of an installation that keeps everything on its own disk.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use elido::config::Config;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::platform::{Account, Platform, eventually};

const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0";

/// What people do while a backup is taken.
#[derive(Default)]
struct Load {
    /// Visits that were answered, by number.
    visits: Mutex<Vec<u64>>,
    /// Slugs whose creation was answered.
    slugs: Mutex<Vec<String>>,
    over: AtomicBool,
}

impl Load {
    async fn visit(&self, platform: &Platform) {
        for number in 0.. {
            let url = platform.edge(&format!("/visited?utm_term={number}"));
            let request = platform.client.get(url).header("host", "localhost").header("user-agent", BROWSER);
            assert_eq!(request.send().await.expect("a response").status(), StatusCode::FOUND);
            self.visits.lock().expect("a lock").push(number);
            if self.over.load(Ordering::Relaxed) {
                return;
            }
        }
    }

    async fn write(&self, platform: &Platform, account: &Account) {
        for number in 0.. {
            let slug = format!("made-{number}");
            platform
                .create_link(account, &json!({ "destination_url": "https://example.com/made", "slug": slug }))
                .await;
            self.slugs.lock().expect("a lock").push(slug);
            if self.over.load(Ordering::Relaxed) {
                return;
            }
        }
    }

    fn so_far(&self) -> (Vec<u64>, Vec<String>) {
        (self.visits.lock().expect("a lock").clone(), self.slugs.lock().expect("a lock").clone())
    }
}

fn on_its_own_disk(config: &mut Config) {
    config.database.url = "sqlite:elido.db".into();
    config.cache.url = String::new().into();
}

async fn elido(arguments: &[&str], data_folder: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_elido"));
    command.args(arguments).env("ELIDO_DATA_FOLDER", data_folder).current_dir(data_folder.parent().expect("a folder"));
    tokio::task::spawn_blocking(move || command.output()).await.expect("a thread").expect("elido runs")
}

async fn printed(arguments: &[&str], data_folder: &Path) -> Value {
    let output = elido(arguments, data_folder).await;
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

async fn refused(arguments: &[&str], data_folder: &Path) -> (Option<i32>, String) {
    let output = elido(arguments, data_folder).await;
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// How often each visit is stored.
async fn stored(platform: &Platform, account: &Account) -> BTreeMap<u64, u64> {
    let path = "/analytics/export?format=ndjson&from=2020-01-01T00:00:00Z&to=2999-01-01T00:00:00Z";
    let export = platform.of(account, reqwest::Method::GET, path).send().await.expect("a response");
    assert_eq!(export.status(), StatusCode::OK);
    let mut times = BTreeMap::new();
    for line in export.text().await.expect("a text").lines() {
        let click: Value = serde_json::from_str(line).expect("JSON");
        let number = click["utm_term"].as_str().and_then(|term| term.parse().ok()).expect("the number of a visit");
        *times.entry(number).or_default() += 1;
    }
    times
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_under_load_holds_every_answered_write_and_every_answered_click_once() {
    let mut platform = Platform::start_with(on_its_own_disk).await;
    let account = platform.account().await;
    platform.create_link(&account, &json!({ "destination_url": "https://example.com/", "slug": "visited" })).await;
    let elsewhere = tempfile::tempdir().expect("a folder");
    let (backups, restored) = (elsewhere.path().join("backups"), elsewhere.path().join("restored"));
    let load = Load::default();
    let backing_up = async {
        eventually("people are at it", async || load.so_far().0.len() > 50 && load.so_far().1.len() > 5).await;
        let before = load.so_far();
        let to = backups.to_str().expect("a name");
        let taken = printed(&["backup", "--json", "--to", to], &platform.config.data_folder).await;
        load.over.store(true, Ordering::Relaxed);
        (before, taken["folder"].as_str().expect("a folder").to_owned())
    };
    let ((), (), ((visits, slugs), backup)) =
        tokio::join!(load.visit(&platform), load.write(&platform, &account), backing_up);
    platform.stop().await;

    let verified = printed(&["restore", &backup, "--verify", "--json"], &restored).await;
    assert_eq!(verified["restored"], false);
    assert!(!restored.exists(), "a drill touches nothing");
    assert_eq!(fs::read_dir(&backups).expect("a folder").count(), 1, "and leaves nothing");
    let put_back = printed(&["restore", &backup, "--json"], &restored).await;
    assert_eq!(put_back["audit_chains"], 2);
    assert!(put_back["rows"]["database.db"]["links"].as_u64() > u64::try_from(slugs.len()).ok());
    let (code, reason) = refused(&["restore", &backup], &restored).await;
    assert_eq!(code, Some(2), "{reason}");
    assert!(reason.contains("is there already"), "{reason}");

    platform.config.data_folder = restored;
    platform.start_again().await;
    for slug in &slugs {
        assert_eq!(platform.visit(&format!("/{slug}")).await.status(), StatusCode::FOUND, "{slug}");
    }
    eventually("every click is stored", async || {
        let stored = stored(&platform, &account).await;
        assert!(stored.values().all(|times| *times == 1), "{stored:?}");
        visits.iter().all(|visit| stored.contains_key(visit))
    })
    .await;
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_is_not_whole_is_refused_and_says_which_file() {
    let mut platform = Platform::start_with(on_its_own_disk).await;
    platform.account().await;
    let elsewhere = tempfile::tempdir().expect("a folder");
    let to = elsewhere.path().to_str().expect("a name");
    let data_folder = platform.config.data_folder.clone();
    let taken = printed(&["backup", "--json", "--to", to], &data_folder).await;
    let within = data_folder.join("backups");
    let (code, reason) = refused(&["backup", "--to", within.to_str().expect("a name")], &data_folder).await;
    assert_eq!(code, Some(2), "{reason}");
    platform.stop().await;

    let backup = taken["folder"].as_str().expect("a folder");
    let restored = elsewhere.path().join("restored");
    let database = Path::new(backup).join("database.db");
    let mut bytes = fs::read(&database).expect("a file");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&database, &bytes).expect("written");
    let (code, reason) = refused(&["restore", backup], &restored).await;
    assert_eq!(code, Some(65), "{reason}");
    assert!(reason.contains("database.db") && reason.contains("SHA-256"), "{reason}");
    fs::remove_file(Path::new(backup).join("manifest.json")).expect("removed");
    let (_, reason) = refused(&["restore", backup], &restored).await;
    assert!(reason.contains("manifest.json"), "{reason}");
    assert!(!restored.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_keeps_is_left_to_its_own_backups() {
    let folder = tempfile::tempdir().expect("a folder");
    let data_folder = folder.path().join("data");
    let mut command = Command::new(env!("CARGO_BIN_EXE_elido"));
    command.args(["backup", "--to", "backups"]).current_dir(folder.path()).env("ELIDO_DATA_FOLDER", &data_folder);
    command.env("ELIDO_DATABASE__URL", "postgres://elido@localhost/elido");
    let output = tokio::task::spawn_blocking(move || command.output()).await.expect("a thread").expect("elido runs");
    assert_eq!(output.status.code(), Some(64));
    let reason = String::from_utf8_lossy(&output.stderr);
    assert!(reason.contains("database.url"), "{reason}");
}
