//! Tells the workers of a process that jobs were enqueued: by this process at once, and by others where the server tells of it.
//!
//! It only hurries them. What is not told, because a connection was lost, is found by whoever looks from time to time.

use std::time::Duration;

use sqlx::postgres::{PgListener, PgPool};
use tokio::sync::watch;

/// The channel of PostgreSQL's NOTIFY.
pub(super) const CHANNEL: &str = "elido_jobs";
/// How long to wait before the server is asked again after it was unavailable.
const PAUSE: Duration = Duration::from_secs(1);

/// Who tells of new jobs. Clones share it.
#[derive(Clone)]
pub struct NewJobs {
    told: watch::Sender<()>,
    server: Option<PgPool>,
}

impl NewJobs {
    pub(super) fn new(server: Option<PgPool>) -> Self {
        Self { told: watch::Sender::new(()), server }
    }

    /// Changes whenever there may be new jobs.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<()> {
        self.told.subscribe()
    }

    /// There are new jobs.
    pub(super) fn tell(&self) {
        self.told.send_replace(());
    }

    /// Passes on what the server tells of the jobs of other processes, without an end. Without a server there are none.
    pub async fn listen(&self) {
        let Some(server) = &self.server else { return std::future::pending().await };
        let mut was_told = false;
        loop {
            let Err(error) = self.listen_once(server, &mut was_told).await;
            if !was_told {
                tracing::warn!(%error, "the database does not tell of new jobs; workers find them within a second");
                was_told = true;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn listen_once(&self, server: &PgPool, was_told: &mut bool) -> Result<std::convert::Infallible, sqlx::Error> {
        let mut listener = PgListener::connect_with(server).await?;
        listener.listen(CHANNEL).await?;
        *was_told = false;
        loop {
            // Nothing is told of the time before, nor of the time in which a connection was lost.
            self.tell();
            listener.try_recv().await?;
        }
    }

    pub(super) async fn close(&self) {
        if let Some(server) = &self.server {
            server.close().await;
        }
    }
}
