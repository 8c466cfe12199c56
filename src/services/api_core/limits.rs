//! How much one workspace and one person may ask for, whichever credentials they use.
//!
//! Invariant: only what was let into a workspace counts for it, so that nobody uses up the share of others.

use std::net::IpAddr;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::ApiCore;
use super::field_errors::FieldErrors;
use super::principal::{Access, Principal};
use crate::config::sections::{ApiConfig, DomainsConfig};
use crate::domain::client_address::network;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::{ShareId, UserId, WorkspaceId};
use crate::http::credential::{Caller, Credential};
use crate::http::rate_limit::RateLimit;
use crate::infra::cache::redis::Redis;
use crate::infra::cache::shared_buckets::SharedBuckets;
use crate::runtime::token_bucket::{Decision, Level, Rate};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
/// New workspaces of one person: so many at once, and then one a minute.
const CREATIONS_BURST: u32 = 20;
/// Invitations of one workspace: so many at once, and then one a minute.
const INVITATIONS_BURST: u32 = 50;
/// Invitations to one address, from whichever workspaces: so many at once, and then one an hour.
const INVITED_BURST: u32 = 5;
/// Invitations of one person to one address where others have used that up: so many at once, and then one an hour.
const INVITED_HERE_BURST: u32 = 2;
/// Looks at the DNS of a workspace's domains that somebody asks for: so many at once, and then so many a minute.
const VERIFICATIONS_BURST: u32 = 30;
const VERIFICATIONS_PER_MINUTE: u32 = 10;
/// Openings of one shared page by one network: so many at once, and then so many a minute.
const OPENINGS_BURST: u32 = 300;
const OPENINGS_PER_MINUTE: u32 = 300;
/// Passwords that one network tries at one shared page: so many at once, and then so many a minute. It takes right ones as well.
const PAGE_PASSWORDS_BURST: u32 = 60;
const PAGE_PASSWORDS_PER_MINUTE: u32 = 20;
const WORKSPACE_RATE_LIMITED: &str = "workspace_rate_limited";
/// The most workspaces and people that are counted.
const KEYS_MAX: usize = 100_000;

/// The limits of an installation.
pub struct Limits {
    callers: Option<RateLimit>,
    requests: Option<SharedBuckets<WorkspaceId>>,
    creations: Option<SharedBuckets<UserId>>,
    invitations: Option<SharedBuckets<WorkspaceId>>,
    invited: Option<SharedBuckets<String>>,
    invited_here: Option<SharedBuckets<String>>,
    verifications: Option<SharedBuckets<WorkspaceId>>,
    openings: Option<SharedBuckets<String>>,
    page_passwords: Option<SharedBuckets<String>>,
    /// The most domains that one workspace may have of its own.
    pub(super) domains_max: u64,
    /// The most workspaces that one person may own.
    pub(super) owned_max: u64,
    /// The most requests a minute that a key may have.
    key_rate_max: u32,
}

impl Limits {
    /// As the settings say; all processes with this Redis count together.
    #[must_use]
    pub fn new(config: &ApiConfig, domains: &DomainsConfig, redis: Option<Redis>) -> Self {
        let requests = Rate::new(config.workspace_rate_limit_per_minute, MINUTE, config.workspace_rate_limit_burst);
        let creations = Rate::new(1, MINUTE, CREATIONS_BURST);
        let callers = Rate::new(config.rate_limit_per_minute, MINUTE, config.rate_limit_burst);
        Self {
            callers: callers.map(|rate| RateLimit::new(rate, redis.clone())),
            requests: requests.map(|rate| SharedBuckets::new("workspace", rate, KEYS_MAX, redis.clone())),
            creations: creations.map(|rate| SharedBuckets::new("new-workspaces", rate, KEYS_MAX, redis.clone())),
            invitations: Rate::new(1, MINUTE, INVITATIONS_BURST)
                .map(|rate| SharedBuckets::new("invitations", rate, KEYS_MAX, redis.clone())),
            verifications: Rate::new(VERIFICATIONS_PER_MINUTE, MINUTE, VERIFICATIONS_BURST)
                .map(|rate| SharedBuckets::new("verifications", rate, KEYS_MAX, redis.clone())),
            openings: Rate::new(OPENINGS_PER_MINUTE, MINUTE, OPENINGS_BURST)
                .map(|rate| SharedBuckets::new("openings", rate, KEYS_MAX, redis.clone())),
            page_passwords: Rate::new(PAGE_PASSWORDS_PER_MINUTE, MINUTE, PAGE_PASSWORDS_BURST)
                .map(|rate| SharedBuckets::new("page-passwords", rate, KEYS_MAX, redis.clone())),
            domains_max: domains.per_workspace_max.into(),
            invited: Rate::new(1, HOUR, INVITED_BURST)
                .map(|rate| SharedBuckets::new("invited", rate, KEYS_MAX, redis.clone())),
            invited_here: Rate::new(1, HOUR, INVITED_HERE_BURST)
                .map(|rate| SharedBuckets::new("invited-here", rate, KEYS_MAX, redis)),
            key_rate_max: config.key_rate_limit_per_minute_max,
            owned_max: config.workspaces_per_owner_max.into(),
        }
    }
}

impl ApiCore {
    /// The limit of each credential, which counts over REST and gRPC together; `None` where there is none.
    #[must_use]
    pub fn rate_limit(&self) -> Option<RateLimit> {
        self.limits.as_ref()?.callers.clone()
    }

    /// Counts a request of a credential that did not come over REST.
    ///
    /// # Errors
    /// `RateLimited` if there were too many.
    pub(super) async fn count_credential(&self, principal: &Principal) -> Result<()> {
        let Some(callers) = self.rate_limit() else { return Ok(()) };
        callers.count(&Caller::Credential(Credential(principal.credential_id().into())), principal.own_rate()).await
    }

    /// What a caller is told whose credential was refused with this error outside of REST: a wrong one counts for the address that it
    /// came from, like a request without one.
    pub(super) async fn refusal(&self, error: Error, address: Option<IpAddr>) -> Error {
        let is_wrong = error.kind == ErrorKind::Unauthenticated;
        let (true, Some(callers), Some(address)) = (is_wrong, self.rate_limit(), address) else { return error };
        callers.count(&Caller::Address(network(address)), None).await.err().unwrap_or(error)
    }

    /// Counts a request of whoever was let into a workspace.
    ///
    /// # Errors
    /// `RateLimited` if there were too many.
    pub(super) async fn count_request(&self, workspace: WorkspaceId) -> Result<Option<Level>> {
        let Some(buckets) = self.limits.as_ref().and_then(|limits| limits.requests.as_ref()) else { return Ok(None) };
        let message = "Too many requests of this workspace, over all of its keys and members. Slow down and try again.";
        let decision = buckets.take(&workspace).await;
        allowed(decision, WORKSPACE_RATE_LIMITED, message).map(|()| Some(decision.level(buckets.rate())))
    }

    /// What is left to a workspace whose request was refused with this error; `None` for any other error.
    #[must_use]
    pub fn level_of_refusal(&self, error: &Error) -> Option<Level> {
        let rate = self.limits.as_ref()?.requests.as_ref()?.rate();
        let retry_after = error.retry_after.filter(|_| error.code == WORKSPACE_RATE_LIMITED)?;
        Some(Decision::Refused { retry_after }.level(rate))
    }

    /// Counts an invitation that somebody wants to send for a workspace. Where others have invited the address too often, whoever invites
    /// has a share of their own, so that nobody keeps somebody from being invited.
    ///
    /// # Errors
    /// `RateLimited` if the workspace has sent too many of late, or the address has got too many.
    pub(super) async fn count_invitation(&self, access: &Access, email_key: &str) -> Result<()> {
        let Some(limits) = &self.limits else { return Ok(()) };
        let message = "Too many invitations in a short time. Wait a while.";
        if let Some(buckets) = &limits.invitations {
            allowed(buckets.take(&access.workspace_id()).await, "too_many_invitations", message)?;
        }
        let Some(buckets) = &limits.invited else { return Ok(()) };
        // A hash, so that no address shows in Redis.
        let address = URL_SAFE_NO_PAD.encode(Sha256::digest(email_key));
        let decision = buckets.take(&address).await;
        match (&limits.invited_here, decision) {
            (Some(shares), Decision::Refused { .. }) => {
                let here = URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{} {email_key}", access.author())));
                allowed(shares.take(&here).await, "too_many_invitations", message)
            }
            (_, decision) => allowed(decision, "too_many_invitations", message),
        }
    }

    /// Counts a look at the DNS of a domain that somebody asks for.
    ///
    /// # Errors
    /// `RateLimited` if the workspace has asked too often of late.
    pub(super) async fn count_verification(&self, workspace: WorkspaceId) -> Result<()> {
        let Some(buckets) = self.limits.as_ref().and_then(|limits| limits.verifications.as_ref()) else {
            return Ok(());
        };
        let message = "Too many checks of domains in a short time. They are also checked by themselves; wait a moment.";
        allowed(buckets.take(&workspace).await, "rate_limited", message)
    }

    /// Counts that somebody opens a shared page. Those of one network keep nobody of another out.
    ///
    /// # Errors
    /// `RateLimited` if it was opened too often of late.
    pub(super) async fn count_opening(&self, share: ShareId, address: Option<IpAddr>) -> Result<()> {
        let Some(buckets) = self.limits.as_ref().and_then(|limits| limits.openings.as_ref()) else { return Ok(()) };
        let message = "Too many people look at this page at once. Try again shortly.";
        allowed(buckets.take(&at_share(share, address)).await, "rate_limited", message)
    }

    /// Counts a password that somebody tries at a shared page. Tries from one network keep nobody of another out.
    ///
    /// # Errors
    /// `RateLimited` if there were too many of late.
    pub(super) async fn count_password(&self, share: ShareId, address: Option<IpAddr>) -> Result<()> {
        let Some(buckets) = self.limits.as_ref().and_then(|limits| limits.page_passwords.as_ref()) else {
            return Ok(());
        };
        let message = "Too many passwords in a short time. Wait a moment.";
        allowed(buckets.take(&at_share(share, address)).await, "rate_limited", message)
    }

    /// Looks whether a key may have so many requests a minute.
    pub(super) fn check_rate(&self, errors: &mut FieldErrors, limit: Option<u32>) {
        let max = self.limits.as_ref().map_or(u32::MAX, |limits| limits.key_rate_max);
        if limit.is_some_and(|limit| limit == 0 || limit > max) {
            let message = format!("a key of this instance has 1 to {max} requests a minute");
            errors.add("/rate_limit_per_minute", "out_of_range", message);
        }
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

/// A network at a shared page. A hash, so that no address shows in Redis.
fn at_share(share: ShareId, address: Option<IpAddr>) -> String {
    let from = address.map_or_else(String::new, |address| network(address).to_string());
    URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{share} {from}")))
}

fn allowed(decision: Decision, code: &'static str, message: &'static str) -> Result<()> {
    let Decision::Refused { retry_after } = decision else { return Ok(()) };
    Err(Error { retry_after: Some(retry_after), ..Error::new(ErrorKind::RateLimited, code, message) })
}
