//! What a process says of itself.

use std::sync::LazyLock;
use std::time::Duration;

use metrics::Gauge;

use super::metric::Metric;

const UPTIME: Metric = Metric::gauge("elido_uptime_seconds", &[], "How long the process has been running.");
const RESIDENT_MEMORY: Metric =
    Metric::gauge("elido_resident_memory_bytes", &[], "Memory of the process that is in RAM.");
const BUILD: Metric = Metric::gauge("elido_build_info", &["version"], "1, with the version as a label.");

/// What the process says of itself; brought up to date when it is read.
pub(super) struct ProcessMetrics {
    uptime: Gauge,
    resident_memory: Gauge,
}

impl ProcessMetrics {
    pub(super) fn global() -> &'static Self {
        static METRICS: LazyLock<ProcessMetrics> = LazyLock::new(ProcessMetrics::declare);
        &METRICS
    }

    fn declare() -> Self {
        BUILD.register_gauge(&[("version", env!("CARGO_PKG_VERSION"))]).set(1.0);
        Self { uptime: UPTIME.register_gauge(&[]), resident_memory: RESIDENT_MEMORY.register_gauge(&[]) }
    }

    pub(super) fn refresh(&self, uptime: Duration) {
        self.uptime.set(uptime.as_secs_f64());
        if let Some(kibibytes) = resident_kibibytes() {
            self.resident_memory.set(kibibytes * 1024.0);
        }
    }
}

/// Known where there is a `/proc`, and left out elsewhere.
fn resident_kibibytes() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}
