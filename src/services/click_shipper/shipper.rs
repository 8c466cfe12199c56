//! The loop: whatever lies in any of the journals goes to the bus, those of one journal in order, many journals at once.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::handed_over;
use super::health::{Health, HealthBoard};
use super::shipment::{Shared, Shipment};
use crate::infra::bus::Producer;
use crate::infra::journal::{Batch, JournalId, ShippingLock, WatchedReader};
use crate::infra::objects::Objects;

/// Records are shipped when there are so many of them in a journal, or so many bytes.
const RECORDS_MAX: usize = 1_000;
const BYTES_FULL: usize = 128 * 1024;
/// Or when so much time has passed since those before them.
const INTERVAL: Duration = Duration::from_millis(100);
/// How many journals have records on their way at once.
const SHIPMENTS_MAX: usize = 32;
/// What readiness and the log are told where the reader has named journals.
const UNREADABLE: &str = "some of the journals cannot be read";
/// How often a process that may not ship looks whether it may.
const TURN_INTERVAL: Duration = Duration::from_millis(500);

/// Moves clicks from the journals of a folder to the bus.
pub struct ClickShipper {
    shared: Arc<Shared>,
    folder: PathBuf,
    /// Where journals go that are not shipped when the process ends; without it they stay where they are.
    hand_over_to: Option<Objects>,
    /// Those that have records on their way.
    busy: BTreeSet<JournalId>,
    shipped: u64,
}

/// Why journals were not shipped.
#[derive(Debug, thiserror::Error)]
pub enum ShipError {
    /// They cannot be read.
    #[error("the click journals cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    /// Some of them are still there when the time is up.
    #[error("the bus did not take all of it in time; {0} records are shipped, and the rest is where it was")]
    Late(u64),
}

/// Shipments on their way.
type Underway = FuturesUnordered<std::pin::Pin<Box<dyn Future<Output = JournalId> + Send>>>;

impl ClickShipper {
    /// Ships the journals of this folder by this producer.
    #[must_use]
    pub fn new(folder: &Path, producer: Producer) -> Self {
        let reader = Mutex::new(WatchedReader::open(folder));
        let shared = Shared { reader, producer, health: HealthBoard::default() };
        Self {
            shared: Arc::new(shared),
            folder: folder.to_path_buf(),
            hand_over_to: None,
            busy: BTreeSet::new(),
            shipped: 0,
        }
    }

    /// What is not shipped when the process ends goes to these objects, from where [`super::jobs`] ship it.
    #[must_use]
    pub fn handing_over_to(self, objects: Option<Objects>) -> Self {
        Self { hand_over_to: objects, ..self }
    }

    /// How shipping goes from now on.
    #[must_use]
    pub fn health(&self) -> watch::Receiver<Health> {
        self.shared.health.subscribe()
    }

    /// Works until `stopping` is cancelled, then until the journals are empty, but no longer than `drain` after that. What is left stays in
    /// them for the next start, or for another process; or it is handed over, for which half of that time is kept.
    pub async fn run(mut self, stopping: CancellationToken, drain: Duration) {
        let Some(_lock) = stopping.run_until_cancelled(self.wait_for_turn()).await else { return };
        // What was on its way when this is cut short comes again, and whoever reads the bus knows what came before.
        stopping.run_until_cancelled(self.ship_for_ever()).await;
        let Some(objects) = self.hand_over_to.clone() else {
            self.ship_the_rest(drain).await;
            return;
        };
        // Also where all was shipped that can be read now: what cannot be is handed over as it is.
        self.ship_the_rest(drain / 2).await;
        self.hand_over(&objects, drain / 2).await;
    }

    async fn ship_the_rest(&mut self, patience: Duration) {
        match tokio::time::timeout(patience, self.ship_all()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(%error, "stopped before every click was shipped: a journal cannot be read");
            }
            Err(_) => tracing::warn!("stopped before every click was shipped; the rest is in the journal"),
        }
    }

    async fn hand_over(&self, objects: &Objects, patience: Duration) {
        match tokio::time::timeout(patience, handed_over::hand_over(&self.shared, objects)).await {
            Ok(Ok(0)) => {}
            Ok(Ok(journals)) => {
                tracing::info!(journals, "handed the rest over to the objects, from where it is shipped");
            }
            Ok(Err(error)) => tracing::error!(%error, "the journals could not be handed over and stay on this disk"),
            Err(_) => tracing::error!("there was no time to hand all journals over; the rest stays on this disk"),
        }
    }

    /// Ships what lies in the journals now, for at most `patience`; `_turn` is the lock of their folder. Returns how many records.
    ///
    /// # Errors
    /// They cannot be read, or the bus does not take all of it in time.
    pub async fn ship_once(mut self, _turn: &ShippingLock, patience: Duration) -> Result<u64, ShipError> {
        match tokio::time::timeout(patience, self.ship_all_that_comes()).await {
            Ok(shipped) => shipped.map_err(ShipError::from).map(|()| self.shipped),
            Err(_) => Err(ShipError::Late(self.shipped)),
        }
    }

    /// Of all processes on a folder, one ships.
    async fn wait_for_turn(&self) -> ShippingLock {
        loop {
            let folder = self.folder.clone();
            match self.shared.on_blocking_thread(move |_| ShippingLock::try_take(&folder)).await {
                Ok(Some(lock)) => {
                    self.shared.health.is_well(None);
                    return lock;
                }
                Ok(None) => self.shared.health.is_well(None),
                Err(error) => self.shared.health.fails(None, error.to_string()),
            }
            tokio::time::sleep(TURN_INTERVAL).await;
        }
    }

    async fn ship_for_ever(&mut self) {
        let mut underway = Underway::new();
        loop {
            match self.take_all(&mut underway, INTERVAL).await {
                Ok(()) if self.has_failures().await => self.shared.health.fails(None, UNREADABLE.to_owned()),
                Ok(()) => self.shared.health.is_well(None),
                Err(error) => self.shared.health.fails(None, error.to_string()),
            }
            let waited = tokio::time::timeout(INTERVAL, next_delivered(&mut underway)).await;
            if let Ok(journal) = waited {
                self.busy.remove(&journal);
            }
        }
    }

    /// Until nothing is left, as far as the journals can be read.
    async fn ship_all(&mut self) -> io::Result<()> {
        self.busy.clear();
        let mut underway = Underway::new();
        loop {
            self.take_all(&mut underway, Duration::ZERO).await?;
            let Some(journal) = underway.next().await else { return Ok(()) };
            self.busy.remove(&journal);
        }
    }

    /// The same, and until it is known of every copy of a journal whether it is whole.
    async fn ship_all_that_comes(&mut self) -> io::Result<()> {
        loop {
            self.ship_all().await?;
            if !self.shared.on_blocking_thread(|reader| reader.reader().is_expecting()).await {
                return Ok(());
            }
            tokio::time::sleep(INTERVAL).await;
        }
    }

    async fn has_failures(&self) -> bool {
        self.shared.on_blocking_thread(|reader| reader.has_failures()).await
    }

    /// Sends what there is of all journals that have nothing on its way. Of one that had little, the next comes after `interval`.
    async fn take_all(&mut self, underway: &mut Underway, interval: Duration) -> io::Result<()> {
        while underway.len() < SHIPMENTS_MAX {
            let busy = self.busy.clone();
            let taken = self.shared.on_blocking_thread(move |reader| reader.next_beside(&busy, RECORDS_MAX)).await?;
            let Some(records) = taken else { break };
            self.busy.insert(records.journal());
            self.shipped += records.len() as u64;
            underway.push(Box::pin(deliver(Arc::clone(&self.shared), records, interval)));
        }
        if underway.is_empty() {
            WatchedReader::report_lag(Duration::ZERO);
        }
        Ok(())
    }
}

async fn deliver(shared: Arc<Shared>, records: Batch, interval: Duration) -> JournalId {
    let (begun, is_full) = (Instant::now(), is_full(&records));
    let journal = Shipment::new(shared, records).deliver().await;
    if !is_full {
        tokio::time::sleep(interval.saturating_sub(begun.elapsed())).await;
    }
    journal
}

/// Whether there is probably more behind it.
fn is_full(records: &Batch) -> bool {
    let bytes = || records.records().map(|(_, payload)| payload.len()).sum::<usize>();
    records.len() >= RECORDS_MAX || bytes() >= BYTES_FULL
}

/// The journal whose records are there; waits for ever where none are on their way.
async fn next_delivered(underway: &mut Underway) -> JournalId {
    match underway.next().await {
        Some(journal) => journal,
        None => std::future::pending().await,
    }
}
