//! The loop: take, store, acknowledge; again and again, however often the store refuses.

use std::convert::Infallible;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::account_watch::AccountWatch;
use super::batch_reader::{BatchReader, Taken};
use super::dead_letters::DeadLetters;
use super::enricher::Enricher;
use super::health::{Accounts, Health};
use super::metrics::IngesterMetrics;
use super::policies::ClickPolicies;
use crate::config::sections::IngesterConfig;
use crate::infra::click_store::{ClickStore, ClickStoreError};
use crate::infra::geo::GeoDatabase;
use crate::infra::journal::WatchedReader;
use crate::infra::user_agent::UserAgents;
use crate::runtime::clock;

/// First and longest wait after a failure; it doubles from one to the other.
pub(super) const RETRY_FIRST: Duration = Duration::from_millis(100);
pub(super) const RETRY_MAX: Duration = Duration::from_secs(10);

/// Where clicks come from and what is looked up for them.
pub struct Sources<'a> {
    /// The folder of the journals.
    pub journal_folder: &'a Path,
    /// Where records that are no click are kept aside.
    pub data_folder: &'a Path,
    /// Countries and cities.
    pub geo: GeoDatabase,
    /// Devices and programs.
    pub user_agents: UserAgents,
    /// What workspaces ask of their clicks.
    pub policies: ClickPolicies,
}

/// Moves clicks from the journal into the store.
pub struct ClickIngester {
    /// Used by one blocking thread at a time.
    reader: Arc<Mutex<BatchReader>>,
    /// Taken from the journal, refused by the store.
    waiting: Option<Taken>,
    store: ClickStore,
    records_max: usize,
    interval: Duration,
    health: watch::Sender<Health>,
    accounts: AccountWatch,
    /// What the log was told last of why clicks are not being stored.
    failure: Option<String>,
}

/// What one round came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Round {
    /// A whole batch was stored; there may be more.
    Full,
    /// Less than a batch was stored.
    Partial,
    /// There was nothing to store.
    Empty,
}

/// Why a round came to nothing. The clicks are still in the journal.
#[derive(Debug, thiserror::Error)]
enum RoundError {
    #[error("the click journal cannot be read: {0}")]
    Journal(#[from] io::Error),
    #[error(transparent)]
    Store(#[from] ClickStoreError),
}

impl ClickIngester {
    /// An ingester from these sources into `store`.
    #[must_use]
    pub fn new(config: &IngesterConfig, sources: Sources<'_>, store: ClickStore) -> Self {
        let reader = BatchReader {
            reader: WatchedReader::open(sources.journal_folder),
            enricher: Enricher::new(sources.geo, sources.user_agents, sources.policies),
            dead_letters: DeadLetters::in_folder(sources.data_folder),
        };
        Self {
            reader: Arc::new(Mutex::new(reader)),
            waiting: None,
            accounts: AccountWatch::new(store.clone()),
            store,
            records_max: config.batch_clicks_max.max(1),
            interval: Duration::from_millis(config.batch_interval_ms),
            health: watch::Sender::new(Health::default()),
            failure: None,
        }
    }

    /// How the ingester is from now on.
    #[must_use]
    pub fn health(&self) -> watch::Receiver<Health> {
        self.health.subscribe()
    }

    /// What was written and what arrived, from now on.
    #[must_use]
    pub fn accounts(&self) -> watch::Receiver<Accounts> {
        self.accounts.subscribe()
    }

    /// Works until `stopping` is cancelled, then until the journal is empty, but no longer than `drain` after that. What is
    /// left stays in the journal for the next start.
    pub async fn run(mut self, stopping: CancellationToken, drain: Duration) {
        // A round may be cut short anywhere: what was not acknowledged comes again, and the store knows what it has.
        stopping.run_until_cancelled(self.work_for_ever()).await;
        if tokio::time::timeout(drain, self.drain()).await.is_err() {
            tracing::warn!("stopped before every click was stored; the rest is in the journal for the next start");
        }
    }

    async fn work_for_ever(&mut self) -> Infallible {
        let mut retry = RETRY_FIRST;
        loop {
            match self.work(&mut retry).await {
                Next::Pause(Round::Full) => {}
                Next::Pause(Round::Partial | Round::Empty) => tokio::time::sleep(self.interval).await,
                Next::Retry(wait) => tokio::time::sleep(wait).await,
            }
        }
    }

    async fn drain(&mut self) {
        let mut retry = RETRY_FIRST;
        loop {
            match self.work(&mut retry).await {
                Next::Pause(Round::Empty) => return,
                Next::Pause(Round::Full | Round::Partial) => {}
                Next::Retry(wait) => tokio::time::sleep(wait).await,
            }
        }
    }

    /// One round, and how to go on.
    async fn work(&mut self, retry: &mut Duration) -> Next {
        match self.round().await {
            Ok(round) => {
                *retry = RETRY_FIRST;
                let sick = self.on_blocking_thread(|reader| reader.reader.has_failures()).await;
                self.report(if sick { Health::JournalUnreadable } else { Health::Working }, None);
                Next::Pause(round)
            }
            Err(error) => {
                let health = match error {
                    RoundError::Store(_) => Health::StoreUnavailable,
                    RoundError::Journal(_) => Health::JournalUnreadable,
                };
                self.report(health, Some(&error));
                let wait = *retry;
                *retry = (wait * 2).min(RETRY_MAX);
                Next::Retry(wait)
            }
        }
    }

    async fn round(&mut self) -> Result<Round, RoundError> {
        self.accounts.begin().await?;
        let Some(taken) = self.take().await? else {
            WatchedReader::report_lag(Duration::ZERO);
            return Ok(Round::Empty);
        };
        if let Some(earliest) = taken.earliest {
            WatchedReader::report_lag(clock::now().since(earliest));
        }
        let taken = self.put(taken).await?;
        let round = if taken.records.len() < self.records_max { Round::Partial } else { Round::Full };
        let is_counted = taken.clicks.tally.is_some();
        self.acknowledge(taken).await;
        if is_counted {
            self.accounts.look().await?;
        }
        Ok(round)
    }

    /// What the store refused last, or else the next records of the journal.
    async fn take(&mut self) -> Result<Option<Taken>, RoundError> {
        if let Some(taken) = self.waiting.take() {
            return Ok(Some(taken));
        }
        let records_max = self.records_max;
        Ok(self.on_blocking_thread(move |reader| reader.take(records_max)).await?)
    }

    async fn put(&mut self, taken: Taken) -> Result<Taken, RoundError> {
        let metrics = IngesterMetrics::global();
        let begun = Instant::now();
        let result = self.store.store(&taken.clicks).await;
        metrics.batch_duration.record(begun.elapsed().as_secs_f64());
        match result {
            Ok(stored) => {
                metrics.batches_stored.increment(1);
                metrics.stored.increment(stored.inserted as u64);
                metrics.duplicates.increment(stored.repeated as u64);
                Ok(taken)
            }
            Err(error) => {
                metrics.batches_failed.increment(1);
                self.waiting = Some(taken);
                Err(error.into())
            }
        }
    }

    /// Where that fails, the reader tells, leaves that journal alone for a while, and hands its records out again: the store knows them.
    async fn acknowledge(&mut self, taken: Taken) {
        drop(self.on_blocking_thread(move |reader| reader.reader.reader().acknowledge(&taken.records)).await);
    }

    async fn on_blocking_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut BatchReader) -> T + Send + 'static,
    ) -> T {
        let reader = Arc::clone(&self.reader);
        let thread =
            tokio::task::spawn_blocking(move || work(&mut reader.lock().unwrap_or_else(PoisonError::into_inner)));
        match thread.await {
            Ok(outcome) => outcome,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            // The runtime is going down, and this task with it.
            Err(_) => std::future::pending().await,
        }
    }

    /// Tells readiness, and the log when something changed.
    fn report(&mut self, health: Health, error: Option<&RoundError>) {
        self.health.send_replace(health);
        let error = error.map(ToString::to_string);
        if error == self.failure {
            return;
        }
        match &error {
            Some(error) => tracing::error!(error, "clicks are not being stored; trying again"),
            None => tracing::info!("clicks are being stored again"),
        }
        self.failure = error;
    }
}

/// How to go on after a round.
enum Next {
    /// It went well.
    Pause(Round),
    /// It did not; wait this long.
    Retry(Duration),
}
