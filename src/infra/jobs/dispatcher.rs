//! Takes jobs as there is room for them, and starts them.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::FutureExt;
use tokio::sync::mpsc;

use super::attempt::Attempt;
use super::handlers::Handler;
use super::leases::LEASE;
use super::outcome::Fault;
use super::results::Ended;
use super::shared::Shared;
use super::slots::Slot;
use crate::domain::error::Result;
use crate::domain::id::JobId;
use crate::domain::job::Priority;
use crate::domain::time::Timestamp;
use crate::infra::store::Transaction;
use crate::infra::store::jobs::{self, Candidates, Held, Job, Lease, Waiting};
use crate::runtime::clock::{self, MonotonicTime};
use crate::runtime::tasks::Tasks;

/// How often a worker looks for jobs that nobody told it of.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// How many jobs of a kind one claim takes.
const BATCH_MAX: usize = 500;

/// Starts jobs until the process stops.
pub(super) struct Dispatcher {
    pub(super) shared: Arc<Shared>,
    pub(super) tasks: Tasks,
    pub(super) results: mpsc::Sender<Ended>,
}

impl Dispatcher {
    pub(super) async fn run(self) {
        let mut new_jobs = self.shared.store.new_jobs().subscribe();
        loop {
            let started = self.start_due().await;
            // Where jobs were due there may be more of them.
            if self.shared.tell("jobs could not be taken", started).is_some_and(|started| started > 0)
                && !self.shared.stopping.is_cancelled()
            {
                continue;
            }
            tokio::select! {
                biased;
                () = self.shared.stopping.cancelled() => return,
                // The sender lives as long as the store.
                Ok(()) = new_jobs.changed() => {}
                () = self.shared.freed.notified() => {}
                () = tokio::time::sleep(POLL_INTERVAL) => {}
            }
        }
    }

    /// Starts what is due, as far as there is room. Returns how many jobs that were.
    async fn start_due(&self) -> Result<usize> {
        let now = clock::now();
        let waiting = jobs::waiting(self.shared.store.reader(), &self.shared.kinds()).await?;
        self.note_oldest(&waiting, now);
        let due = self.due(waiting, now);
        if due.is_empty() {
            return Ok(0);
        }
        let since = clock::monotonic();
        let lease = Lease { owner: self.shared.id, until: clock::now().plus(LEASE) };
        let transaction = self.shared.store.write().await?;
        let mut claimed = Vec::new();
        for (handler, priority) in due {
            let taken = claimed.iter().filter(|(_, other): &&(Job, _)| Arc::ptr_eq(other, &handler)).count();
            let room = handler.slots.room().saturating_sub(taken).min(BATCH_MAX);
            for job in self.claim(&transaction, &handler, priority, room, lease).await? {
                claimed.push((job, Arc::clone(&handler)));
            }
        }
        transaction.commit().await?;
        let started = claimed.len();
        for (job, handler) in claimed {
            self.start(job, handler, since);
        }
        Ok(started)
    }

    /// The kinds and priorities of which a job is due and may begin, the highest priority first.
    fn due(&self, waiting: Vec<Waiting>, now: Timestamp) -> Vec<(Arc<Handler>, Priority)> {
        let is_due = |waiting: &Waiting| waiting.run_at.is_some_and(|run_at| run_at <= now);
        let due = waiting.into_iter().filter(is_due).filter_map(|waiting| {
            let handler = self.shared.handler(&waiting.kind)?;
            (handler.slots.room() > 0).then(|| (Arc::clone(handler), waiting.priority))
        });
        let mut due: Vec<_> = due.collect();
        due.sort_by_key(|(_, priority)| *priority);
        due
    }

    fn note_oldest(&self, waiting: &[Waiting], now: Timestamp) {
        for handler in &self.shared.handlers {
            let of_kind = waiting.iter().filter(|waiting| waiting.kind == handler.kind.name);
            let oldest = of_kind.filter_map(|waiting| waiting.run_at).map(|run_at| now.since(run_at)).max();
            handler.metrics.oldest_seconds.set(oldest.unwrap_or_default().as_secs_f64());
        }
    }

    async fn claim(
        &self,
        transaction: &Transaction,
        handler: &Handler,
        priority: Priority,
        room: usize,
        lease: Lease,
    ) -> Result<Vec<Job>> {
        if room == 0 {
            return Ok(Vec::new());
        }
        let mut keys = KeyRoom::default();
        if let Some(per_key) = handler.kind.concurrency_per_key {
            jobs::lock_kind(transaction, handler.kind.name).await?;
            let running = jobs::running_by_key(transaction, handler.kind.name).await?;
            keys = KeyRoom { per_key: Some(per_key), running };
        }
        let full_keys = keys.full();
        let now = clock::now();
        let wanted = Candidates { kind: handler.kind.name, priority, now, full_keys: &full_keys, limit: room };
        let mut ids: Vec<JobId> = Vec::new();
        for (id, key) in jobs::candidates(transaction, wanted).await? {
            if keys.take(key) {
                ids.push(id);
            }
        }
        if ids.is_empty() { Ok(Vec::new()) } else { jobs::take(transaction, &ids, lease).await }
    }

    fn start(&self, job: Job, handler: Arc<Handler>, since: MonotonicTime) {
        let held = Held { id: job.id, attempt: job.attempts };
        // No other task takes places, so that what there was room for has one. If not, the lease gives the job to somebody else.
        let Some(slot) = handler.slots.take(&self.shared.freed) else { return };
        let lost = self.shared.leases.hold(held, since);
        let (shared, results) = (Arc::clone(&self.shared), self.results.clone());
        self.tasks.spawn_finite("job", async move {
            handler.metrics.running.increment(1);
            let attempt = Attempt::new(held, shared.id);
            let fault = tokio::select! {
                biased;
                fault = attempt_at(&handler, &job.payload, attempt.clone()) => fault,
                () = lost.cancelled() => Some(Fault::LeaseOver),
                () = shared.cut_off() => Some(Fault::CutOff),
            };
            handler.metrics.running.decrement(1);
            end(&results, Ended { attempt, max_attempts: job.max_attempts, handler, fault }, slot).await;
        });
    }
}

/// Hands over how an attempt ended. Its place is free after that, so that only so many results wait to be written.
async fn end(results: &mpsc::Sender<Ended>, ended: Ended, slot: Slot) {
    // An error means that the process has ended.
    drop(results.send(ended).await);
    drop(slot);
}

/// Does a job, and says what went wrong if something did.
async fn attempt_at(handler: &Handler, payload: &str, attempt: Attempt) -> Option<Fault> {
    let work = AssertUnwindSafe(async { handler.run(payload, attempt).await }).catch_unwind();
    match tokio::time::timeout(handler.kind.timeout, work).await {
        Ok(Ok(Ok(()))) => None,
        Ok(Ok(Err(failure))) => Some(Fault::Failed(failure)),
        Ok(Err(_panic)) => Some(Fault::Panicked),
        Err(_elapsed) => Some(Fault::TimedOut),
    }
}

/// How many jobs of a kind may begin on each key.
#[derive(Default)]
struct KeyRoom {
    per_key: Option<usize>,
    running: HashMap<String, usize>,
}

impl KeyRoom {
    /// The keys on which no job may begin.
    fn full(&self) -> Vec<String> {
        let Some(per_key) = self.per_key else { return Vec::new() };
        self.running.iter().filter(|(_, running)| **running >= per_key).map(|(key, _)| key.clone()).collect()
    }

    /// Whether one more job may begin on this key; if so, it counts.
    fn take(&mut self, key: Option<String>) -> bool {
        let (Some(per_key), Some(key)) = (self.per_key, key) else { return true };
        let running = self.running.entry(key).or_default();
        let has_room = *running < per_key;
        *running += usize::from(has_room);
        has_room
    }
}
