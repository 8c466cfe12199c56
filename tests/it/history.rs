//! Databases that are not what they were: edges go by what is there now, and never by what they remember.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::database;
use crate::support::platform::{Account, Platform, body, eventually};
use crate::support::statements;

const EDITS: usize = 5;

fn place(name: &str) -> String {
    format!("https://example.com/{name}")
}

async fn edit(platform: &Platform, account: &Account, link: &Value, name: &str) {
    let path = format!("/links/{}", link["id"].as_str().expect("an id"));
    let change = platform.of(account, Method::PATCH, &path).json(&json!({ "destination_url": place(name) }));
    body(change, StatusCode::OK).await;
}

async fn leads_to(platform: &Platform, name: &str) {
    let place = place(name);
    eventually(&format!("the link leads to {name}"), || async {
        let response = platform.visit("/moving").await;
        response.headers().get("location").is_some_and(|location| *location == *place)
    })
    .await;
}

/// A history is numbered by the second in which it begins, and nobody restores a database as fast as a test does.
async fn another_second() {
    let second = || std::time::SystemTime::UNIX_EPOCH.elapsed().expect("a time").as_secs();
    let begun = second();
    eventually("another second", || async { second() > begun }).await;
}

/// All at once, as a database loses commits.
async fn run(platform: &Platform, sql: &str) {
    statements::execute(&platform.config, &format!("BEGIN; {sql} COMMIT;")).await;
}

/// A PostgreSQL server of a test's own, whose files can be put back to what they were.
struct OwnServer {
    folder: TempDir,
    url: String,
}

impl OwnServer {
    fn start() -> Self {
        let folder = tempfile::tempdir_in("/var/tmp").expect("a folder");
        // The server is another user, who has to get there.
        std::fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).expect("a mode");
        let mut server = Self { folder, url: String::new() };
        server.url = server.run("start").trim().to_owned();
        server
    }

    /// What a command of `dev/services/postgres` prints.
    fn run(&self, command: &str) -> String {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/dev/services/postgres");
        let mut process = Command::new(script);
        process.arg(command).env("ELIDO_POSTGRES_FOLDER", self.folder.path().join("server"));
        let done = process.output().expect("the script runs");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).expect("text")
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        self.run("stop");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_failover_that_lost_commits_edges_serve_what_is_left_and_hear_of_every_edit() {
    let mut platform = Platform::start().await;
    let account = platform.account().await;
    let link = platform.create_link(&account, &json!({ "destination_url": place("first"), "slug": "moving" })).await;
    leads_to(&platform, "first").await;
    for number in 0..EDITS {
        edit(&platform, &account, &link, &format!("lost{number}")).await;
    }
    leads_to(&platform, "lost4").await;

    let loss = format!(
        "UPDATE change_sequence SET last = last - {EDITS};
         DELETE FROM changes WHERE sequence > (SELECT last FROM change_sequence);
         UPDATE links SET destination_url = '{}' WHERE slug = 'moving';",
        place("first")
    );
    run(&platform, &loss).await;
    leads_to(&platform, "first").await;
    edit(&platform, &account, &link, "after").await;
    leads_to(&platform, "after").await;
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_copy_is_served_as_it_is_and_not_as_the_snapshot_of_links_remembers() {
    let server = (!database::is_embedded()).then(OwnServer::start);
    let mut platform = Platform::start_with(|config| {
        if let Some(server) = &server {
            config.database.url = server.url.clone().into();
        }
    })
    .await;
    let account = platform.account().await;
    let link = platform.create_link(&account, &json!({ "destination_url": place("copied"), "slug": "moving" })).await;
    leads_to(&platform, "copied").await;
    platform.stop().await;
    let (file, copy) = (platform.config.data_folder.join("elido.db"), platform.config.data_folder.join("copy.db"));
    match &server {
        Some(server) => drop(server.run("save")),
        None => drop(std::fs::copy(&file, &copy).expect("a copy")),
    }

    another_second().await;
    platform.start_again().await;
    for number in 0..EDITS {
        edit(&platform, &account, &link, &format!("later{number}")).await;
    }
    leads_to(&platform, "later4").await;
    platform.stop().await;
    match &server {
        Some(server) => drop(server.run("load")),
        None => drop(std::fs::copy(&copy, &file).expect("the copy is back")),
    }
    another_second().await;

    platform.start_again().await;
    leads_to(&platform, "copied").await;
    edit(&platform, &account, &link, "edited").await;
    leads_to(&platform, "edited").await;
    let path = format!("/links/{}", link["id"].as_str().expect("an id"));
    let deleted = platform.of(&account, Method::DELETE, &path).send().await.expect("a response");
    assert_eq!(deleted.status(), StatusCode::NO_CONTENT);
    eventually("the link is gone", || async { platform.visit("/moving").await.status() == StatusCode::GONE }).await;
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_incarnation_of_a_database_never_gives_a_number_again() {
    let mut platform = Platform::start().await;
    let account = platform.account().await;
    let link = platform.create_link(&account, &json!({ "destination_url": place("first"), "slug": "moving" })).await;
    edit(&platform, &account, &link, "lost").await;
    leads_to(&platform, "lost").await;
    platform.stop().await;

    // As after a restore while nothing ran: fewer commits, and then as many new ones as were lost.
    let loss = format!(
        "UPDATE change_sequence SET last = last - 1, incarnation = 'another';
         DELETE FROM changes WHERE sequence > (SELECT last FROM change_sequence);
         UPDATE links SET destination_url = '{}' WHERE slug = 'moving';",
        place("first")
    );
    run(&platform, &loss).await;
    platform.start_again().await;
    platform.create_link(&account, &json!({ "destination_url": place("other"), "slug": "other" })).await;
    leads_to(&platform, "first").await;
    edit(&platform, &account, &link, "after").await;
    leads_to(&platform, "after").await;
    platform.stop().await;
}
