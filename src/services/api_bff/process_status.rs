//! How the process is that serves the dashboard, for administrators of the instance.

use std::sync::{Arc, OnceLock};

use futures_util::future::BoxFuture;
use serde_json::Value;

type Ask = Box<dyn Fn() -> BoxFuture<'static, Value> + Send + Sync>;

/// How this process is. Nobody knows before all of it has started. Clones share it.
#[derive(Clone, Default)]
pub struct ProcessStatus(Arc<OnceLock<Ask>>);

impl ProcessStatus {
    /// From now on, this is asked. Only the first call counts.
    pub fn ask_by(&self, ask: impl Fn() -> BoxFuture<'static, Value> + Send + Sync + 'static) {
        // A process starts once.
        let _ = self.0.set(Box::new(ask));
    }

    /// How the process is; none while it starts.
    pub async fn now(&self) -> Option<Value> {
        match self.0.get() {
            Some(ask) => Some(ask().await),
            None => None,
        }
    }
}
