//! The kinds that a process does, and how.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};

use super::attempt::Attempt;
use super::failure::JobFailure;
use super::kind::{CronKind, JobKind, Kind};
use super::metrics::KindMetrics;
use super::slots::Slots;

type Result = std::result::Result<(), JobFailure>;
type Run = dyn Fn(&str, Attempt) -> BoxFuture<'static, Result> + Send + Sync;

/// The kinds that a process does, and how.
#[derive(Default)]
pub struct Handlers(Vec<Handler>);

/// How one kind is done.
pub(super) struct Handler {
    pub(super) kind: Kind,
    /// How often it is due by itself, and with which payload.
    pub(super) cron: Option<(Duration, String)>,
    pub(super) slots: Arc<Slots>,
    pub(super) metrics: KindMetrics,
    run: Box<Run>,
}

impl Handlers {
    /// These, and how jobs of the kind `K` are done.
    #[must_use]
    pub fn on<K, R>(self, handle: impl Fn(K, Attempt) -> R + Send + Sync + 'static) -> Self
    where
        K: JobKind,
        R: Future<Output = Result> + Send + 'static,
    {
        self.with(Handler::new(None, handle))
    }

    /// These, and how jobs of the kind `K` are done, one of which is enqueued by itself at every tick.
    #[must_use]
    pub fn on_tick<K, R>(self, handle: impl Fn(K, Attempt) -> R + Send + Sync + 'static) -> Self
    where
        K: CronKind,
        R: Future<Output = Result> + Send + 'static,
    {
        let payload = serde_json::to_string(&K::default()).unwrap_or_default();
        self.with(Handler::new(Some((K::EVERY, payload)), handle))
    }

    /// These and those.
    #[must_use]
    pub fn and(self, others: Self) -> Self {
        others.0.into_iter().fold(self, Self::with)
    }

    fn with(mut self, handler: Handler) -> Self {
        let is_new = self.0.iter().all(|other| other.kind.name != handler.kind.name);
        debug_assert!(is_new, "two kinds of jobs are called {}", handler.kind.name);
        self.0.push(handler);
        self
    }

    pub(super) fn into_list(self) -> Vec<Arc<Handler>> {
        self.0.into_iter().map(Arc::new).collect()
    }
}

impl Handler {
    fn new<K, R>(cron: Option<(Duration, String)>, handle: impl Fn(K, Attempt) -> R + Send + Sync + 'static) -> Self
    where
        K: JobKind,
        R: Future<Output = Result> + Send + 'static,
    {
        let run = move |payload: &str, attempt: Attempt| match serde_json::from_str(payload) {
            Ok(payload) => handle(payload, attempt).boxed(),
            // A newer release may have written it, and may read it at the next try.
            Err(error) => {
                std::future::ready(Err(JobFailure::new(format!("the payload cannot be read: {error}")))).boxed()
            }
        };
        let metrics = KindMetrics::of(K::KIND.name);
        let slots = Arc::new(Slots::new(K::KIND.concurrency));
        Self { kind: K::KIND, cron, slots, metrics, run: Box::new(run) }
    }

    /// Does a job. The payload is read before anything else happens.
    pub(super) fn run(&self, payload: &str, attempt: Attempt) -> BoxFuture<'static, Result> {
        (self.run)(payload, attempt)
    }
}
