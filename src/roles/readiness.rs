//! Whether a process is ready for traffic, and what ails it if not.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};
use serde::Serialize;

use super::probe::Probe;

/// How long a check may take before it counts as failed.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

/// How one part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// All is well.
    Up,
    /// It works, with less behind it than it should have.
    Degraded,
    /// It cannot do its work.
    Down,
}

type Check = Box<dyn Fn() -> BoxFuture<'static, Condition> + Send + Sync>;

/// The checks of one process.
#[derive(Default)]
pub struct Readiness {
    checks: Vec<(&'static str, Check)>,
    serving: AtomicBool,
}

/// What `/readyz` answers.
#[derive(Debug, Serialize)]
pub struct Report {
    /// `ready` or `not_ready`.
    pub status: &'static str,
    /// How each part is.
    pub checks: serde_json::Map<String, serde_json::Value>,
}

impl Report {
    /// Of a process that has not begun.
    pub(super) fn not_ready(conditions: impl IntoIterator<Item = (&'static str, Condition)>) -> Self {
        Self { status: "not_ready", checks: checks(conditions) }
    }
}

impl Readiness {
    /// Adds a part and how it is asked.
    pub fn add<F>(&mut self, name: &'static str, check: impl Fn() -> F + Send + Sync + 'static)
    where
        F: Future<Output = Condition> + Send + 'static,
    {
        self.checks.push((name, Box::new(move || Box::pin(check()))));
    }

    /// Adds a part that a probe watches, and what it means that the probe fails.
    pub(super) fn add_probe(&mut self, probe: Probe, failed: Condition) {
        let name = probe.name();
        self.add(name, move || {
            let probe = probe.clone();
            async move { if probe.is_well().await { Condition::Up } else { failed } }
        });
    }

    /// From now on the process wants traffic, or no longer does.
    pub fn set_serving(&self, serving: bool) {
        self.serving.store(serving, Ordering::Relaxed);
    }

    /// Asks every part, and says whether traffic is welcome.
    pub async fn report(self: Arc<Self>) -> (bool, Report) {
        let asked = self.checks.iter().map(|(name, check)| async move {
            (*name, tokio::time::timeout(CHECK_TIMEOUT, check()).await.unwrap_or(Condition::Down))
        });
        let conditions = join_all(asked).await;
        let is_up = conditions.iter().all(|(_, condition)| *condition != Condition::Down);
        let ready = self.serving.load(Ordering::Relaxed) && is_up;
        (ready, Report { status: if ready { "ready" } else { "not_ready" }, checks: checks(conditions) })
    }
}

fn checks(
    conditions: impl IntoIterator<Item = (&'static str, Condition)>,
) -> serde_json::Map<String, serde_json::Value> {
    conditions.into_iter().map(|(name, condition)| (name.to_owned(), serde_json::json!(condition))).collect()
}
