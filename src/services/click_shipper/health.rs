//! How shipping goes, for readiness and the log.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

use crate::infra::journal::JournalId;

/// Whether clicks get from the journals to the bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Health {
    /// They do, or another process sees to it.
    #[default]
    Shipping,
    /// Some do not: they wait in their journals.
    Waiting,
}

/// What each journal is waiting for.
#[derive(Default)]
pub(super) struct HealthBoard {
    /// Nobody's journal is the folder itself.
    failing: Mutex<BTreeMap<Option<JournalId>, String>>,
    health: watch::Sender<Health>,
}

impl HealthBoard {
    pub(super) fn subscribe(&self) -> watch::Receiver<Health> {
        self.health.subscribe()
    }

    /// The records of a journal were taken.
    pub(super) fn is_well(&self, journal: Option<JournalId>) {
        let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        if failing.remove(&journal).is_some() && failing.is_empty() {
            tracing::info!("clicks are being shipped to the bus again");
            self.health.send_replace(Health::Shipping);
        }
    }

    /// The records of a journal wait. The log is told when the first does, and when the reason is another.
    pub(super) fn fails(&self, journal: Option<JournalId>, error: String) {
        let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        if !failing.values().any(|known| *known == error) {
            tracing::error!(error, "clicks are not shipped to the bus and wait in the journal; trying again");
        }
        failing.insert(journal, error);
        self.health.send_replace(Health::Waiting);
    }
}
