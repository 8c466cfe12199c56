//! How the journals of an edge's workers are doing, as readiness and the metric tell it.
//!
//! Invariant: each journal counts by what was last said of it alone, so that one that is well hides none that is not.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::metrics::JournalMetrics;
use crate::infra::journal::JournalState;

/// The journals of all workers.
#[derive(Debug, Default)]
pub(super) struct JournalHealth {
    writing: States,
    upkeep: States,
}

impl JournalHealth {
    /// What became of the writing of one journal.
    pub(super) fn writing_changed(&self, from: JournalState, to: JournalState) {
        self.writing.change(from, to);
        JournalMetrics::global().set_state(self.writing.worst());
    }

    /// What became of the upkeep of one journal: its syncing, and its next segment.
    pub(super) fn upkeep_changed(&self, from: JournalState, to: JournalState) {
        self.upkeep.change(from, to);
    }

    /// Whether some journal cannot be written, synced or continued at the moment.
    pub(super) fn is_sick(&self) -> bool {
        [&self.writing, &self.upkeep].iter().any(|states| states.worst() != JournalState::Healthy)
    }

    /// Whether that is because a journal, or its disk, is full.
    pub(super) fn is_full(&self) -> bool {
        [&self.writing, &self.upkeep].iter().any(|states| states.full.load(Ordering::Relaxed) > 0)
    }
}

/// How many journals are in each state that is not well.
#[derive(Debug, Default)]
struct States {
    full: AtomicUsize,
    failing: AtomicUsize,
}

impl States {
    fn change(&self, from: JournalState, to: JournalState) {
        if let Some(entered) = self.of(to) {
            entered.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(left) = self.of(from) {
            left.fetch_sub(1, Ordering::Relaxed);
        }
    }

    fn of(&self, state: JournalState) -> Option<&AtomicUsize> {
        match state {
            JournalState::Healthy => None,
            JournalState::Full => Some(&self.full),
            JournalState::Failing => Some(&self.failing),
        }
    }

    fn worst(&self) -> JournalState {
        let is_any = |state| self.of(state).is_some_and(|journals| journals.load(Ordering::Relaxed) > 0);
        [JournalState::Failing, JournalState::Full].into_iter().find(|state| is_any(*state)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_that_is_well_again_hides_none_that_is_not() {
        let health = JournalHealth::default();
        let (well, full, failing) = (JournalState::Healthy, JournalState::Full, JournalState::Failing);
        health.writing_changed(well, failing);
        health.writing_changed(well, full);
        assert!(health.is_sick() && health.is_full());
        health.writing_changed(full, well);
        assert!(health.is_sick() && !health.is_full());
        assert_eq!(health.writing.worst(), failing);
        health.upkeep_changed(well, full);
        health.writing_changed(failing, well);
        assert!(health.is_sick() && health.is_full());
        health.upkeep_changed(full, failing);
        assert!(health.is_sick() && !health.is_full());
        health.upkeep_changed(failing, well);
        assert!(!health.is_sick());
    }
}
