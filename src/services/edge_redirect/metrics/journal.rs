//! What the writers of the click journal count.

use std::sync::LazyLock;

use metrics::{Counter, Gauge};

use crate::infra::journal::JournalState;
use crate::telemetry::metric::Metric;

const JOURNAL_BYTES: Metric = Metric::gauge("elido_journal_bytes", &[], "What the click journal takes on disk.");
const JOURNAL_ANSWERED: Metric = Metric::counter(
    "elido_journal_answered_total",
    &[],
    "Clicks of answered requests that were handed to the journal: written, dropped, or waiting in memory.",
);
const JOURNAL_RECORDS: Metric = Metric::counter("elido_journal_records_total", &[], "Clicks written to the journal.");
const JOURNAL_DROPS: Metric = Metric::counter(
    "elido_journal_drops_total",
    &["reason"],
    "Clicks that could not be written to the journal, by reason. Every one is lost.",
);
const JOURNAL_STATE: Metric = Metric::gauge(
    "elido_journal_state",
    &["state"],
    "1 for the state that the journal is in (ok, full, failing), 0 for the others.",
);
const JOURNAL_SYNC_FAILURES: Metric = Metric::counter(
    "elido_journal_sync_failures_total",
    &[],
    "Runs of the journal's upkeep that could not make what was written survive a power cut.",
);

/// Every state that a journal can be in, as metrics name it.
const STATES: [(JournalState, &str); 3] =
    [(JournalState::Healthy, "ok"), (JournalState::Full, "full"), (JournalState::Failing, "failing")];

/// What the click journal counts.
pub struct JournalMetrics {
    /// Size on disk, in bytes.
    pub bytes: Gauge,
    /// Clicks handed to the journal, whatever became of them.
    pub answered: Counter,
    /// Records written.
    pub records: Counter,
    /// Records dropped because the journal is at its cap.
    pub drops_full: Counter,
    /// Records dropped because the disk refused them.
    pub drops_failing: Counter,
    /// Runs of the upkeep that could not sync what was written.
    pub sync_failures: Counter,
    states: [(JournalState, Gauge); STATES.len()],
}

impl JournalMetrics {
    /// The handles of this process.
    #[must_use]
    pub fn global() -> &'static Self {
        static METRICS: LazyLock<JournalMetrics> = LazyLock::new(JournalMetrics::declare);
        &METRICS
    }

    fn declare() -> Self {
        let metrics = Self {
            bytes: JOURNAL_BYTES.register_gauge(&[]),
            answered: JOURNAL_ANSWERED.register_counter(&[]),
            records: JOURNAL_RECORDS.register_counter(&[]),
            drops_full: JOURNAL_DROPS.register_counter(&[("reason", "full")]),
            drops_failing: JOURNAL_DROPS.register_counter(&[("reason", "failing")]),
            sync_failures: JOURNAL_SYNC_FAILURES.register_counter(&[]),
            states: STATES.map(|(state, label)| (state, JOURNAL_STATE.register_gauge(&[("state", label)]))),
        };
        metrics.set_state(JournalState::Healthy);
        metrics
    }

    /// Says how the journal is from now on.
    pub fn set_state(&self, state: JournalState) {
        for (known, gauge) in &self.states {
            gauge.set(if *known == state { 1.0 } else { 0.0 });
        }
    }
}
