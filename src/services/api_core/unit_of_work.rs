//! What a request wants committed, held back until its response is committed with it.
//!
//! Invariants: a request that runs in a unit of work has one transaction; it becomes true when the unit's owner commits it,
//! and never if the owner does not.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use super::ApiCore;
use super::recorded_action::RecordedAction;
use super::recording::record;
use crate::domain::change::Invalidation;
use crate::domain::error::Result;
use crate::infra::store::{Transaction, is_contended};
use crate::runtime::clock;
use crate::runtime::origin::Origin;

tokio::task_local! {
    static CURRENT: UnitOfWork;
}

/// A transaction to which nothing is missing but its commit, and the message that edges wait for.
pub(super) struct Complete {
    /// The transaction.
    pub(super) transaction: Transaction,
    /// What it does, for the audit trail and for followers.
    pub(super) recorded_actions: Vec<RecordedAction>,
    /// Where it was asked from.
    pub(super) origin: Origin,
    /// What is no longer right once it is committed.
    pub(super) stale: Vec<Invalidation>,
    /// Tells the edges.
    pub(super) core: ApiCore,
}

/// The work of one request.
#[derive(Clone, Default)]
pub(super) struct UnitOfWork(Arc<Mutex<Option<Complete>>>);

impl Complete {
    /// Writes down what happened and what the edges have to know, commits and then tells them. Of a commit whose answer was lost they learn from
    /// the log of changes.
    pub(super) async fn commit(self) -> Result<()> {
        let change = record(&self.transaction, self.recorded_actions, self.stale, &self.origin, clock::now()).await?;
        self.transaction.commit().await?;
        self.core.following.tell();
        if let Some(change) = change {
            self.core.tell(change).await;
        }
        Ok(())
    }
}

impl UnitOfWork {
    /// Does work whose transaction stays here.
    pub(super) async fn run<T>(&self, work: impl Future<Output = T>) -> T {
        CURRENT.scope(self.clone(), work).await
    }

    /// What the work left to commit.
    pub(super) fn take(&self) -> Option<Complete> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Takes what shall be committed, unless it has something already.
    fn hold(&self, complete: Complete) -> Option<Complete> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.is_some() {
            return Some(complete);
        }
        *held = Some(complete);
        None
    }
}

/// Leaves the commit to the unit of work that the request runs in; gives it back if it runs in none.
pub(super) fn hold(complete: Complete) -> Option<Complete> {
    match CURRENT.try_with(UnitOfWork::clone) {
        Ok(unit) => unit.hold(complete),
        Err(_) => Some(complete),
    }
}

/// Does work whose transaction the database may undo because of another one; if so, once more.
pub(super) async fn once_more<T, F: Future<Output = Result<T>>>(work: impl Fn() -> F) -> Result<T> {
    match Box::pin(work()).await {
        Err(error) if is_contended(&error) => Box::pin(work()).await,
        result => result,
    }
}
