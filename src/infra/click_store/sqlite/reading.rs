//! One consistent look at the store, with an end to its patience.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sqlx::sqlite::SqliteConnection;
use sqlx::{Sqlite, Transaction};

use super::connection::ClickStore;
use crate::domain::query_limits::QueryLimits;
use crate::infra::click_store::ClickStoreError;

/// Longest that one look may take that nobody asked a question for.
const READING_TIME_MAX: Duration = Duration::from_secs(10);
/// Longest that a look at everything may take.
const LONG_READING_TIME_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// Virtual machine steps between two looks at the clock: a fraction of a millisecond.
const STEPS_BETWEEN_LOOKS: i32 = 10_000;

/// A read transaction: its queries all see the same clicks. SQLite itself stops a query when the time is up, and when nobody waits
/// for the response any more. A reader keeps the clock of its last use until the next, so it is asked in no other way.
pub(super) struct Reading {
    transaction: Transaction<'static, Sqlite>,
    abandoned: Arc<AtomicBool>,
    deadline: Instant,
}

impl Reading {
    /// Waits for a reader and starts the clock.
    pub(super) async fn begin(store: &ClickStore) -> Result<Self, ClickStoreError> {
        Self::begin_within(store, READING_TIME_MAX).await
    }

    /// The same for a question, which may take as long as the settings say, or what its workspace has of its own.
    pub(super) async fn begin_question(store: &ClickStore, own: QueryLimits) -> Result<Self, ClickStoreError> {
        Self::begin_within(store, store.limits.with(own).time).await
    }

    /// The same for a look at everything, which may take hours.
    pub(super) async fn begin_long(store: &ClickStore) -> Result<Self, ClickStoreError> {
        Self::begin_within(store, LONG_READING_TIME_MAX).await
    }

    async fn begin_within(store: &ClickStore, time_max: Duration) -> Result<Self, ClickStoreError> {
        let mut transaction = store.readers.begin().await?;
        let abandoned = Arc::new(AtomicBool::new(false));
        let deadline = Instant::now() + time_max;
        let seen = Arc::clone(&abandoned);
        transaction.lock_handle().await?.set_progress_handler(STEPS_BETWEEN_LOOKS, move || {
            !seen.load(Ordering::Relaxed) && Instant::now() < deadline
        });
        Ok(Self { transaction, abandoned, deadline })
    }

    /// Whether there is time left. Many short queries one after the other are none that SQLite would stop.
    ///
    /// # Errors
    /// `TimeLimit` if there is none.
    pub(super) fn require_time(&self) -> Result<(), ClickStoreError> {
        if Instant::now() < self.deadline { Ok(()) } else { Err(ClickStoreError::TimeLimit) }
    }

    /// Where to ask.
    pub(super) fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.transaction
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.abandoned.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::sections::ClickStoreConfig;

    /// Would take minutes.
    const ENDLESS: &str = "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers LIMIT 1000000000) \
        SELECT sum(n) FROM numbers";

    async fn open(folder: &tempfile::TempDir) -> ClickStore {
        let config = ClickStoreConfig::embedded("clicks.db");
        ClickStore::open(&config, folder.path()).await.expect("a store")
    }

    #[tokio::test]
    async fn a_question_ends_when_its_time_is_up_and_the_reader_goes_on() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = open(&folder).await;
        for _ in 0..5 {
            let mut reading = Reading::begin_within(&store, Duration::from_millis(20)).await.expect("a reader");
            let answer = sqlx::query(ENDLESS).execute(reading.connection()).await.map_err(ClickStoreError::from);
            assert!(matches!(answer, Err(ClickStoreError::TimeLimit)), "{answer:?}");
        }
        store.check().await.expect("a sign of life");
    }

    #[tokio::test]
    async fn short_queries_have_the_same_end_together() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = open(&folder).await;
        let reading = Reading::begin_within(&store, Duration::ZERO).await.expect("a reader");
        assert!(matches!(reading.require_time(), Err(ClickStoreError::TimeLimit)));
        let reading = Reading::begin(&store).await.expect("a reader");
        reading.require_time().expect("there is time");
    }

    #[tokio::test]
    async fn a_question_ends_when_nobody_waits_any_more() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = open(&folder).await;
        for _ in 0..8 {
            let mut reading = Reading::begin(&store).await.expect("a reader");
            let query = sqlx::query(ENDLESS).execute(reading.connection());
            assert!(tokio::time::timeout(Duration::from_millis(20), query).await.is_err(), "still busy");
        }
        store.check().await.expect("a sign of life");
    }
}
