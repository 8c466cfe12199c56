//! `/v1/workspaces/{workspace_id}/click-exports`.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use http::header::LOCATION;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::filters;
use crate::domain::id::{ClickExportId, WorkspaceId};
use crate::domain::permission;
use crate::http::extract::{Json as Body, Query};
use crate::http::pagination::{Page, QueryFingerprint};
use crate::http::path::Path;
use crate::http::problem::Problem;
use crate::http::responses::{ConflictProblem, CreateProblems, ReadProblems};
use crate::services::analytics_api::Analytics;
use crate::services::analytics_api::click_exports::{self, ClickExport, ClickExportDraft, ClickExportLink};
use crate::services::api_core::rest::{
    Authorized, IdempotencyHeader, PageQuery, WorkspacePath, page_of, requested_page,
};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "the workspace is read by the extractor that authorises")]
struct ExportPath {
    /// The workspace.
    workspace_id: WorkspaceId,
    /// The click export.
    click_export_id: ClickExportId,
}

pub(super) fn routes() -> OpenApiRouter<Analytics> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(read)).routes(routes!(link))
}

/// List files of clicks
///
/// Newest first. A file is gone seven days after it was asked for.
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace_id}/click-exports", operation_id = "listClickExports", tag = "analytics",
    params(WorkspacePath, PageQuery),
    responses((status = 200, description = "A page of click exports.", body = Page<ClickExport>), ReadProblems)
)]
async fn list(
    State(analytics): State<Analytics>,
    access: Authorized<permission::ListClickExports>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<ClickExport>>, Problem> {
    let fingerprint = QueryFingerprint::of(&("click-exports", access.workspace_id()));
    let page = requested_page(query.limit, query.cursor.as_deref(), fingerprint)?;
    let exports = analytics.list_click_exports(&access, page).await?;
    Ok(page_of(exports, query.limit, fingerprint, |item| (item.created_at, item.id.as_uuid())))
}

/// Have raw clicks written into a file
///
/// For what is too large for one response. It goes on after this one; read the export until its `state` is `ready`. At most three are
/// written at once. Whoever cannot see all links of the workspace is refused.
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace_id}/click-exports", operation_id = "createClickExport", tag = "analytics",
    extensions(("x-audit-action" = json!(click_exports::CREATED.name()))),
    params(WorkspacePath, IdempotencyHeader), request_body = ClickExportDraft,
    responses((status = 202, description = "The export, which is going to be written.", body = ClickExport), CreateProblems)
)]
async fn create(
    State(analytics): State<Analytics>,
    access: Authorized<permission::CreateClickExport>,
    Body(draft): Body<ClickExportDraft>,
) -> Result<(StatusCode, [(http::HeaderName, String); 1], Json<ClickExport>), Problem> {
    let wanted = filters::of_export(&draft.filters)?;
    let export = analytics.create_click_export(&access, draft, wanted).await.map_err(filters::of_filters)?;
    let location = format!("/v1/workspaces/{}/click-exports/{}", access.workspace_id(), export.id);
    Ok((StatusCode::ACCEPTED, [(LOCATION, location)], Json(export)))
}

/// Read how far a file of clicks is
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace_id}/click-exports/{click_export_id}", operation_id = "getClickExport",
    tag = "analytics", params(ExportPath),
    responses((status = 200, description = "The export and how far it is.", body = ClickExport), ReadProblems)
)]
async fn read(
    State(analytics): State<Analytics>,
    access: Authorized<permission::GetClickExport>,
    Path(ids): Path<ExportPath>,
) -> Result<Json<ClickExport>, Problem> {
    Ok(Json(analytics.find_click_export(&access, ids.click_export_id).await?))
}

/// Get a link to a file of clicks
///
/// Whoever has the link can read the file without a credential, for 15 minutes. 409 with the code `not_ready` while there is no file.
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace_id}/click-exports/{click_export_id}/link",
    operation_id = "getClickExportLink", tag = "analytics", params(ExportPath),
    responses((status = 200, description = "The link.", body = ClickExportLink), ReadProblems, ConflictProblem)
)]
async fn link(
    State(analytics): State<Analytics>,
    access: Authorized<permission::GetClickExportLink>,
    Path(ids): Path<ExportPath>,
) -> Result<Json<ClickExportLink>, Problem> {
    Ok(Json(analytics.link_click_export(&access, ids.click_export_id).await?))
}
