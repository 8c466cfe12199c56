//! Looks at the DNS of a domain and does what follows from it.
//!
//! Invariants: DNS is asked before the transaction begins. Within it every claim of the host name is locked, so that of two workspaces
//! that show the same name at once, one becomes its owner and the other is told.

use super::checks::Look;
use super::create::used_by_another;
use super::view::Domain;
use super::{LOST, QUARANTINED, VERIFIED, WARNED, told_of};
use crate::domain::change::Invalidation;
use crate::domain::custom_domain::{
    DomainCheck, DomainState, DomainStatus, Finding, FindingCode, StateReason, expiry, keep_since,
};
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::{DomainId, WorkspaceId};
use crate::domain::time::Timestamp;
use crate::infra::store::Transaction;
use crate::infra::store::columns::Json;
use crate::infra::store::domains::{self, Domain as Row};
use crate::runtime::clock;
use crate::services::api_core::ApiCore;
use crate::services::api_core::principal::Access;
use crate::services::api_core::recorded_action::{By, RecordedAction};

/// What a look leads to.
struct Outcome {
    row: Row,
    recorded_actions: Vec<RecordedAction>,
    stale: Vec<Invalidation>,
}

impl ApiCore {
    /// Looks at the DNS of a domain at once, because somebody asks.
    ///
    /// # Errors
    /// `NotFound` if the workspace has no such domain of its own; `RateLimited` if it asked too often; `Conflict` if the records are right and
    /// another workspace uses the name.
    pub async fn verify_domain(&self, access: &Access, id: DomainId) -> Result<Domain> {
        self.count_verification(access.workspace_id()).await?;
        let row = domains::find(self.store.reader(), access.workspace_id(), id).await?;
        let row = row.ok_or_else(|| Error::not_found("domain"))?;
        if row.is_default {
            let message = "The default domain belongs to the instance and has no records to be looked at.";
            return Err(Error::new(ErrorKind::Forbidden, "default_domain", message));
        }
        let look = Box::pin(self.look_at(&row)).await?;
        let (domain, is_taken) = Box::pin(self.settle(access.workspace_id(), &row, look, access.by())).await?;
        if is_taken { Err(used_by_another()) } else { Ok(domain) }
    }

    /// Looks at the DNS of a domain because it is time to. One that is gone meanwhile is left alone.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn check_domain(&self, workspace: WorkspaceId, id: DomainId) -> Result<()> {
        let Some(row) = domains::find(self.store.reader(), workspace, id).await? else { return Ok(()) };
        let look = Box::pin(self.look_at(&row)).await?;
        match Box::pin(self.settle(workspace, &row, look, By::instance().within(workspace))).await {
            Err(error) if error.kind == ErrorKind::NotFound => Ok(()),
            settled => settled.map(|_| ()),
        }
    }

    /// Domains that it is time to look at, at most so many.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn domains_to_check(&self, limit: u64) -> Result<Vec<(WorkspaceId, DomainId)>> {
        domains::due_for_check(self.store.reader(), clock::now(), limit).await
    }

    /// Writes what a look leads to. True if the domain would be in use if the name were not another workspace's.
    async fn settle(&self, workspace: WorkspaceId, seen: &Row, look: Look, by: By) -> Result<(Domain, bool)> {
        let transaction = self.store.write().await?;
        let claims = domains::lock_claims(&transaction, &seen.hostname).await?;
        let is_this = |row: &&Row| row.id == seen.id && row.workspace_id == Some(workspace);
        let current = claims.iter().find(is_this).cloned().ok_or_else(|| Error::not_found("domain"))?;
        let other = claims.into_iter().find(|row| row.id != seen.id && row.state != DomainState::Pending);
        let is_proven = status_of(&current).is_proven_by(&look.check);
        let is_taken = is_proven && other.as_ref().is_some_and(|other| other.state == DomainState::Active);
        let mut outcome = if is_taken {
            Outcome { row: taken(&current, look), recorded_actions: Vec::new(), stale: Vec::new() }
        } else {
            self.outcome(&current, look, by)?
        };
        if let Some(loser) = other.filter(|_| is_proven && !is_taken) {
            outcome.recorded_actions.extend(self.give_up(&transaction, loser, outcome.row.state_since).await?);
        }
        if !domains::update(&transaction, outcome.row.clone()).await? {
            return Err(used_by_another());
        }
        let domain = self.view_domain(outcome.row);
        self.commit(transaction, outcome.recorded_actions, outcome.stale).await?;
        Ok((domain, is_taken))
    }

    fn outcome(&self, current: &Row, look: Look, by: By) -> Result<Outcome> {
        let new = status_of(current).after(&look.check, self.settings.domains.policy);
        let was_proven = new.state == DomainState::Active && current.state != DomainState::Active;
        let findings = findings(current, look.findings, look.check.at);
        let row = Row {
            enabled: new.state == DomainState::Active,
            verified_at: if was_proven { Some(look.check.at) } else { current.verified_at },
            findings: Json(findings.clone()),
            last_check: Some(Json(look.check)),
            ..with_status(current.clone(), new)
        };
        let row = numbered(current, row);
        let (before, after) = (self.view_domain(current.clone()), self.view_domain(row.clone()));
        let mut recorded_actions = Vec::new();
        let mut stale = Vec::new();
        if current.state != row.state {
            let action = if row.state == DomainState::Active { &VERIFIED } else { &QUARANTINED };
            recorded_actions.push(action.edited(by, &before, &after)?);
            stale.push(told_of(&row));
        }
        if codes(&current.findings.0) != codes(&findings) {
            recorded_actions.push(WARNED.edited(by, &before, &after)?);
        }
        Ok(Outcome { row, recorded_actions, stale })
    }

    /// Takes a quarantined domain from whoever had it, because another workspace has shown that the name is its own.
    async fn give_up(&self, transaction: &Transaction, loser: Row, now: Timestamp) -> Result<Option<RecordedAction>> {
        let Some(workspace) = loser.workspace_id else { return Ok(None) };
        let before = self.view_domain(loser.clone());
        let lost = status_of(&loser).lost(now);
        let row = Row { enabled: false, version: loser.version + 1, updated_at: now, ..with_status(loser, lost) };
        domains::update(transaction, row.clone()).await?;
        let by = By::instance().within(workspace);
        Ok(Some(LOST.edited(by, &before, &self.view_domain(row))?))
    }
}

fn status_of(row: &Row) -> DomainStatus {
    DomainStatus {
        state: row.state,
        reason: row.state_reason,
        since: row.state_since,
        failures: row.failures,
        failing_since: row.failing_since,
        next_check_at: row.next_check_at,
    }
}

fn with_status(row: Row, status: DomainStatus) -> Row {
    Row {
        state: status.state,
        state_reason: status.reason,
        state_since: status.since,
        failures: status.failures,
        failing_since: status.failing_since,
        next_check_at: status.next_check_at,
        ..row
    }
}

/// A claim whose records are right, while another workspace uses the name. It is looked at again only when somebody asks.
fn taken(current: &Row, look: Look) -> Row {
    let row = Row {
        state_reason: StateReason::ClaimedByAnother,
        next_check_at: None,
        last_check: Some(Json(look.check)),
        ..current.clone()
    };
    numbered(current, row)
}

/// With the next version, if a caller sees more of it than the time of the look.
fn numbered(current: &Row, row: Row) -> Row {
    let timeless =
        |row: &Row| row.last_check.as_ref().map(|check| DomainCheck { at: current.created_at, ..check.0.clone() });
    let shown = |row: &Row| (row.state, row.state_reason, timeless(row), row.findings.0.clone());
    if shown(current) == shown(&row) {
        return row;
    }
    Row { version: current.version + 1, updated_at: clock::now(), ..row }
}

/// What is wrong with a domain: what DNS said of it, or said when it last answered, and its certificate.
fn findings(row: &Row, of_dns: Option<Vec<Finding>>, now: Timestamp) -> Vec<Finding> {
    let before = &row.findings.0;
    let kept = || before.iter().filter(|finding| finding.code != FindingCode::CertificateExpires).cloned().collect();
    let times = row.certificate_renew_at.zip(row.certificate_not_after);
    let expiry = times.and_then(|(renew_at, ends)| expiry(renew_at, ends, row.certificate_error.as_deref(), now));
    keep_since(before, of_dns.unwrap_or_else(kept).into_iter().chain(expiry).collect())
}

fn codes(findings: &[Finding]) -> Vec<FindingCode> {
    findings.iter().map(|finding| finding.code).collect()
}
