//! A check that is made by a task of its own, at most once in a while, however many ask and however long it takes.
//!
//! Whoever asks is told the newest result. Of a check that is still running, such as one that waits for another's
//! write, the one before it counts for a while.

use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::readiness::{Condition, Readiness};
use crate::domain::error::{Error, Result};
use crate::infra::click_store::ClickStore;
use crate::infra::objects::Objects;
use crate::infra::store::Store;
use crate::runtime::tasks::Tasks;

/// How long a result is new enough for whoever asks.
const FRESH: Duration = Duration::from_secs(1);
/// How long whoever asks waits for a new result.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long a result counts while there is no newer one: longer than the check may wait for its turn to write.
const BELIEVED: Duration = Duration::from_secs(15);

/// Asks for a check. Clones share one check.
#[derive(Clone)]
pub(super) struct Probe {
    name: &'static str,
    ask: mpsc::Sender<()>,
    seen: watch::Receiver<Option<Seen>>,
}

/// A result.
#[derive(Debug, Clone, Copy)]
struct Seen {
    at: Instant,
    well: bool,
}

impl Probe {
    /// Makes the check whenever it is asked for, until `tasks` end. Changes of the result are logged.
    pub(super) fn start<F>(name: &'static str, tasks: &Tasks, check: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        let (ask, asked) = mpsc::channel(1);
        let (result, seen) = watch::channel(None);
        tasks.spawn("store-probe", make_checks(name, tasks.stopping(), asked, result, check));
        Self { name, ask, seen }
    }

    /// What is checked.
    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// Whether all is well, as far as is known within a second.
    pub(super) async fn is_well(&self) -> bool {
        let asked = Instant::now();
        let mut seen = self.seen.clone();
        let is_new = |seen: &Option<Seen>| seen.is_some_and(|seen| seen.at + FRESH > asked);
        if !is_new(&seen.borrow()) {
            // A full channel means that a check is due already.
            let _due = self.ask.try_send(());
        }
        drop(tokio::time::timeout(PATIENCE, seen.wait_for(is_new)).await);
        let last = *seen.borrow();
        last.is_some_and(|seen| seen.well && seen.at.elapsed() < BELIEVED)
    }
}

async fn make_checks<F>(
    name: &'static str,
    stopping: CancellationToken,
    mut asked: mpsc::Receiver<()>,
    result: watch::Sender<Option<Seen>>,
    check: impl Fn() -> F + Send + Sync + 'static,
) where
    F: Future<Output = Result<()>> + Send + 'static,
{
    let mut known = Known { name, failure: None };
    let checks = async {
        while asked.recv().await.is_some() {
            let checked = check().await;
            result.send_replace(Some(Seen { at: Instant::now(), well: checked.is_ok() }));
            known.tell(checked.err());
        }
        // Nobody can ask any more, which is no reason to end.
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = stopping.cancelled() => {}
        () = checks => {}
    }
}

/// What the log was told last.
struct Known {
    name: &'static str,
    failure: Option<String>,
}

impl Known {
    /// Logs a failure, another failure, and that it is over; not the same again.
    fn tell(&mut self, error: Option<Error>) {
        let failure = error.map(|error| match &error.source {
            Some(source) => format!("{error} {source}"),
            None => error.to_string(),
        });
        if failure == self.failure {
            return;
        }
        match &failure {
            Some(failure) => tracing::error!(part = self.name, error = failure, "a store failed its check"),
            None => tracing::info!(part = self.name, "a store passes its check again"),
        }
        self.failure = failure;
    }
}

/// Without its database the API can do nothing; without its click store, everything but analytics.
pub(super) fn watch_stores(
    store: Store,
    click_store: ClickStore,
    beside_an_edge: bool,
    readiness: &mut Readiness,
    tasks: &Tasks,
) {
    // An edge in the same process serves what it knows, which no balancer must keep visitors from.
    let unavailable = if beside_an_edge { Condition::Degraded } else { Condition::Down };
    watch_database(store, unavailable, readiness, tasks);
    let clicks = Probe::start("click_store", tasks, move || {
        let click_store = click_store.clone();
        async move { click_store.check().await.map_err(Into::into) }
    });
    readiness.add_probe(clicks, Condition::Degraded);
}

/// Watches the source of truth; with what it means that it is unavailable.
pub(super) fn watch_database(store: Store, unavailable: Condition, readiness: &mut Readiness, tasks: &Tasks) {
    let database = Probe::start("database", tasks, move || {
        let store = store.clone();
        async move { store.check().await }
    });
    readiness.add_probe(database, unavailable);
}

/// Watches the store of objects. Without it nothing stops but what needs an object.
pub(super) fn watch_objects(objects: Objects, readiness: &mut Readiness, tasks: &Tasks) {
    let probe = Probe::start("objects", tasks, move || {
        let objects = objects.clone();
        async move { objects.check().await }
    });
    readiness.add_probe(probe, Condition::Degraded);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn however_many_ask_one_check_is_made() {
        let tasks = Tasks::new();
        let made = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&made);
        let probe = Probe::start("database", &tasks, move || {
            count.fetch_add(1, Ordering::Relaxed);
            std::future::ready(Ok(()))
        });
        let asked = (0..50).map(|_| probe.is_well());
        let answers = futures_util::future::join_all(asked).await;
        assert!(answers.into_iter().all(|well| well));
        assert!(probe.is_well().await);
        assert!(made.load(Ordering::Relaxed) <= 2, "{made:?}");
        tasks.stop(PATIENCE).await.expect("it ends");
    }

    #[tokio::test]
    async fn a_check_that_never_ends_answers_in_time_and_counts_as_failed() {
        let tasks = Tasks::new();
        let probe = Probe::start("database", &tasks, std::future::pending);
        assert!(!probe.is_well().await);
        tasks.stop(PATIENCE).await.expect("it ends");
    }

    #[tokio::test]
    async fn a_failed_check_is_heard_of() {
        let tasks = Tasks::new();
        let probe = Probe::start("database", &tasks, || std::future::ready(Err(Error::internal("gone"))));
        assert!(!probe.is_well().await);
        tasks.stop(PATIENCE).await.expect("it ends");
    }
}
