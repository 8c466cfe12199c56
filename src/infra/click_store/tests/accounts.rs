//! Whether what arrived is what was written.

use super::*;

fn tally(position: u64, records: u64, dropped: u64) -> PlacedTally {
    PlacedTally { position, tally: Tally { records, dropped } }
}

/// What every form comes to.
async fn account_of(batches: &[ClickBatch]) -> ClickAccount {
    let mut accounts = Vec::new();
    for house in houses().await {
        for batch in batches {
            house.put(batch).await;
        }
        accounts.push(house.store.account().await.expect("an account"));
    }
    assert!(accounts.windows(2).all(|pair| pair[0] == pair[1]), "{accounts:?}");
    accounts[0]
}

#[tokio::test]
async fn records_that_never_came_are_missing_and_those_that_come_again_are_counted_once() {
    let first = ClickBatch { tally: None, ..batch(7, 0..10) };
    let later = ClickBatch { tally: Some(tally(25, 23, 4)), ..batch(7, 13..20) };
    let expected = ClickAccount { missing: 6, surplus: 0, dropped: 4 };
    assert_eq!(account_of(&[first.clone(), later.clone()]).await, expected);
    assert_eq!(account_of(&[first.clone(), first, later.clone(), later]).await, expected);
}

#[tokio::test]
async fn records_that_are_no_click_have_arrived_all_the_same() {
    let mixed = ClickBatch { undecodable: vec![20, 21], tally: Some(tally(22, 12, 0)), through: 22, ..batch(7, 0..10) };
    assert_eq!(account_of(&[mixed]).await, ClickAccount::default());
}

#[tokio::test]
async fn what_was_never_counted_as_written_is_a_surplus() {
    let more = ClickBatch { tally: Some(tally(10, 8, 0)), through: 10, ..batch(7, 0..10) };
    assert_eq!(account_of(&[more]).await, ClickAccount { missing: 0, surplus: 2, dropped: 0 });
}

#[tokio::test]
async fn what_follows_a_tally_waits_for_the_next_one() {
    let open = ClickBatch { tally: Some(tally(5, 5, 0)), ..batch(7, 0..10) };
    let closed = ClickBatch { clicks: Vec::new(), tally: Some(tally(12, 10, 0)), through: 12, ..batch(7, 10..11) };
    assert_eq!(account_of(std::slice::from_ref(&open)).await, ClickAccount::default());
    assert_eq!(account_of(&[open, closed]).await, ClickAccount::default());
}
