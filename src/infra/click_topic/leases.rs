//! How ingesters share the partitions: each says now and then that it lives, takes its share, and gives up what is above it.
//!
//! Invariants: a partition has one holder at a time, as the database knows it; each new holder has a higher fence, by which the click store
//! refuses those before it. The share of each is decided by the list of those that live, so that all come to the same. Time is that of the
//! database, and what it wrote before it was set back holds no longer than any other lease.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::error::Result;
use crate::domain::id::IngesterId;
use crate::domain::time::Timestamp;
use crate::infra::store::Store;
use crate::infra::store::click_partitions::{self, ClickPartition};

/// How long a partition is held without a word of its holder, and how long one counts as living.
const LEASE: Duration = Duration::from_secs(10);
/// A lease that is over later than this from now was written by a clock that was ahead, and is none.
const AHEAD_MAX: Duration = Duration::from_secs(20);

/// The leases of one ingester on the partitions of a topic.
pub struct Leases {
    store: Store,
    topic: String,
    id: IngesterId,
}

/// What an ingester holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Held {
    /// The fence of each partition that it is to read.
    pub keep: BTreeMap<i32, i64>,
    /// The fence of each that it holds and is to give up, because others have less.
    pub surplus: BTreeMap<i32, i64>,
}

impl Leases {
    /// Leases of a new ingester.
    #[must_use]
    pub fn new(store: Store, topic: &str) -> Self {
        Self { store, topic: topic.to_owned(), id: IngesterId::new() }
    }

    /// Who it is.
    #[must_use]
    pub fn id(&self) -> IngesterId {
        self.id
    }

    /// Says that it lives, holds on to what it has, and takes what is free of its share of these partitions.
    ///
    /// # Errors
    /// Only those of the database.
    pub async fn renew(&self, numbers: &[i32]) -> Result<Held> {
        let transaction = self.store.write().await?;
        let mut partitions = click_partitions::lock(&transaction, &self.topic, numbers).await?;
        // A topic that was made anew may have fewer of them.
        let is_there = |partition: &ClickPartition| numbers.iter().any(|number| i64::from(*number) == partition.number);
        partitions.retain(|partition| numbers.is_empty() || is_there(partition));
        // By the clock of now: the lock may have been waited for.
        let now = click_partitions::now(&transaction).await?;
        let until = now.plus(LEASE);
        click_partitions::forget_gone(&transaction, now, now.plus(AHEAD_MAX)).await?;
        let living = click_partitions::note_life(&transaction, self.id, until).await?;
        let share = share_of(self.id, &living, partitions.len());
        let (held, changed) = divide(self.id, &partitions, share, now);
        for partition in changed {
            let held = ClickPartition { owner: Some(self.id), lease_until: until, ..partition };
            click_partitions::hold(&transaction, &self.topic, held).await?;
        }
        transaction.commit().await?;
        Ok(held)
    }

    /// Gives up partitions, for others to take at once.
    ///
    /// # Errors
    /// Only those of the database.
    pub async fn release(&self, partitions: &BTreeMap<i32, i64>) -> Result<()> {
        if partitions.is_empty() {
            return Ok(());
        }
        let transaction = self.store.write().await?;
        for (number, fence) in partitions {
            click_partitions::release(&transaction, &self.topic, *number, *fence).await?;
        }
        transaction.commit().await
    }

    /// Gives up everything: this ingester ends.
    ///
    /// # Errors
    /// Only those of the database.
    pub async fn leave(&self, partitions: &BTreeMap<i32, i64>) -> Result<()> {
        self.release(partitions).await?;
        let transaction = self.store.write().await?;
        click_partitions::forget(&transaction, self.id).await?;
        transaction.commit().await
    }
}

/// How many of `count` partitions belong to one of those that live: as many as to any other, and the remainder to the first.
fn share_of(id: IngesterId, living: &[IngesterId], count: usize) -> usize {
    let living_count = living.len().max(1);
    let rank = living.iter().position(|other| *other == id).unwrap_or(0);
    count / living_count + usize::from(rank < count % living_count)
}

/// What an ingester has then, and the partitions whose rows change.
fn divide(id: IngesterId, partitions: &[ClickPartition], share: usize, now: Timestamp) -> (Held, Vec<ClickPartition>) {
    let (mut held, mut changed) = (Held::default(), Vec::new());
    let (own, others): (Vec<_>, Vec<_>) = partitions.iter().partition(|partition| partition.owner == Some(id));
    let key = |partition: &ClickPartition| i32::try_from(partition.number).ok().map(|number| (number, partition.fence));
    for (place, partition) in own.into_iter().enumerate() {
        let side = if place < share { &mut held.keep } else { &mut held.surplus };
        side.extend(key(partition));
        changed.push(*partition);
    }
    let is_held = |until: Timestamp| until >= now && until <= now.plus(AHEAD_MAX);
    let is_free = |partition: &&ClickPartition| partition.owner.is_none() || !is_held(partition.lease_until);
    let missing = share.saturating_sub(held.keep.len());
    for partition in others.into_iter().filter(is_free).take(missing) {
        // An older state of the database may come back; time does not.
        let taken = ClickPartition { fence: partition.fence.saturating_add(1).max(now.as_micros()), ..*partition };
        held.keep.extend(key(&taken));
        changed.push(taken);
    }
    (held, changed)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn partition(number: i64, owner: Option<IngesterId>, lease_until: i64) -> ClickPartition {
        ClickPartition { number, owner, fence: 5, lease_until: Timestamp::from_micros(lease_until) }
    }

    proptest! {
        #[test]
        fn shares_differ_by_one_at_most_and_are_everything(living in 1usize..20, count in 0usize..100) {
            let mut living: Vec<_> = (0..living).map(|_| IngesterId::new()).collect();
            living.sort_unstable();
            let shares: Vec<_> = living.iter().map(|id| share_of(*id, &living, count)).collect();
            prop_assert_eq!(shares.iter().sum::<usize>(), count);
            let (least, most) = (shares.iter().min().expect("some"), shares.iter().max().expect("some"));
            prop_assert!(most - least <= 1);
        }
    }

    #[test]
    fn what_is_free_or_over_is_taken_by_a_higher_fence_and_what_others_hold_is_not() {
        let (id, other) = (IngesterId::new(), IngesterId::new());
        let now = Timestamp::from_micros(100);
        let partitions = [
            partition(0, Some(other), 200),
            partition(1, Some(other), 50),
            partition(2, None, 0),
            partition(3, Some(id), 50),
        ];
        let (held, changed) = divide(id, &partitions, 3, now);
        assert_eq!(held.keep, BTreeMap::from([(1, 100), (2, 100), (3, 5)]));
        assert!(held.surplus.is_empty());
        assert_eq!(changed.len(), 3);
        let (held, _) = divide(id, &partitions, 1, now);
        assert_eq!(held.keep, BTreeMap::from([(3, 5)]));
    }

    #[test]
    fn a_lease_of_a_clock_that_was_ahead_is_free() {
        let (id, other) = (IngesterId::new(), IngesterId::new());
        let now = Timestamp::from_micros(100);
        let until = |ahead: Duration| now.plus(ahead).as_micros();
        let partitions = [
            partition(0, Some(other), until(LEASE)),
            partition(1, Some(other), until(AHEAD_MAX)),
            partition(2, Some(other), until(AHEAD_MAX + Duration::from_secs(1))),
            partition(3, Some(other), i64::MAX),
        ];
        let (held, _) = divide(id, &partitions, 4, now);
        assert_eq!(held.keep, BTreeMap::from([(2, 100), (3, 100)]));
    }

    #[test]
    fn what_is_above_the_share_is_to_be_given_up_and_held_until_then() {
        let id = IngesterId::new();
        let partitions = [0, 1, 2, 3].map(|number| partition(number, Some(id), 200));
        let (held, changed) = divide(id, &partitions, 2, Timestamp::from_micros(100));
        assert_eq!((held.keep.len(), held.surplus.len(), changed.len()), (2, 2, 4));
    }
}
