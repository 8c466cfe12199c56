//! `/v1/admin/workspaces/{workspace_id}/query-limits`.

use axum::Json;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::extract::Json as Body;
use crate::http::path::Path;
use crate::http::problem::Problem;
use crate::http::responses::{CreateProblems, ReadProblems};
use crate::services::analytics_api::Analytics;
use crate::services::analytics_api::query_limits::{self, QueryLimitsPatch, WorkspaceQueryLimits};
use crate::services::api_core::rest::{IdempotencyHeader, InstanceAdmin, WorkspacePath};

pub(super) fn routes() -> OpenApiRouter<Analytics> {
    OpenApiRouter::new().routes(routes!(read, update))
}

/// Read what questions about the clicks of a workspace may take
///
/// Only for administrators of the instance, with a session.
#[utoipa::path(
    get, path = "/v1/admin/workspaces/{workspace_id}/query-limits", operation_id = "getQueryLimits", tag = "analytics",
    params(WorkspacePath),
    responses((status = 200, description = "The limits.", body = WorkspaceQueryLimits), ReadProblems)
)]
async fn read(
    State(analytics): State<Analytics>,
    InstanceAdmin(access): InstanceAdmin,
    Path(path): Path<WorkspacePath>,
) -> Result<Json<WorkspaceQueryLimits>, Problem> {
    Ok(Json(analytics.query_limits(access, path.workspace_id).await?))
}

/// Change what questions about the clicks of a workspace may take
///
/// It holds for questions that are asked from then on, in every process. Only for administrators of the instance, with a session.
#[utoipa::path(
    patch, path = "/v1/admin/workspaces/{workspace_id}/query-limits", operation_id = "updateQueryLimits", tag = "analytics",
    extensions(("x-audit-action" = json!(query_limits::UPDATED.name()))),
    params(WorkspacePath, IdempotencyHeader), request_body = QueryLimitsPatch,
    responses((status = 200, description = "The limits as they are now.", body = WorkspaceQueryLimits), CreateProblems)
)]
async fn update(
    State(analytics): State<Analytics>,
    InstanceAdmin(access): InstanceAdmin,
    Path(path): Path<WorkspacePath>,
    Body(patch): Body<QueryLimitsPatch>,
) -> Result<Json<WorkspaceQueryLimits>, Problem> {
    Ok(Json(analytics.update_query_limits(access, path.workspace_id, patch).await?))
}
