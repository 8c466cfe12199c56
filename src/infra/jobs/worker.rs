//! The tasks of a process that does jobs.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::mpsc;

use super::dispatcher::Dispatcher;
use super::handlers::Handlers;
use super::leases::Leases;
use super::results;
use super::shared::Shared;
use crate::domain::id::WorkerId;
use crate::infra::store::Store;
use crate::runtime::tasks::Tasks;

/// Does the jobs of some kinds.
pub struct Worker {
    store: Store,
    handlers: Handlers,
    drain: Duration,
}

impl Worker {
    /// Does the jobs of this store like this. When the process stops, it takes no more of them; those that are running may go on
    /// for `drain`, and are ready for others after that.
    #[must_use]
    pub fn new(store: Store, handlers: Handlers, drain: Duration) -> Self {
        Self { store, handlers, drain }
    }

    /// Works until `tasks` stop.
    pub fn start(self, tasks: &Tasks) {
        let shared = Arc::new(Shared {
            id: WorkerId::new(),
            store: self.store,
            handlers: self.handlers.into_list(),
            leases: Leases::default(),
            freed: Arc::default(),
            writing: tokio::sync::Mutex::new(()),
            stopping: tasks.stopping(),
            drain: self.drain,
            told: Mutex::default(),
        });
        tracing::info!(worker = %shared.id, kinds = ?shared.kinds(), "this process does jobs");
        let (results, ended) = mpsc::channel(results::WAITING_MAX);
        let dispatcher = Dispatcher { shared: Arc::clone(&shared), tasks: tasks.clone(), results };
        tasks.spawn("job-dispatcher", dispatcher.run());
        let spawn = |name, task: fn(Arc<Shared>) -> TaskFuture| tasks.spawn(name, task(Arc::clone(&shared)));
        let for_results = Arc::clone(&shared);
        tasks.spawn("job-results", async move { for_results.write_results(ended).await });
        spawn("job-leases", |shared| Box::pin(async move { shared.keep_leases().await }));
        spawn("job-schedule", |shared| Box::pin(async move { shared.keep_schedule().await }));
        spawn("job-unknown-kinds", |shared| Box::pin(async move { shared.watch_unknown_kinds().await }));
        spawn("job-listener", |shared| {
            Box::pin(async move {
                shared.stopping.run_until_cancelled(shared.store.new_jobs().listen()).await;
            })
        });
    }
}

type TaskFuture = futures_util::future::BoxFuture<'static, ()>;
