//! Listening to a channel.
//!
//! Invariant: after a lost connection the subscription comes back by itself; what was sent meanwhile is lost.

use bytes::Bytes;
use fred::clients::SubscriberClient;
use fred::interfaces::{EventInterface, PubsubInterface};
use fred::types::Message;
use tokio::sync::broadcast::{self, error::RecvError};

use super::connection;
use crate::runtime::tasks::Tasks;

/// The receiving end of one channel.
pub struct Messages {
    received: broadcast::Receiver<Message>,
    channel: String,
}

impl Messages {
    pub(super) fn subscribe(client: SubscriberClient, channel: String, tasks: &Tasks) -> Self {
        let received = client.message_rx();
        drop(client.manage_subscriptions());
        connection::keep(client.clone(), tasks);
        let (stopping, wanted) = (tasks.stopping(), channel.clone());
        tasks.spawn_finite("redis-subscription", async move {
            let subscribed = async {
                // Once it has succeeded, the client itself subscribes anew after each lost connection.
                while let Err(error) = client.subscribe(wanted.as_str()).await {
                    tracing::debug!(%error, "a channel of Redis could not be subscribed to yet");
                    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
                }
            };
            stopping.run_until_cancelled(subscribed).await;
        });
        Self { received, channel }
    }

    /// The next message; none when there will be no more. Messages that came too fast to be read are passed over.
    pub async fn next(&mut self) -> Option<Bytes> {
        loop {
            match self.received.recv().await {
                Ok(message) if *message.channel == *self.channel => return message.value.into_bytes(),
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    }
}
