//! One partition of the bus: read, enrich, store; again and again, however often the store or the bus refuses.
//!
//! Invariants: an offset is passed in the transaction that stores what stands before it, so that this may be cut short anywhere. An offset is
//! believed where the record before it is the one that was stored last; otherwise the partition is read from its beginning, and what journals
//! have passed is passed over.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::account_watch::AccountWatch;
use super::bus_health::BusHealth;
use super::dead_clicks::DeadClicks;
use super::enricher::Enricher;
use super::health::Health;
use super::ingester::{RETRY_FIRST, RETRY_MAX};
use super::metrics::{BusMetrics, IngesterMetrics};
use super::prepared_batch::{Poison, PreparedBatch};
use crate::infra::bus::{BusError, Fetched, PartitionReader, Received, Unreadable};
use crate::infra::click_store::{ClickStore, ClickStoreError, HeldPartition, PartitionBatch, PartitionPosition};
use crate::runtime::clock;

/// How long a broker waits for records before it says that there are none.
const PATIENCE: Duration = Duration::from_millis(500);

/// What all partitions of a process share.
pub(super) struct Shared {
    pub(super) store: ClickStore,
    /// Used by one blocking thread at a time.
    pub(super) enricher: Arc<Mutex<Enricher>>,
    pub(super) dead: DeadClicks,
    /// How long clicks are collected when there were no more.
    pub(super) interval: Duration,
    pub(super) health: BusHealth,
    pub(super) accounts: AccountWatch,
}

impl Shared {
    /// Forgets how to tell visitors apart of days that are over, unless somebody does so or reads clicks just now: whoever has none to read asks
    /// again within a second.
    fn forget_past(&self) {
        if let Ok(mut enricher) = self.enricher.try_lock() {
            enricher.forget_past();
        }
    }
}

/// A partition that this process holds.
pub(super) struct Partition {
    pub(super) shared: Arc<Shared>,
    pub(super) held: HeldPartition,
    pub(super) reader: PartitionReader,
}

/// What one round came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Round {
    /// Something was stored, and there is more.
    Full,
    /// Everything was stored that was there.
    Partial,
    /// There was nothing to store, which was waited for.
    Empty,
}

/// Why a round came to nothing. The clicks are still on the bus.
#[derive(Debug, thiserror::Error)]
enum RoundError {
    #[error(transparent)]
    Bus(#[from] BusError),
    #[error(transparent)]
    Store(#[from] ClickStoreError),
}

impl RoundError {
    fn count(&self) {
        let Self::Store(_) = self else { return };
        let metrics = BusMetrics::global();
        let counter = match self.health() {
            Health::StoreBusy => &metrics.store_busy,
            Health::StoreReadOnly => &metrics.store_read_only,
            Health::DatabaseUnavailable => &metrics.database_unavailable,
            _ => &metrics.store_unavailable,
        };
        counter.increment(1);
    }

    fn health(&self) -> Health {
        match self {
            Self::Bus(_) => Health::BusUnavailable,
            Self::Store(ClickStoreError::Busy(_)) => Health::StoreBusy,
            Self::Store(ClickStoreError::ReadOnly(_)) => Health::StoreReadOnly,
            Self::Store(ClickStoreError::Progress(_)) => Health::DatabaseUnavailable,
            Self::Store(_) => Health::StoreUnavailable,
        }
    }
}

impl Partition {
    /// Works until `stopping`, or until somebody else holds the partition.
    pub(super) async fn run(mut self, stopping: CancellationToken) {
        stopping.run_until_cancelled(Box::pin(self.work())).await;
        BusMetrics::set_lag(self.held.number, 0, Duration::ZERO);
        self.shared.health.is_well(Some(self.held.number));
    }

    async fn work(&mut self) {
        let (mut retry, mut offset) = (RETRY_FIRST, None);
        loop {
            match self.round(&mut offset).await {
                Ok(round) => {
                    retry = RETRY_FIRST;
                    self.shared.health.is_well(Some(self.held.number));
                    if round == Round::Partial {
                        tokio::time::sleep(self.shared.interval).await;
                    }
                }
                Err(RoundError::Store(error @ ClickStoreError::Fenced)) => {
                    tracing::info!(partition = self.held.number, "{error}");
                    return;
                }
                Err(error) => {
                    error.count();
                    // The brokers that are there afterwards may be others.
                    offset = offset.filter(|_| matches!(error, RoundError::Store(_)));
                    self.shared.health.fails(Some(self.held.number), error.health(), &error.to_string());
                    tokio::time::sleep(retry).await;
                    retry = (retry * 2).min(RETRY_MAX);
                }
            }
        }
    }

    /// `offset` is that of the next record, once it is known.
    async fn round(&mut self, offset: &mut Option<i64>) -> Result<Round, RoundError> {
        let next = match *offset {
            Some(next) => next,
            None => self.begin().await?,
        };
        *offset = Some(next);
        let fetched = match self.reader.read(next, PATIENCE).await {
            Err(BusError::OutOfRange(error)) => {
                *offset = Some(self.skip(next, &error).await?);
                return Ok(Round::Empty);
            }
            fetched => fetched?,
        };
        if let Some(unreadable) = &fetched.unreadable {
            self.pass(unreadable).await?;
            *offset = Some(unreadable.offsets.end);
            return Ok(Round::Full);
        }
        // Told before they are stored: where the store takes none, this is all that grows.
        self.report_lag(next, &fetched);
        let Some(last) = fetched.records.last().map(|record| record.offset) else {
            self.shared.forget_past();
            return Ok(Round::Empty);
        };
        let end = fetched.end;
        let round = if last + 1 < end { Round::Full } else { Round::Partial };
        self.store(next..last + 1, fetched).await?;
        *offset = Some(last + 1);
        if round == Round::Partial {
            self.shared.forget_past();
            BusMetrics::set_lag(self.held.number, 0, Duration::ZERO);
        }
        Ok(round)
    }

    /// Keeps out whoever held the partition before, and says where to go on.
    async fn begin(&mut self) -> Result<i64, RoundError> {
        self.shared.accounts.begin().await?;
        let position = self.shared.store.take_over(&self.held).await?;
        let Some(PartitionPosition { next_offset: next, last_record }) = position else {
            return Ok(self.reader.first_offset().await?);
        };
        match last_record {
            Some(last) if !self.is_last(next, last).await? => {
                let first = self.reader.first_offset().await?;
                Ok(self.start_again(next, first, "another record is where the last one was"))
            }
            _ => Ok(next),
        }
    }

    /// Whether the record before `next` is the one with this fingerprint; also where it is not kept any more.
    async fn is_last(&mut self, next: i64, last: i64) -> Result<bool, RoundError> {
        match self.reader.read(next - 1, PATIENCE).await {
            // So is `next`, or it is the first that there is.
            Err(BusError::OutOfRange(_)) => Ok(true),
            fetched => {
                let is_last = |record: &Received| record.offset == next - 1 && record.fingerprint() == last;
                Ok(fetched?.records.first().is_some_and(is_last))
            }
        }
    }

    /// Goes on at the first record that there is: of a partition that is another than the one that was read until now.
    fn start_again(&self, next: i64, first: i64, reason: &str) -> i64 {
        let partition = self.held.number;
        BusMetrics::global().restarts.increment(1);
        tracing::error!(
            partition,
            next,
            first,
            reason,
            "this partition is not the one that was read before, as on a new bus: it is read from its beginning"
        );
        first
    }

    /// Goes on at the first record that there is.
    async fn skip(&mut self, next: i64, error: &str) -> Result<i64, RoundError> {
        let (partition, first) = (self.held.number, self.reader.first_offset().await?);
        if first < next {
            return Ok(self.start_again(next, first, error));
        }
        let expired = u64::try_from(first - next).unwrap_or(0);
        BusMetrics::global().expired.increment(expired);
        tracing::error!(partition, next, first, expired, error, "records expired on the bus before they were read");
        Ok(first)
    }

    /// Keeps what can be kept of records that cannot be read, and passes them.
    async fn pass(&self, unreadable: &Unreadable) -> Result<(), RoundError> {
        self.shared.dead.take_unreadable(self.held.number, unreadable).await?;
        let (partition, offsets) = (self.held.clone(), unreadable.offsets.clone());
        let passed = PartitionBatch { partition, offsets, batches: Vec::new(), last_record: None };
        self.shared.store.store_partition_batch(&passed).await?;
        Ok(())
    }

    async fn store(&self, offsets: std::ops::Range<i64>, fetched: Fetched) -> Result<(), RoundError> {
        let metrics = IngesterMetrics::global();
        let last_record = fetched.records.last().map(Received::fingerprint);
        let mut prepared = self.prepare(fetched.records).await;
        let poison = std::mem::take(&mut prepared.poison);
        self.shared.dead.take(self.held.number, &self.new_of(poison).await?).await?;
        let is_counted = prepared.has_tally();
        let batches = prepared.batches.into_values().collect();
        let partition_batch = PartitionBatch { partition: self.held.clone(), offsets, batches, last_record };
        let begun = Instant::now();
        let result = self.shared.store.store_partition_batch(&partition_batch).await;
        metrics.batch_duration.record(begun.elapsed().as_secs_f64());
        match result {
            Ok(stored) => {
                metrics.batches_stored.increment(1);
                metrics.stored.increment(stored.inserted as u64);
                metrics.duplicates.increment(stored.repeated as u64 + prepared.repeated);
            }
            Err(error) => {
                metrics.batches_failed.increment(1);
                return Err(error.into());
            }
        }
        if is_counted {
            self.shared.accounts.look().await?;
        }
        Ok(())
    }

    /// Those that the store has not passed, which is so where they come a second time.
    async fn new_of(&self, poison: Vec<Poison>) -> Result<Vec<Poison>, RoundError> {
        let (mut new, mut marks) = (Vec::new(), HashMap::new());
        for each in poison {
            let Some((journal, position)) = each.place else {
                new.push(each);
                continue;
            };
            let mark = match marks.get(&journal) {
                Some(mark) => *mark,
                None => *marks.entry(journal).or_insert(self.shared.store.stored_through(journal).await?),
            };
            if mark.is_none_or(|mark| position > mark) {
                new.push(each);
            }
        }
        Ok(new)
    }

    async fn prepare(&self, records: Vec<Received>) -> PreparedBatch {
        let (enricher, dead_topic) = (Arc::clone(&self.shared.enricher), self.shared.dead.topic().to_owned());
        let thread = tokio::task::spawn_blocking(move || {
            let mut enricher = enricher.lock().unwrap_or_else(PoisonError::into_inner);
            PreparedBatch::read(records, &dead_topic, &mut enricher)
        });
        match thread.await {
            Ok(prepared) => prepared,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            // The runtime is going down, and this task with it.
            Err(_) => std::future::pending().await,
        }
    }

    fn report_lag(&self, next: i64, fetched: &Fetched) {
        let age = fetched.records.first().map_or(Duration::ZERO, |oldest| clock::now().since(oldest.sent_at));
        BusMetrics::set_lag(self.held.number, fetched.end - next, age);
    }
}
