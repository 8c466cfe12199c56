//! Named tasks under one cancellation tree.
//!
//! Invariant: nothing else in the process calls `tokio::spawn`. A task that
//! ends before it was asked to brings the process down with its name.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The tasks of one process, or of one part of it. Clones share the same tasks.
#[derive(Clone, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    stop: CancellationToken,
    running: Arc<Mutex<Vec<&'static str>>>,
    failure: Failure,
}

/// The first task that ended on its own, shared by a whole tree.
#[derive(Clone, Default)]
struct Failure {
    name: Arc<Mutex<Option<&'static str>>>,
    happened: CancellationToken,
}

impl Tasks {
    /// An empty set with its own cancellation token.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A part that can be stopped by itself and is stopped with the whole.
    #[must_use]
    pub fn child(&self) -> Self {
        Self { stop: self.stop.child_token(), failure: self.failure.clone(), ..Self::default() }
    }

    /// Cancelled when these tasks shall end.
    #[must_use]
    pub fn stopping(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Starts a task that runs until [`Tasks::stopping`] is cancelled. Ending sooner, or a panic, is a failure of the process.
    pub fn spawn(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        self.start(name, task, true);
    }

    /// Starts a task that ends when its work is done, such as one connection. A panic is still a failure.
    pub fn spawn_finite(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        self.start(name, task, false);
    }

    #[allow(clippy::disallowed_methods, reason = "this is the one place that spawns")]
    fn start(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static, for_ever: bool) {
        lock(&self.running).push(name);
        let mut end = TaskEnd { name, tasks: self.clone(), expected: false };
        tokio::spawn(self.tracker.track_future(async move {
            task.await;
            end.finished(for_ever);
        }));
    }

    /// Resolves with the name of the first task, in the whole tree, that ended without being asked to.
    pub async fn failed(&self) -> &'static str {
        self.failure.happened.cancelled().await;
        lock(&self.failure.name).unwrap_or("unknown")
    }

    /// Asks all tasks to end and waits for them, at most `deadline`.
    ///
    /// # Errors
    /// The names of the tasks that still ran when the time was up.
    pub async fn stop(&self, deadline: Duration) -> Result<(), Vec<&'static str>> {
        self.stop.cancel();
        self.tracker.close();
        match tokio::time::timeout(deadline, self.tracker.wait()).await {
            Ok(()) => Ok(()),
            Err(_) => Err(lock(&self.running).clone()),
        }
    }
}

/// Notices how a task ends, also when it panics.
struct TaskEnd {
    name: &'static str,
    tasks: Tasks,
    expected: bool,
}

impl TaskEnd {
    /// The task returned: as it should, unless it was to run until it was stopped.
    fn finished(&mut self, for_ever: bool) {
        self.expected = !for_ever || self.tasks.stop.is_cancelled();
    }
}

impl Drop for TaskEnd {
    fn drop(&mut self) {
        let mut running = lock(&self.tasks.running);
        if let Some(index) = running.iter().position(|name| *name == self.name) {
            running.swap_remove(index);
        }
        drop(running);
        if !self.expected {
            lock(&self.tasks.failure.name).get_or_insert(self.name);
            self.tasks.failure.happened.cancel();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_that_ends_by_itself_is_named() {
        let tasks = Tasks::new();
        tasks.child().spawn("short-lived", async {});
        assert_eq!(tasks.failed().await, "short-lived");
    }

    #[tokio::test]
    async fn a_task_that_panics_is_named() {
        let tasks = Tasks::new();
        tasks.spawn_finite("unlucky", async { panic!("on purpose") });
        assert_eq!(tasks.failed().await, "unlucky");
    }

    #[tokio::test]
    async fn stopping_waits_and_names_what_does_not_end() {
        let tasks = Tasks::new();
        let stopping = tasks.stopping();
        tasks.spawn("polite", async move { stopping.cancelled().await });
        assert_eq!(tasks.stop(Duration::from_secs(60)).await, Ok(()));

        let stubborn = Tasks::new();
        stubborn.spawn("stubborn", std::future::pending());
        assert_eq!(stubborn.stop(Duration::ZERO).await, Err(vec!["stubborn"]));
    }
}
