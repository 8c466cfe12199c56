//! What is left of a workspace that is gone for good: its clicks and its files go as well, also clicks that come afterwards.

use std::path::Path;

use elido::domain::id::WorkspaceId;
use elido::domain::time::Timestamp;
use elido::infra::click_store::{ClickStore, Period, Selection};
use reqwest::{Method, StatusCode};
use serde_json::json;
use sqlx::{Connection, SqliteConnection};

use crate::support::platform::{Account, Platform, body, eventually};
use crate::support::statements::{do_again, execute};

/// Visits links, so often.
async fn visit(platform: &Platform, slug: &str, visits: usize) {
    for _ in 0..visits {
        assert_eq!(platform.visit(&format!("/{slug}")).await.status(), StatusCode::FOUND);
    }
}

/// Has the workers do once more what is due from time to time.
async fn tick(platform: &Platform, kind: &str) {
    do_again(&platform.config, kind, "attempts = 0").await;
}

async fn store(platform: &Platform) -> ClickStore {
    let config = &platform.config;
    ClickStore::open_to_read(&config.click_store, &config.data_folder).await.expect("a store")
}

/// How many clicks of the workspace the store has, whatever they are.
async fn stored(platform: &Platform, account: &Account) -> u64 {
    let workspace: WorkspaceId = account.workspace.parse().expect("an id");
    let period = Period { from: Timestamp::EARLIEST, to: Timestamp::LATEST };
    store(platform).await.summary(&Selection::everything(workspace, period)).await.expect("a summary").clicks
}

/// How many clicks the store was ever given.
async fn taken(platform: &Platform) -> i64 {
    let url = format!("sqlite:{}", platform.config.data_folder.join("clicks.db").display());
    let mut connection = SqliteConnection::connect(&url).await.expect("the file");
    let records = sqlx::query_scalar("SELECT coalesce(sum(records), 0) FROM journal_accounts");
    records.fetch_one(&mut connection).await.expect("a number")
}

/// Has the workspace deleted for good.
async fn purge(platform: &Platform, account: &Account) {
    body(platform.of(account, Method::DELETE, ""), StatusCode::NO_CONTENT).await;
    tick(platform, "purge_workspaces").await;
    let is_noted = "UPDATE purged_workspaces SET purged_at = purged_at";
    eventually("it is gone", || async { execute(&platform.config, is_noted).await == 1 }).await;
}

/// The files of this workspace among the objects.
fn files(platform: &Platform, account: &Account) -> usize {
    fn below(folder: &Path, is_inside: bool, workspace: &str) -> usize {
        let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
        entries
            .map(|entry| entry.expect("an entry").path())
            .map(|path| {
                let is_inside = is_inside || path.ends_with(workspace);
                if path.is_dir() { below(&path, is_inside, workspace) } else { usize::from(is_inside) }
            })
            .sum()
    }
    below(&platform.config.data_folder.join("objects"), false, &account.workspace)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purged_workspace_takes_its_clicks_and_files_along_and_another_keeps_its_own() {
    let platform = Platform::start_with(|config| config.api.workspace_deletion_days = 0).await;
    let account = platform.account().await;
    let other = platform.sign_in().await;
    for (account, slug) in [(&account, "mine"), (&other, "theirs")] {
        let draft = json!({ "destination_url": "https://example.com/", "slug": slug });
        platform.create_link(account, &draft).await;
        visit(&platform, slug, 3).await;
        body(platform.of(account, Method::POST, "/click-exports").json(&json!({})), StatusCode::ACCEPTED).await;
    }
    for account in [&account, &other] {
        eventually("three clicks", || async { stored(&platform, account).await == 3 }).await;
        eventually("a file", || async { files(&platform, account) == 1 }).await;
    }
    purge(&platform, &account).await;
    eventually("its clicks are gone", || async {
        tick(&platform, "erase_purged_workspaces").await;
        stored(&platform, &account).await == 0
    })
    .await;
    eventually("its files are gone", || async {
        tick(&platform, "forget_objects").await;
        files(&platform, &account) == 0
    })
    .await;
    assert_eq!((stored(&platform, &other).await, files(&platform, &other)), (3, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn clicks_that_come_after_their_workspace_was_purged_are_erased_by_a_later_pass() {
    let mut platform = Platform::start_with(|config| config.api.workspace_deletion_days = 0).await;
    let account = platform.account().await;
    platform.create_link(&account, &json!({ "destination_url": "https://example.com/", "slug": "mine" })).await;
    visit(&platform, "mine", 1).await;
    eventually("a click", || async { stored(&platform, &account).await == 1 }).await;
    platform.stop().await;
    // Without an ingester clicks wait in the journal.
    platform.start_again_as("edge,api,workers".parse().expect("roles")).await;
    visit(&platform, "mine", 4).await;
    purge(&platform, &account).await;
    eventually("what was stored is gone", || async {
        tick(&platform, "erase_purged_workspaces").await;
        stored(&platform, &account).await == 0
    })
    .await;
    platform.stop().await;
    platform.start_again().await;
    eventually("they are taken", || async { taken(&platform).await == 5 }).await;
    eventually("they are gone as well", || async {
        tick(&platform, "erase_purged_workspaces").await;
        stored(&platform, &account).await == 0
    })
    .await;
}
