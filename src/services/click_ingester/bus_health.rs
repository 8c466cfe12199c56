//! How the parts of the ingester are that work side by side: each partition of the bus, and what shares them out.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

use super::health::Health;

/// What tells how it is: what shares the partitions out, or one of them by its number.
pub(super) type Part = Option<i32>;

/// How all parts are, told together.
pub(super) struct BusHealth {
    failing: Mutex<BTreeMap<Part, Health>>,
    health: watch::Sender<Health>,
}

impl BusHealth {
    /// All are well.
    pub(super) fn new() -> Self {
        Self { failing: Mutex::new(BTreeMap::new()), health: watch::Sender::new(Health::default()) }
    }

    /// How the ingester is from now on.
    pub(super) fn subscribe(&self) -> watch::Receiver<Health> {
        self.health.subscribe()
    }

    /// A part works, or is not this process's business any more.
    pub(super) fn is_well(&self, part: Part) {
        let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        if failing.remove(&part).is_some() && failing.is_empty() {
            tracing::info!("clicks are being stored again");
        }
        self.tell(&failing);
    }

    /// A part fails. The log is told of the first, and of each that fails in another way.
    pub(super) fn fails(&self, part: Part, health: Health, error: &str) {
        let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        let is_known = failing.values().any(|known| *known == health);
        failing.insert(part, health);
        if !is_known {
            tracing::error!(error, "clicks are not being stored; trying again: {health}");
        }
        self.tell(&failing);
    }

    fn tell(&self, failing: &BTreeMap<Part, Health>) {
        let worst = failing.values().next().copied().unwrap_or_default();
        self.health.send_if_modified(|health| std::mem::replace(health, worst) != worst);
    }
}
