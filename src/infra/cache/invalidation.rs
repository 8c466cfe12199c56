//! Invalidation messages, from api-core to every edge, at once.
//!
//! Invariant: a message that is lost costs a moment and nothing else. Edges
//! follow the log of changes, which loses none; messages only hurry.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::broadcast::{self, error::RecvError};

use super::packed::{pack, unpack};
use super::redis::{Messages, Redis, RedisError};
use crate::domain::change::Change;
use crate::runtime::tasks::Tasks;

/// The channel of Redis on which invalidation messages goes.
const CHANNEL: &str = "link:invalidate";

/// How many messages a slow subscriber may lag behind before it misses some.
const BACKLOG_MAX: usize = 1024;

/// Sends and receives invalidation messages, within one process and, over Redis, between processes.
#[derive(Clone)]
pub struct Invalidations {
    sender: broadcast::Sender<Arc<Change>>,
    redis: Option<Redis>,
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
        Self { sender: broadcast::channel(BACKLOG_MAX).0, redis: None }
    }

    /// For roles in several processes. `tasks` listen to the others.
    ///
    /// # Errors
    /// The address of Redis makes no sense.
    pub fn over_redis(redis: Redis, tasks: &Tasks) -> Result<Self, RedisError> {
        let messages = redis.subscribe(CHANNEL, tasks)?;
        let this = Self { redis: Some(redis), ..Self::in_process() };
        let (stopping, sender) = (tasks.stopping(), this.sender.clone());
        tasks.spawn("link-messages", async move {
            stopping.run_until_cancelled(pass_on(messages, sender)).await;
        });
        Ok(this)
    }

    /// Tells every subscriber; call it after the change is committed and before it is answered. It takes no longer than one
    /// call of Redis may.
    pub async fn publish(&self, change: Change) {
        let message = pack(&change).map(Bytes::from);
        // An error means that nobody listens, which is fine: there is no cache to mend.
        drop(self.sender.send(Arc::new(change)));
        if let (Some(redis), Ok(message)) = (&self.redis, message) {
            // Where it fails, the log of changes brings it a moment later.
            drop(redis.publish(CHANNEL, message).await);
        }
    }

    /// Listens from now on.
    #[must_use]
    pub fn subscribe(&self) -> Subscription {
        Subscription { receiver: self.sender.subscribe() }
    }
}

/// What cannot be read is of a later release; the log of changes has it too.
async fn pass_on(mut messages: Messages, sender: broadcast::Sender<Arc<Change>>) {
    while let Some(message) = messages.next().await {
        if let Ok(change) = unpack::<Change>(&message) {
            drop(sender.send(Arc::new(change)));
        }
    }
    std::future::pending::<()>().await;
}

impl Subscription {
    /// The next change that is received; `None` when there will be no more.
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
