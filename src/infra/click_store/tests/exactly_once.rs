//! The law of storing: every record exactly once.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;

use super::*;

/// What happens to the ingester on its way through the journals.
#[derive(Debug, Clone)]
enum Step {
    /// It stores a range.
    Store { journal_id: u64, from: u64, length: u64 },
    /// It starts to, and is killed after so many polls.
    Killed { journal_id: u64, from: u64, length: u64, polls: u32 },
    /// It packs what is there, and is killed after so many polls.
    Packs { polls: u32 },
    /// The process starts again.
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let journal_id = prop_oneof![Just(1_u64), Just(u64::MAX)];
    let step = prop_oneof![
        4 => (journal_id.clone(), 0..200_u64, 0..150_u64)
            .prop_map(|(journal_id, from, length)| Step::Store { journal_id, from, length }),
        2 => (journal_id, 0..200_u64, 0..150_u64, 0..12_u32)
            .prop_map(|(journal_id, from, length, polls)| Step::Killed { journal_id, from, length, polls }),
        2 => (0..40_u32).prop_map(|polls| Step::Packs { polls }),
        1 => Just(Step::Restart),
    ];
    proptest::collection::vec(step, 1..12)
}

/// A range that begins where a reader may be: at or before the first record that is not known to be stored.
fn range(reached: &BTreeMap<u64, u64>, journal_id: u64, from: u64, length: u64) -> ClickBatch {
    let from = from.min(reached.get(&journal_id).copied().unwrap_or(0));
    batch(journal_id, from..from + length + 1)
}

async fn poll_some(work: impl Future, polls: u32) {
    let mut work = std::pin::pin!(work);
    for _ in 0..polls {
        let pause = tokio::time::sleep(Duration::from_micros(200));
        tokio::select! {
            biased;
            _ = &mut work => return,
            () = pause => {}
        }
    }
}

/// Goes these steps and says whether every record is there once.
async fn check(mut house: House, steps: Vec<Step>) {
    let mut reached = BTreeMap::new();
    let mut tried = BTreeMap::<u64, u64>::new();
    for step in steps {
        match step {
            Step::Store { journal_id, from, length } => {
                let batch = range(&reached, journal_id, from, length);
                house.put(&batch).await;
                let end = reached.entry(journal_id).or_insert(0);
                *end = (*end).max(batch.through + 1);
            }
            Step::Killed { journal_id, from, length, polls } => {
                let batch = range(&reached, journal_id, from, length);
                poll_some(house.put(&batch), polls).await;
                let end = tried.entry(journal_id).or_insert(0);
                *end = (*end).max(batch.through + 1);
            }
            Step::Packs { polls } => poll_some(house.store.compact(true), polls).await,
            Step::Restart => house.open_again().await,
        }
    }
    for (journal_id, end) in tried {
        let from = reached.get(&journal_id).copied().unwrap_or(0);
        if end > from {
            house.put(&batch(journal_id, from..end)).await;
            reached.insert(journal_id, end);
        }
    }
    let store = &house.store;
    if house.database.is_none() {
        assert_eq!(store.verify().await.expect("a verification").problems, Vec::<String>::new());
    }
    let events = store.events(&everything(workspace(1)), None, 10_000).await.expect("events");
    let identities: Vec<_> =
        events.iter().map(|event| (event.position.journal_id.as_u64(), event.position.position)).collect();
    let distinct: BTreeSet<_> = identities.iter().copied().collect();
    assert_eq!(identities.len(), distinct.len(), "a record is there twice");
    assert_eq!(store.account().await.expect("an account"), ClickAccount::default());
    let expected: BTreeSet<_> =
        reached.iter().flat_map(|(journal, end)| (0..*end).map(|position| (*journal, position))).collect();
    assert_eq!(distinct, expected);
    let totals = store.link_totals(workspace(1), &[link(1)]).await.expect("totals");
    let total = totals.get(&link(1)).map_or(0, |total| total.clicks);
    assert_eq!(total, u64::try_from(expected.len()).expect("small"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_record_is_stored_exactly_once_whatever_is_replayed_or_cut_short(steps in steps()) {
        run(async { check(House::embedded().await, steps).await });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10))]

    #[test]
    fn every_record_is_stored_exactly_once_in_clickhouse(steps in steps()) {
        run(async {
            if let Some(house) = House::on_server().await {
                check(house, steps).await;
            }
        });
    }
}
