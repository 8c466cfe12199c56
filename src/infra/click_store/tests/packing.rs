//! Packing and deleting: what is packed is answered as before, and what is deleted is gone wherever it was.

use super::*;
use crate::domain::time::Timestamp;

const HOUR: i64 = 3_600_000_000;
/// Long over.
const DAY_ONE: i64 = 1_700_006_400_000_000;

/// Clicks of several days, an hour apart, by a visitor a day.
fn days(positions: std::ops::Range<u64>) -> ClickBatch {
    let mut clicks = batch(1, positions);
    for record in &mut clicks.clicks {
        let hour = i64::try_from(record.position).expect("small");
        record.click.at = Timestamp::from_micros(DAY_ONE + hour * HOUR);
        record.click.visitor = Some(1 + record.position / 24);
    }
    clicks
}

fn ever() -> Selection {
    let (from, to) = (Timestamp::from_micros(0), Timestamp::from_micros(DAY_ONE + 100_000 * HOUR));
    Selection::everything(workspace(1), Period { from, to })
}

#[tokio::test]
async fn clicks_of_days_that_are_over_become_one_segment() {
    let House { store, .. } = &House::embedded().await;
    for part in 0..20_u64 {
        store.store(&days(part * 7..part * 7 + 7)).await.expect("stored");
        assert_eq!(store.compact(true).await.expect("packed").packed, 7);
    }
    let verified = store.verify().await.expect("a verification");
    assert_eq!((verified.clicks, verified.not_packed, verified.segments), (140, 0, 1));
    assert_eq!(verified.problems, Vec::<String>::new());
    assert_eq!(store.summary(&ever()).await.expect("a summary"), Counts { clicks: 140, visitors: 6 });
    assert_eq!(store.compact(true).await.expect("packed"), Compacted::default());
}

#[tokio::test]
async fn few_clicks_stay_rows_until_there_are_many() {
    let House { store, .. } = &House::embedded().await;
    store.store(&batch(1, 0..8_191)).await.expect("stored");
    assert_eq!(store.compact(false).await.expect("packed").packed, 0);
    store.store(&batch(1, 8_191..8_192)).await.expect("stored");
    assert_eq!(store.compact(false).await.expect("packed").packed, 8_192);
    assert_eq!(store.summary(&everything(workspace(1))).await.expect("a summary").clicks, 8_192);
}

#[tokio::test]
async fn old_clicks_go_and_totals_stay() {
    for packed in [false, true] {
        let House { store, .. } = &House::embedded().await;
        let mut clicks = batch(1, 0..5000);
        for (number, record) in clicks.clicks.iter_mut().enumerate() {
            record.click.workspace_id = [None, Some(workspace(1)), Some(workspace(2))][number % 3];
        }
        store.store(&clicks).await.expect("stored");
        if packed {
            store.compact(true).await.expect("packed");
        }
        assert_eq!(store.delete_before(micros(4000)).await.expect("deleted").clicks, 4000);
        let mut left = 0;
        for workspace_id in [workspace(1), workspace(2)] {
            left += store.summary(&everything(workspace_id)).await.expect("a summary").clicks;
        }
        assert_eq!(left, 667, "two of every three of the youngest thousand");
        let total = store.link_totals(workspace(1), &[link(1)]).await.expect("totals")[&link(1)];
        assert_eq!(total, LinkTotal { clicks: 1667, last_click_at: micros(4999) });
        assert_eq!(store.delete_before(micros(1_000_000)).await.expect("deleted").clicks, 1000);
        let verified = store.verify().await.expect("a verification");
        assert_eq!((verified.clicks, verified.segments), (0, 0));
    }
}

#[tokio::test]
async fn old_visits_to_no_link_go_and_other_clicks_stay() {
    for packed in [false, true] {
        let House { store, .. } = &House::embedded().await;
        let mut clicks = batch(1, 0..900);
        for (number, record) in clicks.clicks.iter_mut().enumerate() {
            record.click.workspace_id = [None, Some(workspace(1)), Some(workspace(1))][number % 3];
            record.click.link_id = [None, None, Some(link(1))][number % 3];
        }
        store.store(&clicks).await.expect("stored");
        if packed {
            store.compact(true).await.expect("packed");
        }
        assert_eq!(store.delete_orphans_before(micros(300)).await.expect("deleted").clicks, 200);
        assert_eq!(store.summary(&everything(workspace(1))).await.expect("a summary").clicks, 500);
        assert_eq!(store.verify().await.expect("a verification").problems, Vec::<String>::new());
    }
}

#[tokio::test]
async fn packing_and_deleting_at_the_same_time_lose_nothing_else() {
    let House { store, .. } = &House::embedded().await;
    for part in 0..10_u64 {
        store.store(&days(part * 500..part * 500 + 500)).await.expect("stored");
        let moment = Timestamp::from_micros(DAY_ONE + i64::try_from(part).expect("small") * 100 * HOUR);
        let (packed, deleted) = tokio::join!(store.compact(true), store.delete_before(moment));
        packed.expect("packed");
        deleted.expect("deleted");
    }
    let verified = store.verify().await.expect("a verification");
    assert_eq!((verified.clicks, verified.problems), (5_000 - 900, Vec::new()));
}

#[tokio::test]
async fn a_link_and_a_visitor_are_erased_and_all_other_clicks_stay() {
    for packed in [false, true] {
        for house in houses().await {
            let store = &house.store;
            let mut clicks = days(0..100);
            for (number, record) in (0..).zip(&mut clicks.clicks) {
                record.click.link_id = Some(link(number % 2));
            }
            house.put(&clicks).await;
            if packed && house.database.is_none() {
                store.compact(true).await.expect("packed");
            }
            let everything =
                Erasure { workspace_id: workspace(1), period: ever().period, link_id: None, visitor: None };
            let of_visitor = Erasure { visitor: Some(2), ..everything };
            assert_eq!(store.erase(&Erasure { link_id: Some(link(0)), ..of_visitor }).await.expect("erased"), 12);
            assert_eq!(store.erase(&of_visitor).await.expect("erased"), 12);
            assert_eq!(store.erase(&of_visitor).await.expect("erased"), 0);
            assert_eq!(store.erase(&Erasure { link_id: Some(link(1)), ..everything }).await.expect("erased"), 38);
            assert_eq!(store.erase(&Erasure { workspace_id: workspace(2), ..everything }).await.expect("erased"), 0);
            assert_eq!(store.summary(&ever()).await.expect("a summary"), Counts { clicks: 38, visitors: 4 });
        }
    }
}

#[tokio::test]
async fn a_store_is_read_without_being_changed_and_only_if_it_is_of_this_version() {
    let mut house = House::embedded().await;
    house.put(&batch(1, 0..10)).await;
    house.store.close().await;
    let before = house.files();
    let store = ClickStore::open_to_read(&house.config, house.folder()).await.expect("a store to read");
    assert_eq!(store.verify().await.expect("a verification").clicks, 10);
    assert!(store.compact(true).await.is_err(), "nothing can be written");
    store.close().await;
    assert_eq!(house.files(), before);

    let missing = tempfile::tempdir().expect("a folder");
    assert!(ClickStore::open_to_read(&house.config, missing.path()).await.is_err());
    assert_eq!(std::fs::read_dir(missing.path()).expect("a folder").count(), 0, "no file was made");

    house.open_again().await;
    house.forget_last_migration().await;
    let error = ClickStore::open_to_read(&house.config, house.folder()).await.map(|_| ()).expect_err("too old");
    assert!(error.to_string().contains("an ingester of this version"), "{error}");
}
