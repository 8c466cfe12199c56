//! Where metrics are counted and how they are read.
//!
//! Invariant: one recorder a process, installed by whoever needs it first, so
//! that a handle never counts into nothing.

use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};

use super::process_metrics::ProcessMetrics;
use crate::runtime::tasks::Tasks;

/// How often recorded durations are sorted into their buckets. Until then each takes eight bytes.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(1);

/// From a look-up by key to the longest that a request may take by default.
const REQUEST_BUCKETS_SECONDS: [f64; 13] = [1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 0.1, 0.2, 0.5, 1.0, 5.0, 10.0, 30.0];

struct Recorder {
    handle: Option<PrometheusHandle>,
    started: Instant,
}

static RECORDER: LazyLock<Recorder> = LazyLock::new(|| {
    // An error means that the process has a recorder of another kind; then there is nothing to render.
    Recorder { handle: builder().and_then(PrometheusBuilder::install_recorder).ok(), started: Instant::now() }
});

fn builder() -> Result<PrometheusBuilder, BuildError> {
    PrometheusBuilder::new().set_buckets(&REQUEST_BUCKETS_SECONDS)
}

/// Installs the recorder unless it is there.
pub(super) fn install() {
    LazyLock::force(&RECORDER);
}

/// Every metric, in Prometheus' text form, as `GET /metrics` answers it.
#[must_use]
pub fn render() -> String {
    let Some(handle) = &RECORDER.handle else { return String::new() };
    ProcessMetrics::global().refresh(RECORDER.started.elapsed());
    refreshes().iter().for_each(|refresh| refresh());
    let mut text = handle.render();
    writers().iter().for_each(|write| write(&mut text));
    text
}

/// Brings gauges up to date.
type Refresh = Arc<dyn Fn() + Send + Sync>;

static REFRESHES: Mutex<Vec<Refresh>> = Mutex::new(Vec::new());

/// From now on [`render`] has `refresh` bring its gauges up to date before they are read. It must not wait.
pub fn refresh_also(refresh: impl Fn() + Send + Sync + 'static) {
    REFRESHES.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::new(refresh));
}

fn refreshes() -> Vec<Refresh> {
    REFRESHES.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Appends samples in Prometheus' text form.
type Write = fn(&mut String);

static WRITERS: Mutex<Vec<Write>> = Mutex::new(Vec::new());

/// From now on [`render`] has `write` append the metrics that are counted without the recorder.
pub fn render_also(write: Write) {
    WRITERS.lock().unwrap_or_else(PoisonError::into_inner).push(write);
}

fn writers() -> Vec<Write> {
    WRITERS.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Keeps the memory of recorded durations small for as long as `tasks` run.
pub fn upkeep(tasks: &Tasks) {
    let stopping = tasks.stopping();
    tasks.spawn("metrics-upkeep", async move {
        let mut ticks = tokio::time::interval(UPKEEP_INTERVAL);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while stopping.run_until_cancelled(ticks.tick()).await.is_some() {
            if let Some(handle) = &RECORDER.handle {
                handle.run_upkeep();
            }
        }
    });
}
