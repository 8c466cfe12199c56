//! Batches of partitions: stored once with their offsets, by one holder at a time.

use super::*;

fn held(number: i32, fence: i64) -> HeldPartition {
    HeldPartition { topic: "clicks".to_owned(), number, fence }
}

fn partition_batch(fence: i64, offsets: std::ops::Range<i64>, batches: Vec<ClickBatch>) -> PartitionBatch {
    PartitionBatch { partition: held(3, fence), last_record: Some(offsets.end * 7), offsets, batches }
}

fn behind(next_offset: i64) -> PartitionPosition {
    PartitionPosition { next_offset, last_record: Some(next_offset * 7) }
}

#[tokio::test]
async fn clicks_of_several_journals_and_the_offset_are_stored_together_and_once() {
    for house in houses().await {
        stored_together(house).await;
    }
}

async fn stored_together(mut house: House) {
    let store = &house.store;
    assert_eq!(store.take_over(&held(3, 1)).await.expect("taken"), None);
    let first = partition_batch(1, 0..25, vec![batch(1, 0..10), batch(2, 0..15)]);
    assert_eq!(store.store_partition_batch(&first).await.expect("stored"), Stored { inserted: 25, repeated: 0 });
    assert_eq!(store.store_partition_batch(&first).await.expect("stored"), Stored { inserted: 0, repeated: 25 });
    let overlapping = partition_batch(1, 20..40, vec![batch(2, 5..20)]);
    assert_eq!(store.store_partition_batch(&overlapping).await.expect("stored"), Stored { inserted: 5, repeated: 10 });
    house.open_again().await;

    let store = &house.store;
    assert_eq!(store.take_over(&held(3, 2)).await.expect("taken"), Some(behind(40)));
    assert_eq!(store.take_over(&held(4, 2)).await.expect("taken"), None, "partitions are apart");
    assert_eq!(store.stored_through(JournalId::from_u64(2)).await.expect("a position"), Some(19));
    assert_eq!(store.stored_through(JournalId::from_u64(3)).await.expect("a position"), None);
    assert_eq!(store.account().await.expect("an account"), ClickAccount::default());
}

#[tokio::test]
async fn a_holder_that_was_taken_over_from_stores_nothing_more() {
    for house in houses().await {
        refused_when_late(&house.store).await;
    }
}

async fn refused_when_late(store: &ClickStore) {
    store.take_over(&held(3, 1)).await.expect("taken");
    store.store_partition_batch(&partition_batch(1, 0..5, vec![batch(1, 0..5)])).await.expect("stored");
    assert_eq!(store.take_over(&held(3, 2)).await.expect("taken"), Some(behind(5)));

    let late = store.store_partition_batch(&partition_batch(1, 5..10, vec![batch(1, 5..10)])).await;
    assert!(matches!(late, Err(ClickStoreError::Fenced)), "{late:?}");
    assert!(matches!(store.take_over(&held(3, 1)).await, Err(ClickStoreError::Fenced)));
    assert_eq!(store.summary(&everything(workspace(1))).await.expect("a summary").clicks, 5);
    store.store_partition_batch(&partition_batch(2, 5..10, vec![batch(1, 5..10)])).await.expect("stored");
    assert_eq!(store.take_over(&held(3, 2)).await.expect("taken"), Some(behind(10)));
}

#[tokio::test]
async fn an_offset_goes_back_where_a_partition_is_read_again() {
    for house in houses().await {
        let store = &house.store;
        store.take_over(&held(3, 1)).await.expect("taken");
        store.store_partition_batch(&partition_batch(1, 0..50, vec![batch(1, 0..50)])).await.expect("stored");
        let again = partition_batch(1, 0..20, vec![batch(1, 30..50)]);
        assert_eq!(store.store_partition_batch(&again).await.expect("stored"), Stored { inserted: 0, repeated: 20 });
        assert_eq!(store.take_over(&held(3, 2)).await.expect("taken"), Some(behind(20)));
        store.store_partition_batch(&partition_batch(2, 20..30, vec![batch(2, 0..10)])).await.expect("stored");
        assert_eq!(store.take_over(&held(3, 2)).await.expect("taken"), Some(behind(30)));
        let unreadable = PartitionBatch { last_record: None, ..partition_batch(2, 30..35, Vec::new()) };
        assert_eq!(store.store_partition_batch(&unreadable).await.expect("passed"), Stored::default());
        let position = PartitionPosition { next_offset: 35, last_record: None };
        assert_eq!(store.take_over(&held(3, 2)).await.expect("taken"), Some(position));
        assert_eq!(store.summary(&everything(workspace(1))).await.expect("a summary").clicks, 60);
    }
}
