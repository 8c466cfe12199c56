//! What workspaces ask of their clicks, as the source of truth says.
//!
//! Invariant: no click is looked at before this is known. What changes holds for clicks that are looked at some seconds later; while the source
//! of truth does not answer, what was known last holds.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::domain::click_policy::ClickPolicy;
use crate::domain::error::Result;
use crate::domain::id::WorkspaceId;
use crate::infra::store::{Store, workspaces};

/// How often they are looked up.
const INTERVAL: Duration = Duration::from_secs(2);

/// The policies of workspaces that have one of their own.
type Known = Arc<HashMap<WorkspaceId, ClickPolicy>>;

/// The policies as they are known now. Clones share them.
#[derive(Debug, Clone)]
pub struct ClickPolicies {
    known: watch::Receiver<Known>,
}

/// Looks policies up again and again.
pub struct PolicyWatch {
    store: Store,
    known: watch::Sender<Known>,
}

impl PolicyWatch {
    /// Looks them up for the first time.
    ///
    /// # Errors
    /// The source of truth does not answer.
    pub async fn begin(store: Store) -> Result<Self> {
        let known = look_up(&store).await?;
        Ok(Self { store, known: watch::Sender::new(known) })
    }

    /// What is known now and later.
    #[must_use]
    pub fn policies(&self) -> ClickPolicies {
        ClickPolicies { known: self.known.subscribe() }
    }

    /// Looks them up until `stopping`.
    pub async fn run(self, stopping: CancellationToken) {
        let look = async {
            let mut is_failing = false;
            loop {
                tokio::time::sleep(INTERVAL).await;
                let found = look_up(&self.store).await;
                if let (Err(error), false) = (&found, is_failing) {
                    tracing::warn!(%error, "could not read the click policies of workspaces; using the last known ones");
                }
                is_failing = found.is_err();
                if let Ok(known) = found {
                    self.known.send_replace(known);
                }
            }
        };
        stopping.run_until_cancelled(look).await;
    }
}

async fn look_up(store: &Store) -> Result<Known> {
    Ok(Arc::new(workspaces::click_policies(store.reader()).await?))
}

impl ClickPolicies {
    /// No workspace asks for anything of its own.
    #[must_use]
    pub fn none() -> Self {
        Self::of_all(HashMap::new())
    }

    /// These, for good.
    #[must_use]
    pub fn of_all(policies: HashMap<WorkspaceId, ClickPolicy>) -> Self {
        // A receiver keeps the last value when its sender is gone.
        Self { known: watch::Sender::new(Arc::new(policies)).subscribe() }
    }

    /// What this workspace asks for.
    #[must_use]
    pub fn of(&self, workspace_id: Option<WorkspaceId>) -> ClickPolicy {
        let known = self.known.borrow();
        workspace_id.and_then(|id| known.get(&id)).copied().unwrap_or_default()
    }

    /// Every workspace that asks for something of its own.
    #[must_use]
    pub fn all(&self) -> Arc<HashMap<WorkspaceId, ClickPolicy>> {
        Arc::clone(&self.known.borrow())
    }
}
