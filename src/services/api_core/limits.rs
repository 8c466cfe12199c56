//! How much one workspace and one person may ask for, whichever credentials they use.
//!
//! Invariant: only what was let into a workspace counts for it, so that nobody uses up the share of others.

use std::time::Duration;

use super::ApiCore;
use crate::config::sections::ApiConfig;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::{UserId, WorkspaceId};
use crate::infra::cache::redis::Redis;
use crate::infra::cache::shared_buckets::SharedBuckets;
use crate::runtime::token_bucket::{Decision, Rate};

const MINUTE: Duration = Duration::from_secs(60);
/// New workspaces of one person: so many at once, and then one a minute.
const CREATIONS_BURST: u32 = 20;
/// The most workspaces and people that are counted.
const KEYS_MAX: usize = 100_000;

/// The limits of an installation.
pub struct Limits {
    requests: Option<SharedBuckets<WorkspaceId>>,
    creations: Option<SharedBuckets<UserId>>,
    /// The most workspaces that one person may own.
    pub(super) owned_max: u64,
}

impl Limits {
    /// As the settings say; all processes with this Redis count together.
    #[must_use]
    pub fn new(config: &ApiConfig, redis: Option<Redis>) -> Self {
        let requests = Rate::new(config.workspace_rate_limit_per_minute, MINUTE, config.workspace_rate_limit_burst);
        let creations = Rate::new(1, MINUTE, CREATIONS_BURST);
        Self {
            requests: requests.map(|rate| SharedBuckets::new("workspace", rate, KEYS_MAX, redis.clone())),
            creations: creations.map(|rate| SharedBuckets::new("new-workspaces", rate, KEYS_MAX, redis)),
            owned_max: config.workspaces_per_owner_max.into(),
        }
    }
}

impl ApiCore {
    /// Counts a request of whoever was let into a workspace.
    ///
    /// # Errors
    /// `RateLimited` if there were too many.
    pub(super) async fn count_request(&self, workspace: WorkspaceId) -> Result<()> {
        let Some(buckets) = self.limits.as_ref().and_then(|limits| limits.requests.as_ref()) else { return Ok(()) };
        let message = "Too many requests of this workspace, over all of its keys and members. Slow down and try again.";
        allowed(buckets.take(&workspace).await, "workspace_rate_limited", message)
    }

    /// Counts a workspace that somebody wants to make.
    ///
    /// # Errors
    /// `RateLimited` if there were too many of late.
    pub(super) async fn count_creation(&self, owner: UserId) -> Result<()> {
        let Some(buckets) = self.limits.as_ref().and_then(|limits| limits.creations.as_ref()) else { return Ok(()) };
        let message = "Too many new workspaces in a short time. Wait a moment.";
        allowed(buckets.take(&owner).await, "rate_limited", message)
    }
}

fn allowed(decision: Decision, code: &'static str, message: &'static str) -> Result<()> {
    let Decision::Refused { retry_after } = decision else { return Ok(()) };
    Err(Error { retry_after: Some(retry_after), ..Error::new(ErrorKind::RateLimited, code, message) })
}
