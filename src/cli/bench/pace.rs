//! When requests are due.
//!
//! Invariant: with a rate, a request is due when the schedule says so, however
//! slow the responses before it were, and its time counts from then on. A slow
//! server makes requests wait, and does not make there be fewer of them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, mpsc};

/// A run by number of requests ends after so many failures, because nothing else would end it.
const ERRORS_MAX: u64 = 10_000;
/// How many due requests wait for a free connection before the schedule waits too; it then catches up.
const WAITING_MAX: usize = 1024;

/// When a run is over.
#[derive(Debug, Clone, Copy)]
pub(super) enum End {
    /// After so many requests.
    Requests(u64),
    /// After so long.
    After(Duration),
}

/// Tells the connections of a run when to ask.
pub(super) struct Pace {
    end: End,
    started: Instant,
    asked: AtomicU64,
    failed: AtomicU64,
    /// Requests that are due by a schedule; without one, a connection asks as soon as it is free.
    schedule: Option<Mutex<mpsc::Receiver<Instant>>>,
}

impl Pace {
    /// Begins now, with so many requests per second if there is a rate.
    pub(super) fn begin(end: End, rate: Option<f64>) -> Self {
        let started = Instant::now();
        let schedule = rate.map(|rate| {
            let (due, waiting) = mpsc::channel(WAITING_MAX);
            // A thread of its own, because timers of the runtime are a millisecond late.
            tokio::task::spawn_blocking(move || send_when_due(started, end, rate, &due));
            Mutex::new(waiting)
        });
        Self { end, started, asked: AtomicU64::new(0), failed: AtomicU64::new(0), schedule }
    }

    /// Waits for the right to ask once more, and says since when the request is due; `None` when the run is over.
    pub(super) async fn turn(&self) -> Option<Instant> {
        match &self.schedule {
            Some(schedule) => schedule.lock().await.recv().await.filter(|_| !self.has_failed()),
            None => self.may_ask().then(Instant::now),
        }
    }

    /// Counts a request that was not answered.
    pub(super) fn failed(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    /// How long the run has taken so far.
    pub(super) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    fn may_ask(&self) -> bool {
        match self.end {
            End::After(duration) => self.elapsed() < duration,
            End::Requests(requests) => !self.has_failed() && self.asked.fetch_add(1, Ordering::Relaxed) < requests,
        }
    }

    fn has_failed(&self) -> bool {
        matches!(self.end, End::Requests(_)) && self.failed.load(Ordering::Relaxed) >= ERRORS_MAX
    }
}

/// Sends each request of the schedule at its time, until the run is over or nobody asks any more.
#[allow(clippy::cast_precision_loss, reason = "a schedule is shorter than 2^52 requests")]
fn send_when_due(started: Instant, end: End, rate: f64, due: &mpsc::Sender<Instant>) {
    for number in 0_u64.. {
        let after = Duration::from_secs_f64(number as f64 / rate);
        let is_over = match end {
            End::After(duration) => after >= duration,
            End::Requests(requests) => number >= requests,
        };
        let Some(time) = started.checked_add(after).filter(|_| !is_over) else { return };
        std::thread::sleep(time.saturating_duration_since(Instant::now()));
        if due.blocking_send(time).is_err() {
            return;
        }
    }
}
