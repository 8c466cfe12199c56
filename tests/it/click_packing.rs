//! Packing a store from before, killed again and again: every click is there once, and the rest is packed by the next attempt.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use elido::config::sections::ClickStoreConfig;
use elido::domain::click::ClickKind;
use elido::domain::id::{LinkId, WorkspaceId};
use elido::domain::rule::{AgentClass, Device};
use elido::domain::time::Timestamp;
use elido::infra::click_store::{ClickBatch, ClickStore, EnrichedClick, JournalledClick, Utm};
use elido::infra::journal::JournalId;
use serde_json::Value;

use crate::support::database;
use crate::support::platform::eventually;

const WORKSPACES: u64 = 20;
const CLICKS_OF_EACH: u64 = 500;

fn click(workspace_id: WorkspaceId, position: u64) -> JournalledClick {
    let click = EnrichedClick {
        at: Timestamp::from_micros(1_700_000_000_000_000 + i64::try_from(position).expect("small") * 1_000_000),
        kind: ClickKind::Redirect,
        status: 302,
        workspace_id: Some(workspace_id),
        domain_id: None,
        link_id: Some(LinkId::new()),
        host: "go.example.com".into(),
        slug: "sale".into(),
        country: Some("DE".into()),
        region: None,
        city: None,
        asn: None,
        device: Device::Mobile,
        os: None,
        browser: None,
        agent: AgentClass::Human,
        prefetch: false,
        head: false,
        opted_out: false,
        referrer_host: None,
        language: None,
        utm: Utm::default(),
        rule: None,
        variant: None,
        qr: false,
        visitor: Some(position),
    };
    JournalledClick { position, click }
}

/// Stores clicks that nobody has packed.
async fn fill(folder: &Path) {
    let store = ClickStore::open(&ClickStoreConfig::embedded("clicks.db"), folder).await.expect("a store");
    for number in 0..WORKSPACES {
        let workspace_id = WorkspaceId::new();
        let positions = number * CLICKS_OF_EACH..(number + 1) * CLICKS_OF_EACH;
        let through = positions.end - 1;
        let clicks = positions.map(|position| click(workspace_id, position)).collect();
        let batch =
            ClickBatch { journal_id: JournalId::from_u64(1), through, clicks, undecodable: Vec::new(), tally: None };
        store.store(&batch).await.expect("stored");
    }
    store.close().await;
}

fn clicks_command(folder: &Path, name: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_elido"));
    command.current_dir(folder).env("ELIDO_DATA_FOLDER", folder).args(["clicks", name, "--json"]);
    command
}

fn verified(folder: &Path) -> (Output, Value) {
    let output = clicks_command(folder, "verify").output().expect("it runs");
    let answer = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (output, answer)
}

#[tokio::test(flavor = "multi_thread")]
async fn packing_that_is_killed_again_and_again_keeps_every_click_once() {
    if !database::is_embedded() {
        println!("SKIPPED: this is about SQLite");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    fill(folder.path()).await;
    let all = WORKSPACES * CLICKS_OF_EACH;
    let mut waiting = Vec::new();
    for attempt in 1..=8_u64 {
        let mut packing = clicks_command(folder.path(), "compact").stdout(Stdio::null()).spawn().expect("it runs");
        let log = folder.path().join("clicks.db-wal");
        // The later the attempt, the more it has written when it is killed.
        eventually("it writes", || {
            let written = std::fs::metadata(&log).map_or(0, |log| log.len());
            std::future::ready(written > attempt * 30_000 || packing.try_wait().expect("a child").is_some())
        })
        .await;
        packing.kill().expect("killed");
        packing.wait().expect("gone");
        let (output, answer) = verified(folder.path());
        assert!(output.status.success(), "{output:?}");
        assert_eq!(answer["clicks"], all, "{answer}");
        waiting.push(answer["not_packed"].as_u64().expect("a number"));
    }
    assert!(waiting.is_sorted_by(|earlier, later| earlier >= later), "what is packed stays packed: {waiting:?}");
    let packed = clicks_command(folder.path(), "compact").output().expect("it runs");
    assert!(packed.status.success(), "{packed:?}");
    let (_, answer) = verified(folder.path());
    assert_eq!((&answer["clicks"], &answer["not_packed"]), (&all.into(), &0.into()), "{answer}");
}
