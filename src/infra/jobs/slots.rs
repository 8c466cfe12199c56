//! How many jobs of a kind a process does at once.

use std::sync::Arc;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// The places for jobs of one kind.
pub(super) struct Slots(Arc<Semaphore>);

/// The place of one job. Dropping it makes room, which is told.
pub(super) struct Slot {
    permit: Option<OwnedSemaphorePermit>,
    freed: Arc<Notify>,
}

impl Slots {
    pub(super) fn new(places: usize) -> Self {
        Self(Arc::new(Semaphore::new(places)))
    }

    /// How many jobs may begin now.
    pub(super) fn room(&self) -> usize {
        self.0.available_permits()
    }

    /// A place, if there is room. `freed` is told when it is given back.
    pub(super) fn take(&self, freed: &Arc<Notify>) -> Option<Slot> {
        let permit = Arc::clone(&self.0).try_acquire_owned().ok()?;
        Some(Slot { permit: Some(permit), freed: Arc::clone(freed) })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        drop(self.permit.take());
        self.freed.notify_one();
    }
}
