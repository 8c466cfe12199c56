//! What is on disk: whose it is, and what becomes of a start on what is damaged or lost.

use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use elido::config::Loaded;
use elido::infra::store;
use elido::roles::{Roles, start};
use reqwest::StatusCode;
use serde_json::json;

use crate::support::database;
use crate::support::platform::{Platform, eventually};

/// Why the platform does not start on the data that is there.
async fn refusal(platform: &Platform) -> String {
    let loaded = Loaded { config: platform.config.clone(), entries: Vec::new() };
    start(&loaded, Roles::all()).await.err().expect("it must not start").to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_was_lost_is_not_replaced_by_an_empty_one_unless_somebody_says_so() {
    if !database::is_embedded() {
        println!("SKIPPED: this is about SQLite");
        return;
    }
    let mut platform = Platform::start().await;
    let account = platform.account().await;
    platform.create_link(&account, &json!({ "destination_url": "https://example.com/", "slug": "kept" })).await;
    assert_eq!(platform.visit("/kept").await.status(), StatusCode::FOUND);
    platform.stop().await;
    let file = platform.config.data_folder.join("elido.db");
    std::fs::write(&file, "").expect("an empty file");
    for _ in 0..2 {
        let refusal = refusal(&platform).await;
        assert!(refusal.contains("elido.db") && refusal.contains("elido migrate up"), "{refusal}");
        let _gone = std::fs::remove_file(&file);
    }
    store::migrate(&platform.config.database, &platform.config.data_folder).await.expect("a new database");
    platform.start_again().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_database_keeps_the_platform_from_starting_and_is_named() {
    if !database::is_embedded() {
        println!("SKIPPED: this is about SQLite");
        return;
    }
    for name in ["elido.db", "clicks.db"] {
        let mut platform = Platform::start().await;
        platform.account().await;
        platform.stop().await;
        let path = platform.config.data_folder.join(name);
        let mut file = std::fs::OpenOptions::new().write(true).open(&path).expect("the file");
        file.seek(SeekFrom::Start(4096)).expect("the second page");
        file.write_all(&[0xaa; 4096]).expect("damage");
        drop(file);
        let refusal = refusal(&platform).await;
        assert!(refusal.contains(name) && refusal.contains("is damaged") && refusal.contains("backup"), "{refusal}");
    }
}

/// Ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ended = self.0.kill().and_then(|()| self.0.wait());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_but_its_owner_reads_the_data_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    std::fs::create_dir(&data).expect("a folder");
    std::fs::write(data.join("elido.db"), "").expect("a file that all may read");
    let elido = env!("CARGO_BIN_EXE_elido");
    let mut command = Command::new("sh");
    command.args(["-c", "umask 022; exec \"$0\" run --role all", elido]).current_dir(folder.path());
    for listener in ["EDGE", "API", "INTERNAL", "GRPC"] {
        command.env(format!("ELIDO_{listener}__LISTEN"), "127.0.0.1:0");
    }
    command.env("ELIDO_DATA_FOLDER", &data).env("ELIDO_EDGE__WORKERS", "1");
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("elido runs");
    let _running = Running(child);
    eventually("the databases are there", || {
        let files = files_in(&data);
        let has = |end: &str| files.iter().any(|file| file.to_string_lossy().ends_with(end));
        std::future::ready(has("clicks.db-wal") && has("elido.db-wal"))
    })
    .await;
    for file in files_in(&data) {
        // While it starts, files come and go.
        let Ok(metadata) = std::fs::metadata(&file) else { continue };
        let mode = metadata.permissions().mode();
        assert_eq!(mode & 0o077, 0, "{} {mode:o}", file.display());
    }
}

/// The folder and everything in it.
fn files_in(path: &Path) -> Vec<PathBuf> {
    let mut files = vec![path.to_path_buf()];
    for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
        if entry.path().is_dir() { files.extend(files_in(&entry.path())) } else { files.push(entry.path()) }
    }
    files
}
