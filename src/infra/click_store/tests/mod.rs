//! What the store keeps, shows and forgets.

mod accounts;
mod agreement;
mod exactly_once;
mod partitions;

use tempfile::TempDir;

use super::test_clicks::{link, micros, visit, workspace};
use super::*;
use crate::config::sections::ClickStoreConfig;
use crate::domain::id::WorkspaceId;
use crate::infra::journal::{JournalId, PlacedTally, Tally};

/// All records of a stretch, and what the writer counted before the last of them.
fn batch(journal: u64, positions: std::ops::Range<u64>) -> ClickBatch {
    let clicks = positions
        .clone()
        .map(|position| JournalledClick { position, click: visit(i64::try_from(position).expect("small")) })
        .collect();
    let through = positions.end.saturating_sub(1);
    let tally = Some(PlacedTally { position: through, tally: Tally { records: through, dropped: 0 } });
    ClickBatch { journal_id: JournalId::from_u64(journal), through, clicks, undecodable: Vec::new(), tally }
}

async fn open(folder: &TempDir) -> ClickStore {
    let config = ClickStoreConfig { url: "sqlite:clicks.db".into(), retention_days: 0, orphan_retention_days: 0 };
    ClickStore::open(&config, folder.path()).await.expect("a store")
}

async fn new_store() -> (TempDir, ClickStore) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(&folder).await;
    (folder, store)
}

fn everything(workspace_id: WorkspaceId) -> Selection {
    Selection {
        workspace_id,
        period: Period { from: micros(-1_000_000), to: micros(1_000_000_000) },
        include: Include { bots: true, previews: true, prefetches: true, heads: true },
        filters: vec![Filter::any_of(
            Dimension::Kind,
            ["redirect", "missing", "gone", "root"].map(|kind| Some(Value::Text(kind.into()))).to_vec(),
        )],
        hidden_links: Vec::new(),
    }
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(work)
}

#[tokio::test]
async fn a_click_survives_the_store() {
    let (_folder, store) = new_store().await;
    let stored = store.store(&batch(u64::MAX, 0..1)).await.expect("stored");
    assert_eq!(stored, Stored { inserted: 1, repeated: 0 });
    let events = store.events(&everything(workspace(1)), None, 10).await.expect("events");
    let position = EventPosition { at: micros(0), journal_id: JournalId::from_u64(u64::MAX), position: 0 };
    assert_eq!(events, vec![Event { position, click: visit(0) }]);
}

#[tokio::test]
async fn no_workspace_sees_the_clicks_of_another() {
    let (_folder, store) = new_store().await;
    store.store(&batch(1, 0..5)).await.expect("stored");
    assert_eq!(store.summary(&everything(workspace(2))).await.expect("a summary"), Counts::default());
    assert_eq!(store.events(&everything(workspace(2)), None, 10).await.expect("events"), vec![]);
    assert!(store.link_totals(workspace(2), &[link(1)]).await.expect("totals").is_empty());
    assert_eq!(store.link_totals(workspace(1), &[link(1)]).await.expect("totals").len(), 1);
}

#[tokio::test]
async fn old_clicks_go_and_totals_stay() {
    let (_folder, store) = new_store().await;
    let mut clicks = batch(1, 0..5000);
    for (number, record) in clicks.clicks.iter_mut().enumerate() {
        record.click.workspace_id = [None, Some(workspace(1)), Some(workspace(2))][number % 3];
    }
    store.store(&clicks).await.expect("stored");
    assert_eq!(store.delete_before(micros(4000)).await.expect("deleted"), 4000);
    let mut left = 0;
    for workspace_id in [workspace(1), workspace(2)] {
        left += store.summary(&everything(workspace_id)).await.expect("a summary").clicks;
    }
    assert_eq!(left, 667, "two of every three of the youngest thousand");
    let total = store.link_totals(workspace(1), &[link(1)]).await.expect("totals")[&link(1)];
    assert_eq!(total, LinkTotal { clicks: 1667, last_click_at: micros(4999) });
}

#[tokio::test]
async fn old_visits_to_no_link_go_and_other_clicks_stay() {
    let (_folder, store) = new_store().await;
    let mut clicks = batch(1, 0..900);
    for (number, record) in clicks.clicks.iter_mut().enumerate() {
        record.click.workspace_id = [None, Some(workspace(1)), Some(workspace(1))][number % 3];
        record.click.link_id = [None, None, Some(link(1))][number % 3];
    }
    store.store(&clicks).await.expect("stored");
    assert_eq!(store.delete_orphans_before(micros(300)).await.expect("deleted"), 200);
    assert_eq!(store.summary(&everything(workspace(1))).await.expect("a summary").clicks, 500);
}
