//! For how long a worker holds its jobs, and what becomes of those of a worker that is gone.
//!
//! Invariant: an attempt whose lease could not be renewed is broken off before anybody else may take the job, as long as the
//! clocks of both run alike.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::outcome::{Fault, after};
use super::shared::Shared;
use crate::domain::error::Result;
use crate::domain::id::JobId;
use crate::domain::job::JobState;
use crate::infra::store::jobs::{self, Held, Lease};
use crate::runtime::clock::{self, MonotonicTime};

/// For how long a worker holds a job without being heard of.
pub(super) const LEASE: Duration = Duration::from_secs(60);
/// So much before that it breaks the attempt off by itself.
const MARGIN: Duration = Duration::from_secs(5);
/// How often leases are renewed, and those of others looked at.
const INTERVAL: Duration = Duration::from_secs(15);
/// How often a worker looks whether it could renew its own.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// How many jobs of workers that are gone one transaction takes back.
const EXPIRED_MAX: i64 = 100;

/// The jobs that this process holds.
#[derive(Default)]
pub(super) struct Leases(Mutex<HashMap<Held, HeldLease>>);

struct HeldLease {
    renewed: MonotonicTime,
    lost: CancellationToken,
}

impl Leases {
    /// Holds a job from `since` on. The token is cancelled when it is lost.
    pub(super) fn hold(&self, held: Held, since: MonotonicTime) -> CancellationToken {
        let lost = CancellationToken::new();
        self.with(|leases| leases.insert(held, HeldLease { renewed: since, lost: lost.clone() }));
        lost
    }

    /// The job is held no longer.
    pub(super) fn release(&self, held: Held) {
        self.with(|leases| leases.remove(&held));
    }

    fn all(&self) -> Vec<Held> {
        self.with(|leases| leases.keys().copied().collect())
    }

    /// Those of `asked` that are in `kept` are held from `since` on; the others are lost.
    fn note_renewal(&self, asked: &[Held], kept: &[JobId], since: MonotonicTime) {
        self.with(|leases| {
            for held in asked {
                match leases.get_mut(held) {
                    Some(lease) if kept.contains(&held.id) => lease.renewed = since,
                    Some(lease) => lease.lost.cancel(),
                    None => {}
                }
            }
        });
    }

    /// Breaks off the attempts whose lease is about to be over.
    fn break_off_overdue(&self) {
        self.with(|leases| {
            let overdue = leases.values().filter(|lease| lease.renewed.elapsed() > LEASE.saturating_sub(MARGIN));
            overdue.for_each(|lease| lease.lost.cancel());
        });
    }

    fn with<T>(&self, work: impl FnOnce(&mut HashMap<Held, HeldLease>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Shared {
    /// Renews what this process holds and takes back what others held, until the process stops and holds nothing any more.
    pub(super) async fn keep_leases(&self) {
        let renewing = async {
            loop {
                // What could not be renewed is not to be taken back either: the database may be at fault.
                if self.tell("leases of jobs could not be renewed", self.renew().await).is_some() {
                    self.tell("jobs of lost workers could not be taken back", self.take_back().await);
                }
                tokio::time::sleep(INTERVAL).await;
            }
        };
        let looking = async {
            loop {
                tokio::time::sleep(LOOK_INTERVAL).await;
                self.leases.break_off_overdue();
            }
        };
        let ended = async {
            self.stopping.cancelled().await;
            while !self.leases.all().is_empty() {
                self.freed.notified().await;
            }
        };
        tokio::select! {
            () = renewing => {}
            () = looking => {}
            () = ended => {}
        }
    }

    async fn renew(&self) -> Result<()> {
        let held = self.leases.all();
        if held.is_empty() {
            return Ok(());
        }
        let _alone = self.writing.lock().await;
        let since = clock::monotonic();
        let transaction = self.store.write().await?;
        let lease = Lease { owner: self.id, until: clock::now().plus(LEASE) };
        let kept = jobs::renew(&transaction, lease, &held).await?;
        transaction.commit().await?;
        self.leases.note_renewal(&held, &kept, since);
        Ok(())
    }

    /// Makes the jobs of workers that are gone ready again, or gives them up.
    async fn take_back(&self) -> Result<()> {
        while self.take_some_back().await? > 0 {}
        Ok(())
    }

    async fn take_some_back(&self) -> Result<usize> {
        let transaction = self.store.write().await?;
        let mut taken = Vec::new();
        for job in jobs::expired(&transaction, &self.kinds(), clock::now(), EXPIRED_MAX).await? {
            let (Some(owner), Some(handler)) = (job.lease_owner, self.handler(&job.kind)) else { continue };
            let attempts = (job.attempts, job.max_attempts);
            let ending = after(&Fault::LeaseOver, &handler.kind, attempts, clock::now(), rand::random());
            let is_dead = ending.state == JobState::Dead;
            let held = Held { id: job.id, attempt: job.attempts };
            if jobs::end(&transaction, owner, held, ending).await? {
                taken.push((job, handler, is_dead));
            }
        }
        transaction.commit().await?;
        for (job, handler, is_dead) in &taken {
            (if *is_dead { &handler.metrics.dead } else { &handler.metrics.failed }).increment(1);
            tracing::warn!(job = %job.id, kind = job.kind, is_dead, "a worker stopped renewing the lease of its job");
        }
        Ok(taken.len())
    }
}
