//! What the store keeps, shows and forgets.

mod accounts;
mod agreement;
mod alike;
mod exactly_once;
mod house;
mod limits;
mod packing;
mod partitions;
mod policies;
pub(in crate::infra::click_store) mod test_server;

pub(in crate::infra::click_store) use house::House;
use house::houses;

use super::test_clicks::{link, micros, visit, workspace};
use super::*;
use crate::domain::id::WorkspaceId;
use crate::domain::rule::AgentClass;
use crate::infra::journal::{JournalId, PlacedTally, Tally};

/// All records of a range, and what the writer counted before the last of them.
fn batch(journal: u64, positions: std::ops::Range<u64>) -> ClickBatch {
    let clicks = positions
        .clone()
        .map(|position| JournalledClick { position, click: visit(i64::try_from(position).expect("small")) })
        .collect();
    let through = positions.end.saturating_sub(1);
    let tally = Some(PlacedTally { position: through, tally: Tally { records: through, dropped: 0 } });
    ClickBatch { journal_id: JournalId::from_u64(journal), through, clicks, undecodable: Vec::new(), tally }
}

fn everything(workspace_id: WorkspaceId) -> Selection {
    Selection::everything(workspace_id, Period { from: micros(-1_000_000), to: micros(1_000_000_000) })
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(work)
}

#[tokio::test]
async fn a_click_survives_the_store() {
    for house in houses().await {
        let bare = EnrichedClick {
            workspace_id: Some(workspace(1)),
            domain_id: None,
            link_id: None,
            country: None,
            asn: None,
            utm: Utm::default(),
            slug: "x".repeat(300).into(),
            visitor: None,
            ..visit(-1)
        };
        let mut batch = batch(u64::MAX, 0..2);
        batch.clicks[1].click = bare.clone();
        assert_eq!(house.put(&batch).await, Stored { inserted: 2, repeated: 0 });
        let events = house.store.events(&everything(workspace(1)), None, 10).await.expect("events");
        let journal_id = JournalId::from_u64(u64::MAX);
        let event = |position, click: EnrichedClick| Event {
            position: EventPosition { at: click.at, journal_id, position },
            click,
        };
        assert_eq!(events, vec![event(0, visit(0)), event(1, bare)]);
    }
}

#[tokio::test]
async fn no_workspace_sees_the_clicks_of_another() {
    for house in houses().await {
        house.put(&batch(1, 0..5)).await;
        let store = &house.store;
        assert_eq!(store.summary(&everything(workspace(2))).await.expect("a summary"), Counts::default());
        assert_eq!(store.events(&everything(workspace(2)), None, 10).await.expect("events"), vec![]);
        assert!(store.link_totals(workspace(2), &[link(1)]).await.expect("totals").is_empty());
        assert_eq!(store.link_totals(workspace(1), &[link(1)]).await.expect("totals").len(), 1);
    }
}

#[tokio::test]
async fn what_is_left_out_is_told_by_the_first_reason() {
    for house in houses().await {
        let mut batch = batch(1, 0..6);
        let [person, bot, preview, prefetch, head, opted_out] = &mut batch.clicks[..] else { panic!("six clicks") };
        bot.click.agent = AgentClass::Bot;
        preview.click.agent = AgentClass::Preview;
        (prefetch.click.prefetch, prefetch.click.head) = (true, true);
        head.click.head = true;
        opted_out.click.opted_out = true;
        person.click.visitor = None;
        house.put(&batch).await;
        let selection = Selection { include: Include::default(), filters: Vec::new(), ..everything(workspace(1)) };
        let left_out = house.store.left_out(&selection).await.expect("what is left out");
        assert_eq!(left_out, LeftOut { bots: 1, previews: 1, prefetches: 1, heads: 1, opted_out: 1 });
        assert_eq!(house.store.summary(&selection).await.expect("a summary"), Counts { clicks: 1, visitors: 0 });
    }
}
