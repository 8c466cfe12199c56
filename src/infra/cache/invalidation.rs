//! Word of changes, from api-core to every edge, at once.
//!
//! Invariant: a message that is lost costs a moment and nothing else. Edges
//! follow the log of changes, which loses none; messages only hurry.

use std::sync::Arc;

use tokio::sync::broadcast::{self, error::RecvError};

use crate::domain::change::Change;

/// How many messages a slow subscriber may lag behind before it misses some.
const BACKLOG_MAX: usize = 1024;

/// Sends and receives word of changes within one process.
#[derive(Clone)]
pub struct Invalidations {
    sender: broadcast::Sender<Arc<Change>>,
}

/// The receiving end.
pub struct Subscription {
    receiver: broadcast::Receiver<Arc<Change>>,
}

impl Default for Invalidations {
    fn default() -> Self {
        Self::in_process()
    }
}

impl Invalidations {
    /// For roles that live in one process.
    #[must_use]
    pub fn in_process() -> Self {
        Self { sender: broadcast::channel(BACKLOG_MAX).0 }
    }

    /// Tells every subscriber; call it after the change is committed and before it is answered.
    pub fn publish(&self, change: Change) {
        // An error means that nobody listens, which is fine: there is no cache to mend.
        drop(self.sender.send(Arc::new(change)));
    }

    /// Listens from now on.
    #[must_use]
    pub fn subscribe(&self) -> Subscription {
        Subscription { receiver: self.sender.subscribe() }
    }
}

impl Subscription {
    /// The next change that is heard of; `None` when there will be no more.
    pub async fn next(&mut self) -> Option<Arc<Change>> {
        loop {
            match self.receiver.recv().await {
                Ok(change) => return Some(change),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    }
}
