//! Clicks from the bus into the store, by as many processes as there are: each reads the partitions that it holds.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::account_watch::AccountWatch;
use super::bus_health::BusHealth;
use super::dead_clicks::DeadClicks;
use super::enricher::Enricher;
use super::health::{Accounts, Health};
use super::metrics::BusMetrics;
use super::partition::{Partition, Shared};
use crate::config::sections::IngesterConfig;
use crate::domain::error::Error;
use crate::infra::bus::{Bus, BusError, PartitionReader, Producer, Topic};
use crate::infra::click_store::{ClickStore, HeldPartition};
use crate::infra::click_topic::Leases;
use crate::infra::store::Store;
use crate::runtime::tasks::Tasks;

/// How often an ingester says that it lives: several times within a lease.
const HEARTBEAT: Duration = Duration::from_secs(2);
/// How often it looks whether there are more partitions, and how long that may take.
const LOOK_INTERVAL: Duration = Duration::from_secs(30);
const LOOK_TIMEOUT: Duration = Duration::from_secs(4);
/// How long the batch in hand of a partition may take when it is given up. What the store refuses then comes again to the next holder.
const GRACE: Duration = Duration::from_secs(4);

/// Where clicks come from.
pub struct BusSources {
    /// The brokers.
    pub bus: Bus,
    /// The topic of clicks.
    pub clicks: Topic,
    /// The topic of records that are no clicks.
    pub dead: Topic,
    /// Looks up what can be known of clicks.
    pub enricher: Enricher,
    /// Who holds which partition.
    pub store: Store,
}

/// Moves clicks from the bus into the store.
pub struct BusIngester {
    bus: Bus,
    clicks: Topic,
    leases: Leases,
    shared: Arc<Shared>,
    /// The partitions that there are, and when that was looked up.
    numbers: Vec<i32>,
    looked_at: Option<Instant>,
    /// The fence of each partition that this process holds, as the database knows it.
    held: BTreeMap<i32, i64>,
    running: BTreeMap<i32, Running>,
}

/// A partition that is being read.
struct Running {
    fence: i64,
    tasks: Tasks,
    ended: Arc<AtomicBool>,
}

/// Why partitions are not shared out.
#[derive(Debug, thiserror::Error)]
enum TurnError {
    #[error(transparent)]
    Bus(#[from] BusError),
    #[error(transparent)]
    Database(#[from] Error),
}

impl BusIngester {
    /// An ingester from these sources into `click_store`.
    #[must_use]
    pub fn new(config: &IngesterConfig, sources: BusSources, click_store: ClickStore) -> Self {
        let shared = Shared {
            accounts: AccountWatch::new(click_store.clone()),
            interval: Duration::from_millis(config.batch_interval_ms).max(click_store.interval_min()),
            store: click_store,
            enricher: Arc::new(Mutex::new(sources.enricher)),
            dead: DeadClicks::new(Producer::new(sources.bus.clone(), sources.dead)),
            health: BusHealth::new(),
        };
        Self {
            leases: Leases::new(sources.store, &sources.clicks.name),
            bus: sources.bus,
            clicks: sources.clicks,
            shared: Arc::new(shared),
            numbers: Vec::new(),
            looked_at: None,
            held: BTreeMap::new(),
            running: BTreeMap::new(),
        }
    }

    /// How the ingester is from now on.
    #[must_use]
    pub fn health(&self) -> watch::Receiver<Health> {
        self.shared.health.subscribe()
    }

    /// What was written and what arrived, from now on.
    #[must_use]
    pub fn accounts(&self) -> watch::Receiver<Accounts> {
        self.shared.accounts.subscribe()
    }

    /// Reads its share of the partitions until `tasks` stop; then finishes the batches in hand and gives the partitions up, so that
    /// others take them at once.
    pub async fn run(mut self, tasks: Tasks) {
        tracing::info!(ingester = %self.leases.id(), topic = self.clicks.name, "this process stores clicks from the bus");
        let stopping = tasks.stopping();
        stopping.run_until_cancelled(self.share_for_ever(&tasks)).await;
        self.hand_over().await;
    }

    async fn share_for_ever(&mut self, tasks: &Tasks) {
        loop {
            match self.turn(tasks).await {
                Ok(()) => self.shared.health.is_well(None),
                // Those that are being read go on being read: the store knows who holds them.
                Err(error @ TurnError::Bus(_)) => {
                    self.shared.health.fails(None, Health::BusUnavailable, &error.to_string());
                }
                Err(TurnError::Database(error)) => {
                    let cause = error.source.as_ref().map_or_else(|| error.to_string(), ToString::to_string);
                    self.shared.health.fails(None, Health::DatabaseUnavailable, &cause);
                }
            }
            BusMetrics::global().held.set(f64::from(u32::try_from(self.running.len()).unwrap_or(u32::MAX)));
            tokio::time::sleep(HEARTBEAT).await;
        }
    }

    async fn turn(&mut self, tasks: &Tasks) -> Result<(), TurnError> {
        let looked = self.look_for_partitions().await;
        self.give_up_ended().await?;
        let held = self.leases.renew(&self.numbers).await?;
        self.held = held.keep.clone();
        self.held.extend(held.surplus.clone());
        let is_lost =
            |(number, running): (&i32, &Running)| (held.keep.get(number) != Some(&running.fence)).then_some(*number);
        let lost: Vec<i32> = self.running.iter().filter_map(is_lost).collect();
        stop(lost.iter().filter_map(|number| self.running.remove_entry(number)).collect()).await;
        self.leases.release(&held.surplus).await?;
        self.held.retain(|number, _| !held.surplus.contains_key(number));
        for (number, fence) in held.keep {
            self.running.entry(number).or_insert_with(|| {
                let held = HeldPartition { topic: self.clicks.name.clone(), number, fence };
                let reader = PartitionReader::new(self.bus.clone(), &self.clicks.name, number);
                start(Partition { shared: Arc::clone(&self.shared), held, reader }, tasks)
            });
        }
        looked
    }

    /// Looks now and then whether there are more partitions.
    async fn look_for_partitions(&mut self) -> Result<(), TurnError> {
        let is_due = self.looked_at.is_none_or(|at| at.elapsed() > LOOK_INTERVAL);
        if !is_due {
            return Ok(());
        }
        let late = |_| BusError::Unavailable(format!("no answer within {LOOK_TIMEOUT:?}"));
        let looked = tokio::time::timeout(LOOK_TIMEOUT, self.bus.partitions(&self.clicks)).await;
        self.numbers = looked.map_err(late)??;
        self.looked_at = Some(Instant::now());
        Ok(())
    }

    /// A partition whose reader was refused by the store is held by nobody really: whoever takes it next does so by a higher fence.
    async fn give_up_ended(&mut self) -> Result<(), TurnError> {
        let ended = self.running.iter().filter(|(_, running)| running.ended.load(Ordering::Acquire));
        let ended: BTreeMap<i32, i64> = ended.map(|(number, running)| (*number, running.fence)).collect();
        self.leases.release(&ended).await?;
        self.running.retain(|number, _| !ended.contains_key(number));
        Ok(())
    }

    /// Finishes the batches in hand, and lets others have the partitions at once.
    async fn hand_over(mut self) {
        stop(std::mem::take(&mut self.running)).await;
        match tokio::time::timeout(GRACE, self.leases.leave(&self.held)).await {
            Ok(Ok(())) => tracing::info!(partitions = self.held.len(), "the partitions of the bus were handed over"),
            failed => tracing::warn!(
                ?failed,
                "the partitions of the bus were not handed over; others take them within seconds"
            ),
        }
    }
}

/// Finishes the batches in hand of these partitions, of all at once: one that is slow keeps no other from its next holder.
async fn stop(partitions: BTreeMap<i32, Running>) {
    let stopped = partitions.into_iter().map(|(partition, running)| async move {
        if running.tasks.stop(GRACE).await.is_err() {
            tracing::warn!(partition, "a partition is given up although its last batch is not stored yet");
        }
    });
    futures_util::future::join_all(stopped).await;
}

fn start(partition: Partition, tasks: &Tasks) -> Running {
    let (fence, tasks, ended) = (partition.held.fence, tasks.child(), Arc::new(AtomicBool::new(false)));
    let (stopping, end) = (tasks.stopping(), Arc::clone(&ended));
    tasks.spawn_finite("click-partition", async move {
        Box::pin(partition.run(stopping)).await;
        end.store(true, Ordering::Release);
    });
    Running { fence, tasks, ended }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn partitions_that_are_slow_to_stop_are_given_up_together() {
        let tasks = Tasks::new();
        let partition = |number| {
            let running = Running { fence: 1, tasks: tasks.child(), ended: Arc::default() };
            running.tasks.spawn_finite("click-partition", std::future::pending());
            (number, running)
        };
        let begun = Instant::now();
        stop((0..5).map(partition).collect()).await;
        assert!(begun.elapsed() < 2 * GRACE, "{:?}", begun.elapsed());
    }
}
