//! What questions about the clicks of a workspace may take: decided by those who run the instance, told in the trail of the workspace.
//!
//! Invariant: no workspace is given so many questions at once that there is no room for those of others.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::analytics::Analytics;
use crate::domain::error::{Error, Result};
use crate::domain::id::WorkspaceId;
use crate::domain::query_limits::QueryLimits;
use crate::infra::click_store::QuestionLimits;
use crate::infra::store::{query_limits, workspaces};
use crate::services::api_core::{Action, AdminAccess, FieldErrors, Recorded, present};

pub(in crate::services::analytics_api) const UPDATED: Action<WorkspaceQueryLimits> =
    Action::new("query_limits.updated", "What questions about the clicks of a workspace may take was changed.");

/// The most that a workspace may be given.
const SECONDS_MAX: u32 = 600;
const CLICKS_MAX: u64 = 1_000_000_000_000;

/// What questions about the clicks of a workspace may take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct WorkspaceQueryLimits {
    /// Whose clicks.
    pub workspace_id: WorkspaceId,
    /// How many seconds one may take; `null` where it is what the settings say.
    pub seconds_max: Option<u32>,
    /// How many clicks one may go through; `null` where it is what the settings say.
    pub clicks_max: Option<u64>,
    /// How many a process asks at once; `null` where it is what the settings say.
    pub queries_max: Option<u32>,
    /// What holds, with what the settings say.
    pub effective: EffectiveQueryLimits,
}

/// The limits that hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct EffectiveQueryLimits {
    /// How many seconds a question may take.
    #[schema(minimum = 1, example = 10)]
    pub seconds_max: u64,
    /// How many clicks a question may go through.
    #[schema(minimum = 1, example = 20_000_000_000_u64)]
    pub clicks_max: u64,
    /// How many questions a process asks at once.
    #[schema(minimum = 1, example = 4)]
    pub queries_max: u32,
}

/// A change of limits. What is absent stays as it is, and `null` is as the settings say.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QueryLimitsPatch {
    /// How many seconds a question may take.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 600, example = 30)]
    pub seconds_max: Option<Option<u32>>,
    /// How many clicks a question may go through.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<u64>, minimum = 1, maximum = 1_000_000_000_000_u64)]
    pub clicks_max: Option<Option<u64>>,
    /// How many questions a process asks at once. So many that there is no room for those of others are refused.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<u32>, minimum = 1, example = 2)]
    pub queries_max: Option<Option<u32>>,
}

impl Recorded for WorkspaceQueryLimits {
    fn subject(&self) -> String {
        self.workspace_id.to_string()
    }
}

impl From<QuestionLimits> for EffectiveQueryLimits {
    fn from(limits: QuestionLimits) -> Self {
        let QuestionLimits { time, clicks, at_once } = limits;
        Self { seconds_max: time.as_secs(), clicks_max: clicks, queries_max: at_once }
    }
}

impl Analytics {
    /// What questions about the clicks of a workspace may take.
    ///
    /// # Errors
    /// `NotFound` if there is no such workspace.
    pub async fn query_limits(&self, _access: AdminAccess, workspace: WorkspaceId) -> Result<WorkspaceQueryLimits> {
        let reader = self.core().store().reader();
        workspaces::find(reader, workspace).await?.ok_or_else(|| Error::not_found("workspace"))?;
        Ok(self.described(workspace, query_limits::find(reader, workspace).await?))
    }

    /// Changes it. Questions that are asked already go on as they were.
    ///
    /// # Errors
    /// `Invalid` with every field that is wrong; `NotFound` if there is no such workspace.
    pub async fn update_query_limits(
        &self,
        access: AdminAccess,
        workspace: WorkspaceId,
        patch: QueryLimitsPatch,
    ) -> Result<WorkspaceQueryLimits> {
        patch.check(self.clicks().queries_max())?;
        let transaction = self.core().store().write().await?;
        workspaces::lock(&transaction, workspace).await?.ok_or_else(|| Error::not_found("workspace"))?;
        let before = query_limits::find(&transaction, workspace).await?;
        let after = QueryLimits {
            seconds_max: patch.seconds_max.unwrap_or(before.seconds_max),
            clicks_max: patch.clicks_max.unwrap_or(before.clicks_max),
            queries_max: patch.queries_max.unwrap_or(before.queries_max),
        };
        query_limits::put(&transaction, workspace, after).await?;
        let (before, after) = (self.described(workspace, before), self.described(workspace, after));
        let recorded_action = UPDATED.edited(access.by().within(workspace), &before, &after)?;
        self.core().commit(transaction, vec![recorded_action], Vec::new()).await?;
        Ok(after)
    }

    fn described(&self, workspace_id: WorkspaceId, own: QueryLimits) -> WorkspaceQueryLimits {
        let QueryLimits { seconds_max, clicks_max, queries_max } = own;
        let effective = self.clicks().limits(own).into();
        WorkspaceQueryLimits { workspace_id, seconds_max, clicks_max, queries_max, effective }
    }
}

impl QueryLimitsPatch {
    fn check(&self, queries_max: u32) -> Result<()> {
        let mut errors = FieldErrors::default();
        if self.seconds_max.flatten().is_some_and(|seconds| !(1..=SECONDS_MAX).contains(&seconds)) {
            errors.add("/seconds_max", "out_of_range", format!("write a number from 1 to {SECONDS_MAX}, or null"));
        }
        if self.clicks_max.flatten().is_some_and(|clicks| !(1..=CLICKS_MAX).contains(&clicks)) {
            errors.add("/clicks_max", "out_of_range", format!("write a number from 1 to {CLICKS_MAX}, or null"));
        }
        match self.queries_max.flatten() {
            Some(0) => errors.add("/queries_max", "out_of_range", "write a number from 1 on, or null"),
            Some(queries) if queries > queries_max => {
                let message = format!(
                    "at most {queries_max}, so that there is room for questions of others; click_store.queries_per_workspace_max makes more"
                );
                errors.add("/queries_max", "no_room_for_others", message);
            }
            _ => {}
        }
        errors.into_result()
    }
}
