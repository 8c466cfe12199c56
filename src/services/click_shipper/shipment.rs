//! Some records of one journal on their way to the bus, until they are there.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::health::HealthBoard;
use super::metrics::ShipperMetrics;
use crate::domain::click::Click;
use crate::domain::time::Timestamp;
use crate::infra::bus::{BusError, Producer, Record};
use crate::infra::click_topic::{key_of, record_of, tally_of};
use crate::infra::journal::{Batch, JournalId, PlacedTally, Route, WatchedReader};
use crate::runtime::clock;

/// First and longest wait after a failure; it doubles from one to the other.
const RETRY_FIRST: Duration = Duration::from_millis(100);
const RETRY_MAX: Duration = Duration::from_secs(5);

/// What all shipments of a process share.
pub(super) struct Shared {
    /// Used by one blocking thread at a time.
    pub(super) reader: Mutex<WatchedReader>,
    pub(super) producer: Producer,
    pub(super) health: HealthBoard,
}

/// Why records are not there yet.
#[derive(Debug, thiserror::Error)]
enum ShipmentError {
    #[error(transparent)]
    Bus(#[from] BusError),
    #[error("the click journal cannot be used: {0}")]
    Journal(#[from] io::Error),
    #[error(
        "the record at {position} is too long for the brokers ({refusal}), and journal/undelivered has no room for it: let the \
         topic take longer records, or move those files away"
    )]
    NoRoom { position: u64, refusal: String },
}

/// Some records of one journal.
pub(super) struct Shipment {
    shared: Arc<Shared>,
    records: Arc<Batch>,
}

impl Shared {
    /// Does what may wait for the disk on a thread that may.
    pub(super) async fn on_blocking_thread<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&mut WatchedReader) -> T + Send + 'static,
    ) -> T {
        let shared = Arc::clone(self);
        let thread = tokio::task::spawn_blocking(move || {
            work(&mut shared.reader.lock().unwrap_or_else(PoisonError::into_inner))
        });
        match thread.await {
            Ok(outcome) => outcome,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            // The runtime is going down, and this task with it.
            Err(_) => std::future::pending().await,
        }
    }
}

impl Shipment {
    pub(super) fn new(shared: Arc<Shared>, records: Batch) -> Self {
        Self { shared, records: Arc::new(records) }
    }

    /// Ships until the brokers have taken all of it and the cursor has moved, however often that takes.
    pub(super) async fn deliver(self) -> JournalId {
        let journal = self.records.journal();
        let oldest = self.records.records().find_map(|(_, payload)| Some(Click::decode(payload).ok()?.at));
        let mut retry = RETRY_FIRST;
        loop {
            report_lag(oldest);
            match self.try_to_deliver().await {
                Ok(()) => break,
                Err(error) => self.shared.health.fails(Some(journal), error.to_string()),
            }
            tokio::time::sleep(retry).await;
            retry = (retry * 2).min(RETRY_MAX);
        }
        self.shared.health.is_well(Some(journal));
        journal
    }

    async fn try_to_deliver(&self) -> Result<(), ShipmentError> {
        let partition = self.partition().await?;
        match self.shared.producer.send_to(partition, self.to_send()).await {
            Err(BusError::TooLong(_)) => {
                let kept_aside = self.send_each(partition).await?;
                self.count(kept_aside);
            }
            sent => {
                sent?;
                self.count(0);
            }
        }
        let records = Arc::clone(&self.records);
        Ok(self.shared.on_blocking_thread(move |reader| reader.reader().acknowledge(&records)).await?)
    }

    /// The partition of the journal, which is written down before anything goes there.
    async fn partition(&self) -> Result<i32, ShipmentError> {
        let (journal, topic) = (self.records.journal(), self.shared.producer.topic().name.clone());
        let route = self.shared.on_blocking_thread(move |reader| reader.reader().route(journal)).await?;
        let kept = route.filter(|route| route.topic == topic).map(|route| route.partition);
        let partition = self.shared.producer.partition_for(&key_of(journal), kept).await?;
        if kept != Some(partition) {
            let route = Route { topic, partition };
            self.shared.on_blocking_thread(move |reader| reader.reader().set_route(journal, &route)).await?;
        }
        Ok(partition)
    }

    fn to_send(&self) -> Vec<Record> {
        self.items().map(|item| item.to_record(self.records.journal())).collect()
    }

    /// The records in their order, and the tally where it stands among them.
    fn items(&self) -> impl Iterator<Item = Item<'_>> {
        let tally = self.records.tally();
        let place = tally.map_or(u64::MAX, |placed| placed.position);
        let record = |(position, payload)| Item::Record(position, payload);
        let before = self.records.records().take_while(move |(position, _)| *position < place).map(record);
        let behind = self.records.records().skip_while(move |(position, _)| *position < place).map(record);
        before.chain(tally.map(Item::Tally)).chain(behind)
    }

    /// One after the other, so that only those stay behind that brokers do not even take alone. Returns how many these are.
    async fn send_each(&self, partition: i32) -> Result<u64, ShipmentError> {
        let mut kept_aside = 0;
        for item in self.items() {
            let record = item.to_record(self.records.journal());
            match (self.shared.producer.send_to(partition, vec![record]).await, item) {
                (Err(BusError::TooLong(refusal)), Item::Record(position, payload)) => {
                    self.keep_aside(position, payload.to_vec(), refusal).await?;
                    kept_aside += 1;
                }
                (sent, _) => sent?,
            }
        }
        Ok(kept_aside)
    }

    /// Keeps a record in a file. Until there is room for it, it stays in its journal, and so do those behind it.
    async fn keep_aside(&self, position: u64, payload: Vec<u8>, refusal: String) -> Result<(), ShipmentError> {
        let (journal, bytes) = (self.records.journal(), payload.len());
        let keep = move |reader: &mut WatchedReader| reader.reader().keep_undelivered(journal, position, &payload);
        if !self.shared.on_blocking_thread(keep).await? {
            return Err(ShipmentError::NoRoom { position, refusal });
        }
        tracing::error!(%journal, position, bytes, refusal, "a journal record is too long for the brokers: kept in journal/undelivered");
        Ok(())
    }

    /// Once all of it is where it belongs: before, it may have to be sent again.
    fn count(&self, kept_aside: u64) {
        let metrics = ShipperMetrics::global();
        metrics.shipped.increment(self.records.len() as u64 - kept_aside);
        metrics.kept_aside.increment(kept_aside);
    }
}

/// What is sent of a journal.
#[derive(Clone, Copy)]
enum Item<'a> {
    /// A record, by its position.
    Record(u64, &'a [u8]),
    /// How many there should be.
    Tally(PlacedTally),
}

impl Item<'_> {
    fn to_record(self, journal: JournalId) -> Record {
        match self {
            Self::Record(position, payload) => record_of(journal, position, payload),
            Self::Tally(placed) => tally_of(journal, placed.position, placed.tally),
        }
    }
}

/// Says how long the oldest record waits.
fn report_lag(oldest: Option<Timestamp>) {
    if let Some(oldest) = oldest {
        WatchedReader::report_lag(clock::now().since(oldest));
    }
}
