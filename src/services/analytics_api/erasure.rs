//! Erasing clicks of a workspace: those of a link, of a visitor's day, or of a time; and all of them where the workspace itself is gone.
//!
//! Invariant: what is to be erased is in the audit trail before anything goes, and no transaction is open meanwhile. The trail does not name the
//! visitor.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::analytics::Analytics;
use super::click_exports::{CREATED as EXPORT_CREATED, FINISHED as EXPORT_FINISHED};
use super::{query_limits, report_schedules};
use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::{LinkId, WorkspaceId};
use crate::domain::time::Timestamp;
use crate::infra::click_store::{Erasure, Period};
use crate::infra::store::purged_workspaces;
use crate::services::api_core::{Access, Action, ActionKind, Recorded};

pub(in crate::services::analytics_api) const ERASED: Action<ClickErasure> =
    Action::new("clicks.erased", "Clicks were to be erased for good.");

/// What analytics tells of in the audit trail and in events.
pub const ACTIONS: &[ActionKind] = &[
    ERASED.kind(),
    EXPORT_CREATED.kind(),
    EXPORT_FINISHED.kind(),
    query_limits::UPDATED.kind(),
    report_schedules::CREATED.kind(),
    report_schedules::UPDATED.kind(),
    report_schedules::DELETED.kind(),
];

/// Which clicks are to be erased. All that is named holds together.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ErasureDraft {
    /// Those of this link.
    #[serde(default)]
    #[schema(nullable = false)]
    pub link_id: Option<LinkId>,
    /// Those of this visitor, as lists and exports of clicks name them: theirs on one day (UTC).
    #[serde(default)]
    #[schema(nullable = false, pattern = "^[0-9a-f]{16}$", example = "9f86d081884c7d65")]
    pub visitor: Option<String>,
    /// Those from this moment on.
    #[serde(default)]
    #[schema(nullable = false)]
    pub from: Option<Timestamp>,
    /// Those before this moment.
    #[serde(default)]
    #[schema(nullable = false)]
    pub to: Option<Timestamp>,
}

/// Which clicks of a workspace were to be erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ClickErasure {
    /// Whose clicks.
    pub workspace_id: WorkspaceId,
    /// Those of this link alone.
    pub link_id: Option<LinkId>,
    /// Whether they were those of one visitor on one day.
    pub of_visitor: bool,
    /// Those from this moment on.
    pub from: Option<Timestamp>,
    /// Those before this moment.
    pub to: Option<Timestamp>,
}

/// What erasing came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct ErasedClicks {
    /// Clicks that are gone.
    pub erased: u64,
}

impl Recorded for ClickErasure {
    fn subject(&self) -> String {
        self.link_id.map_or_else(|| self.workspace_id.to_string(), |link| link.to_string())
    }
}

impl Analytics {
    /// Erases clicks for good. What links were ever clicked stays as a number; clicks that are still on their way are not known.
    ///
    /// # Errors
    /// Errors in the fields of the draft; `Forbidden` where links are closed to the caller; a store that is unavailable, or damaged.
    pub async fn erase(&self, access: &Access, draft: ErasureDraft) -> Result<ErasedClicks> {
        let erasure = draft.check(access.workspace_id())?;
        self.require_sight_of_all(access).await?;
        let told = ClickErasure {
            workspace_id: access.workspace_id(),
            link_id: draft.link_id,
            of_visitor: draft.visitor.is_some(),
            from: draft.from,
            to: draft.to,
        };
        let transaction = self.core().store().write().await?;
        let recorded_action = ERASED.made(access.by(), &told)?;
        self.core().commit_at_once(transaction, vec![recorded_action]).await?;
        Ok(ErasedClicks { erased: self.clicks().erase(&erasure).await? })
    }
}

impl Analytics {
    /// Erases what is kept of workspaces that are gone for good, also what came since it was done last; `step` workspaces at a time.
    ///
    /// # Errors
    /// Those of the stores; what was erased until then stays so.
    pub(super) async fn erase_purged_workspaces(&self, step: u64) -> Result<()> {
        let mut last = None;
        loop {
            let purged = purged_workspaces::ids(self.core().store().reader(), last, step).await?;
            last = purged.last().copied();
            if last.is_none() {
                return Ok(());
            }
            let clicks = self.clicks().erase_workspaces(&purged).await?;
            if clicks > 0 {
                tracing::info!(clicks, "erased clicks of workspaces that are gone for good");
            }
        }
    }

    /// Looks whether there are no links that the caller may not know of.
    pub(super) async fn require_sight_of_all(&self, access: &Access) -> Result<()> {
        if self.core().hidden_links(access).await?.is_empty() {
            return Ok(());
        }
        let message = "Some folders are closed to you, and clicks of their links could be among these. Ask somebody who sees them all.";
        Err(Error::new(ErrorKind::Forbidden, "closed_folders", message))
    }
}

impl ErasureDraft {
    fn check(&self, workspace_id: WorkspaceId) -> Result<Erasure> {
        let visitor = self.visitor.as_deref().map(visitor).transpose()?;
        if self.link_id.is_none() && visitor.is_none() && self.from.is_none() && self.to.is_none() {
            let message = "name a link, a visitor or a time: all clicks are not erased by an empty choice";
            return Err(Error::invalid_field("/link_id", "nothing_chosen", message));
        }
        let (from, to) = (self.from.unwrap_or(Timestamp::EARLIEST), self.to.unwrap_or(Timestamp::LATEST));
        if from >= to {
            return Err(Error::invalid_field("/from", "invalid_period", "from must be before to"));
        }
        Ok(Erasure { workspace_id, period: Period { from, to }, link_id: self.link_id, visitor })
    }
}

fn visitor(text: &str) -> Result<u64> {
    let digits = Some(text).filter(|text| text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let refused = || Error::invalid_field("/visitor", "invalid_value", "expected 16 hexadecimal digits");
    digits.and_then(|text| u64::from_str_radix(text, 16).ok()).ok_or_else(refused)
}
