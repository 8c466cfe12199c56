//! Writes down how attempts ended, many at once.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::attempt::Attempt;
use super::handlers::Handler;
use super::outcome::{Fault, after};
use super::shared::Shared;
use crate::domain::error::Result;
use crate::domain::id::JobId;
use crate::domain::job::JobState;
use crate::infra::store::jobs::{self, Ending, Held};
use crate::runtime::clock;

/// How many results one transaction takes.
const BATCH_MAX: usize = 500;
/// How many results may wait.
pub(super) const WAITING_MAX: usize = 1_000;
/// How long to wait before results are written again after they could not be.
const PAUSE: Duration = Duration::from_millis(500);

/// An attempt that has ended.
pub(super) struct Ended {
    pub(super) attempt: Attempt,
    pub(super) max_attempts: i64,
    pub(super) handler: Arc<Handler>,
    /// What went wrong; nothing if the job was done.
    pub(super) fault: Option<Fault>,
}

/// What was written of a batch.
#[derive(Default)]
struct Written {
    done: Vec<JobId>,
    /// By the place in the batch: what became of the job, unless somebody else has it.
    endings: Vec<(usize, Option<Ending>)>,
}

impl Shared {
    /// Writes results down until there can be no more of them.
    pub(super) async fn write_results(&self, mut results: mpsc::Receiver<Ended>) {
        let mut batch = Vec::new();
        while results.recv_many(&mut batch, BATCH_MAX).await > 0 {
            let written = loop {
                if let Some(written) = self.tell("results of jobs could not be written", self.write(&batch).await) {
                    break written;
                }
                tokio::time::sleep(PAUSE).await;
            };
            for ended in &batch {
                self.leases.release(ended.attempt.held);
            }
            self.freed.notify_one();
            note(&batch, &written);
            batch.clear();
        }
    }

    async fn write(&self, batch: &[Ended]) -> Result<Written> {
        let _alone = self.writing.lock().await;
        let now = clock::now();
        let done: Vec<Held> =
            batch.iter().filter(|ended| ended.fault.is_none()).map(|ended| ended.attempt.held).collect();
        let mut written = Written::default();
        let transaction = self.store.write().await?;
        if !done.is_empty() {
            written.done = jobs::finish(&transaction, self.id, &done, now).await?;
        }
        for (place, ended) in batch.iter().enumerate() {
            let Some(fault) = &ended.fault else { continue };
            let attempts = (ended.attempt.number(), ended.max_attempts);
            let ending = after(fault, &ended.handler.kind, attempts, now, rand::random());
            let is_held = jobs::end(&transaction, self.id, ended.attempt.held, ending.clone()).await?;
            written.endings.push((place, is_held.then_some(ending)));
        }
        transaction.commit().await?;
        Ok(written)
    }
}

/// Counts and logs what was written.
fn note(batch: &[Ended], written: &Written) {
    for ended in batch.iter().filter(|ended| ended.fault.is_none()) {
        let was_done = ended.attempt.is_finished() || written.done.contains(&ended.attempt.job_id());
        let metrics = &ended.handler.metrics;
        (if was_done { &metrics.done } else { &metrics.lost }).increment(1);
    }
    for (place, ending) in &written.endings {
        if let Some(ended) = batch.get(*place) {
            note_fault(ended, ending.as_ref());
        }
    }
}

fn note_fault(ended: &Ended, ending: Option<&Ending>) {
    let Some(fault) = &ended.fault else { return };
    let (job, kind, attempt) = (ended.attempt.job_id(), ended.handler.kind.name, ended.attempt.number());
    let metrics = &ended.handler.metrics;
    let error = fault.message(&ended.handler.kind);
    let source = if let Fault::Failed(failure) = fault { failure.source.as_ref() } else { None };
    let source = source.map(tracing::field::display);
    match ending {
        None => {
            metrics.lost.increment(1);
            tracing::warn!(%job, kind, attempt, error, source, "a job has gone to another worker");
        }
        Some(Ending { state: JobState::Dead, .. }) => {
            metrics.dead.increment(1);
            tracing::error!(%job, kind, attempt, error, source, "a job failed and is given up: {error}");
        }
        Some(_) if matches!(fault, Fault::CutOff) => metrics.returned.increment(1),
        Some(_) => {
            metrics.failed.increment(1);
            tracing::warn!(%job, kind, attempt, error, source, "a job failed and is tried again: {error}");
        }
    }
}
