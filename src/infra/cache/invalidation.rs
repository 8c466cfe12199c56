//! Word of edits, from api-core to every edge.
//!
//! Invariant: a lost message delays an eviction and never makes a wrong value
//! right; versions and lifetimes decide, messages only hurry.

use std::sync::Arc;

use tokio::sync::broadcast::{self, error::RecvError};

use crate::domain::id::{DomainId, WorkspaceId};

/// How many messages a slow subscriber may lag behind before it has to forget everything instead.
const BACKLOG_MAX: usize = 16 * 1024;

/// What is no longer to be believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invalidation {
    /// A link was created, changed or deleted.
    Link {
        /// Where it lives.
        domain_id: DomainId,
        /// Under which slug, as the domain files it.
        slug: Box<str>,
    },
    /// A domain's own settings changed.
    Domain {
        /// Its host name, lower-case.
        hostname: Box<str>,
    },
    /// Everything of a workspace changed, such as by its deletion.
    Workspace {
        /// Which one.
        workspace_id: WorkspaceId,
    },
    /// Messages were lost: everything may have changed.
    Everything,
}

/// Sends and receives invalidations within one process.
#[derive(Clone)]
pub struct Invalidations {
    sender: broadcast::Sender<Arc<[Invalidation]>>,
}

/// The receiving end.
pub struct Subscription {
    receiver: broadcast::Receiver<Arc<[Invalidation]>>,
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

    /// Tells every subscriber; call it after the edit is committed and before it is answered.
    pub fn publish(&self, invalidations: impl Into<Arc<[Invalidation]>>) {
        // An error means that nobody listens, which is fine: there is no cache to mend.
        drop(self.sender.send(invalidations.into()));
    }

    /// Listens from now on. Subscribe before the first look-up, or an edit in between is missed.
    #[must_use]
    pub fn subscribe(&self) -> Subscription {
        Subscription { receiver: self.sender.subscribe() }
    }
}

impl Subscription {
    /// The next edits; [`Invalidation::Everything`] after messages were lost; `None` when there will be no more.
    pub async fn next(&mut self) -> Option<Arc<[Invalidation]>> {
        match self.receiver.recv().await {
            Ok(invalidations) => Some(invalidations),
            Err(RecvError::Lagged(_)) => Some(Arc::new([Invalidation::Everything])),
            Err(RecvError::Closed) => None,
        }
    }
}
