//! What workers count.

use metrics::{Counter, Gauge};

use crate::telemetry::metric::Metric;

const JOBS: Metric = Metric::counter("elido_jobs_total", &["kind", "result"], "Attempts at jobs, by how they ended.");
const OLDEST: Metric = Metric::gauge(
    "elido_jobs_oldest_seconds",
    &["kind"],
    "For how long the job has been due that has waited longest; 0 where none is due.",
);
const RUNNING: Metric = Metric::gauge("elido_jobs_running", &["kind"], "Jobs that this process is at.");
const UNKNOWN: Metric = Metric::gauge(
    "elido_jobs_unknown",
    &[],
    "Jobs that are ready and of kinds that this process does not know, up to 10,000 of each kind.",
);

/// What is counted of one kind.
pub(super) struct KindMetrics {
    /// Attempts after which the job was done.
    pub(super) done: Counter,
    /// Attempts that failed and after which the job is tried again.
    pub(super) failed: Counter,
    /// Attempts after which the job was given up.
    pub(super) dead: Counter,
    /// Attempts whose result does not count, because the lease had gone to somebody else.
    pub(super) lost: Counter,
    /// Attempts that the end of the process broke off, which do not count.
    pub(super) returned: Counter,
    /// How late the job is that has waited longest, in seconds.
    pub(super) oldest_seconds: Gauge,
    /// Jobs that are being done.
    pub(super) running: Gauge,
}

impl KindMetrics {
    pub(super) fn of(kind: &'static str) -> Self {
        let counter = |result| JOBS.register_counter(&[("kind", kind), ("result", result)]);
        Self {
            done: counter("done"),
            failed: counter("failed"),
            dead: counter("dead"),
            lost: counter("lost"),
            returned: counter("returned"),
            oldest_seconds: OLDEST.register_gauge(&[("kind", kind)]),
            running: RUNNING.register_gauge(&[("kind", kind)]),
        }
    }
}

/// Jobs of kinds that this process does not know.
pub(super) fn unknown_jobs() -> Gauge {
    UNKNOWN.register_gauge(&[])
}
