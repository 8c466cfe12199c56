//! What the tasks of a worker share.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex, Notify};
use tokio_util::sync::CancellationToken;

use super::handlers::Handler;
use super::leases::Leases;
use crate::domain::error::Result;
use crate::domain::id::WorkerId;
use crate::infra::store::Store;

/// What the tasks of a worker share.
pub(super) struct Shared {
    /// Who holds the jobs of this process.
    pub(super) id: WorkerId,
    pub(super) store: Store,
    pub(super) handlers: Vec<Arc<Handler>>,
    pub(super) leases: Leases,
    /// Told when a job has made room for another one.
    pub(super) freed: Arc<Notify>,
    /// Held while statements about many jobs of this process run: two of them might wait for each other's rows.
    pub(super) writing: Mutex<()>,
    pub(super) stopping: CancellationToken,
    /// How long jobs may go on after [`Shared::stopping`].
    pub(super) drain: Duration,
    /// What the log was told that cannot be done.
    pub(super) told: std::sync::Mutex<HashSet<&'static str>>,
}

impl Shared {
    /// The names of all kinds that this process does.
    pub(super) fn kinds(&self) -> Vec<&'static str> {
        self.handlers.iter().map(|handler| handler.kind.name).collect()
    }

    /// How a kind is done.
    pub(super) fn handler(&self, kind: &str) -> Option<&Arc<Handler>> {
        self.handlers.iter().find(|handler| handler.kind.name == kind)
    }

    /// Logs that something could not be done, once until it can be done again.
    pub(super) fn tell<T>(&self, what: &'static str, result: Result<T>) -> Option<T> {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        match result {
            Ok(value) => {
                told.remove(what);
                Some(value)
            }
            Err(error) => {
                if told.insert(what) {
                    tracing::warn!(error = ?error, "{what}: {error}; trying again");
                }
                None
            }
        }
    }

    /// Resolves when jobs may not go on any more.
    pub(super) async fn cut_off(&self) {
        self.stopping.cancelled().await;
        tokio::time::sleep(self.drain).await;
    }
}
