//! Compares redirects answered with clicks stored.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::cli::api_client::{ApiArguments, ApiClient, Call};
use crate::cli::exit::{Exit, Failure};
use crate::domain::time::Timestamp;
use crate::runtime::clock;

/// How far the server's clock may be off.
const CLOCK_SLACK: Duration = Duration::from_secs(24 * 60 * 60);
/// How often the store is asked.
const POLL: Duration = Duration::from_millis(250);
/// How long the number of clicks has to stay the same after the last one that was waited for, so that one too many shows.
const STILL: Duration = Duration::from_secs(2);

/// The clicks of a workspace before a run.
pub(super) struct Reconciliation {
    client: ApiClient,
    path: String,
    from: Timestamp,
    to: Timestamp,
    before: u64,
}

impl Reconciliation {
    /// Counts what is stored before the run.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses.
    pub(super) async fn begin(arguments: &ApiArguments) -> Result<Self, Failure> {
        let client = ApiClient::new(arguments)?;
        let path = format!("{}/analytics/summary", client.workspace_path(arguments).await?);
        let now = clock::now();
        let mut reconciliation =
            Self { client, path, from: now.minus(CLOCK_SLACK), to: now.plus(CLOCK_SLACK), before: 0 };
        reconciliation.before = reconciliation.count().await?;
        Ok(reconciliation)
    }

    /// Waits until as many clicks are stored as redirects were answered, or the time is up, and returns how many are.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses.
    pub(super) async fn end(self, answered: u64, settle: Duration) -> Result<u64, Failure> {
        let started = Instant::now();
        loop {
            let stored = self.count().await?.saturating_sub(self.before);
            if stored >= answered {
                tokio::time::sleep(STILL).await;
                return Ok(self.count().await?.saturating_sub(self.before));
            }
            if started.elapsed() > settle {
                return Ok(stored);
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// All redirects of the workspace, whoever asked for them.
    async fn count(&self) -> Result<u64, Failure> {
        let query = [
            ("from", self.from.to_string()),
            ("to", self.to.to_string()),
            ("include", "bots,previews,prefetches,heads,opted_out".to_owned()),
        ];
        let response = self.client.call(&Call::get(&self.path, &query)).await?;
        let clicks = response.body.get("clicks").and_then(Value::as_u64);
        clicks.ok_or_else(|| Failure::new(Exit::Failure, "the server answered a summary without clicks"))
    }
}
