//! `/v1/workspaces/{workspace_id}/freeze-windows`: times in which nobody changes links.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use http::header::LOCATION;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::authorized::{Authorized, WorkspacePath};
use super::headers::{IdempotencyHeader, IfMatchHeader};
use super::listing::{PageQuery, page_of, requested_page};
use crate::domain::id::{FreezeWindowId, WorkspaceId};
use crate::domain::permission;
use crate::http::etag::{IfMatch, Tagged};
use crate::http::extract::{Json as Body, Query};
use crate::http::pagination::{Page, QueryFingerprint};
use crate::http::path::Path;
use crate::http::problem::Problem;
use crate::http::responses::{CreateProblems, DeleteProblems, EditProblems, ReadProblems};
use crate::services::api_core::{ApiCore, FreezeWindow, FreezeWindowDraft, FreezeWindowPatch, freeze_windows};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "the workspace is read by the extractor that authorises")]
struct FreezeWindowPath {
    /// The workspace.
    workspace_id: WorkspaceId,
    /// The window.
    freeze_window_id: FreezeWindowId,
}

pub(super) fn routes() -> OpenApiRouter<ApiCore> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(read, update, delete))
}

/// List the freeze windows of a workspace
///
/// Those that ended included, newest first.
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace_id}/freeze-windows", operation_id = "list_freeze_windows",
    tag = "link-approvals",
    params(WorkspacePath, PageQuery),
    responses((status = 200, description = "A page of windows.", body = Page<FreezeWindow>), ReadProblems)
)]
async fn list(
    State(core): State<ApiCore>,
    access: Authorized<permission::ListFreezeWindows>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<FreezeWindow>>, Problem> {
    let fingerprint = QueryFingerprint::of(&("freeze windows", access.workspace_id()));
    let page = requested_page(query.limit, query.cursor.as_deref(), fingerprint)?;
    let windows = core.list_freeze_windows(&access, page).await?;
    Ok(page_of(windows, query.limit, fingerprint, |item| (item.created_at, item.id.as_uuid())))
}

/// Set a time in which nobody changes links
///
/// Until it ends, edits, deletions, restores and reverts of the workspace's links, or of those in one folder, are answered with 409
/// (`frozen`), which names the window. New links are made all the same.
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace_id}/freeze-windows", operation_id = "create_freeze_window",
    tag = "link-approvals",
    extensions(("x-audit-action" = json!(freeze_windows::CREATED.name()))),
    params(WorkspacePath, IdempotencyHeader), request_body = FreezeWindowDraft,
    responses((status = 201, description = "The new window.", body = FreezeWindow), CreateProblems)
)]
async fn create(
    State(core): State<ApiCore>,
    access: Authorized<permission::CreateFreezeWindow>,
    Body(draft): Body<FreezeWindowDraft>,
) -> Result<(StatusCode, [(http::HeaderName, String); 1], Tagged<Json<FreezeWindow>>), Problem> {
    let window = core.create_freeze_window(&access, draft).await?;
    let location = [(LOCATION, format!("/v1/workspaces/{}/freeze-windows/{}", access.workspace_id(), window.id))];
    Ok((StatusCode::CREATED, location, Tagged { version: window.version, body: Json(window) }))
}

/// Read a freeze window
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace_id}/freeze-windows/{freeze_window_id}", operation_id = "get_freeze_window",
    tag = "link-approvals",
    params(FreezeWindowPath),
    responses((status = 200, description = "The window.", body = FreezeWindow), ReadProblems)
)]
async fn read(
    State(core): State<ApiCore>,
    access: Authorized<permission::GetFreezeWindow>,
    Path(ids): Path<FreezeWindowPath>,
) -> Result<Tagged<Json<FreezeWindow>>, Problem> {
    let window = core.find_freeze_window(&access, ids.freeze_window_id).await?;
    Ok(Tagged { version: window.version, body: Json(window) })
}

/// Change a freeze window
///
/// With an end that has passed it is over.
#[utoipa::path(
    patch, path = "/v1/workspaces/{workspace_id}/freeze-windows/{freeze_window_id}",
    operation_id = "update_freeze_window", tag = "link-approvals",
    extensions(("x-audit-action" = json!(freeze_windows::UPDATED.name()))),
    params(FreezeWindowPath, IdempotencyHeader, IfMatchHeader), request_body = FreezeWindowPatch,
    responses((status = 200, description = "The window as it is now.", body = FreezeWindow), EditProblems)
)]
async fn update(
    State(core): State<ApiCore>,
    access: Authorized<permission::UpdateFreezeWindow>,
    Path(ids): Path<FreezeWindowPath>,
    if_match: IfMatch,
    Body(patch): Body<FreezeWindowPatch>,
) -> Result<Tagged<Json<FreezeWindow>>, Problem> {
    let window = core.update_freeze_window(&access, ids.freeze_window_id, &if_match, patch).await?;
    Ok(Tagged { version: window.version, body: Json(window) })
}

/// Call a freeze window off
#[utoipa::path(
    delete, path = "/v1/workspaces/{workspace_id}/freeze-windows/{freeze_window_id}",
    operation_id = "delete_freeze_window", tag = "link-approvals",
    extensions(("x-audit-action" = json!(freeze_windows::DELETED.name()))),
    params(FreezeWindowPath, IfMatchHeader),
    responses((status = 204, description = "It is gone."), DeleteProblems)
)]
async fn delete(
    State(core): State<ApiCore>,
    access: Authorized<permission::DeleteFreezeWindow>,
    Path(ids): Path<FreezeWindowPath>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    core.delete_freeze_window(&access, ids.freeze_window_id, &if_match).await?;
    Ok(StatusCode::NO_CONTENT)
}
