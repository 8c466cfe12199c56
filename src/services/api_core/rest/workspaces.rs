//! `/v1/workspaces`.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use http::header::LOCATION;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::authorized::{Authorized, Permitted, WorkspacePath};
use super::headers::{IdempotencyHeader, IfMatchHeader, IfNoneMatchHeader};
use super::listing::{page_of, requested_page};
use crate::domain::permission;
use crate::http::etag::{IfMatch, IfNoneMatch, Tagged};
use crate::http::extract::{Json as Body, Query};
use crate::http::pagination::{Limit, Page, QueryFingerprint};
use crate::http::problem::Problem;
use crate::http::responses::{CreateProblems, DeleteProblems, EditProblems, ReadProblems};
use crate::services::api_core::{ApiCore, Workspace, WorkspaceDraft, WorkspacePatch, workspace_deletion, workspaces};

/// Which workspaces, and which page of them.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct WorkspacesQuery {
    /// Only those that are being deleted, in place of those in use.
    #[serde(default)]
    deleted: bool,
    /// How many items a page may have.
    #[serde(default)]
    #[param(minimum = 1, maximum = 100, default = 50, value_type = u32)]
    limit: Limit,
    /// `next_cursor` of the page before; the first page if absent.
    #[serde(default)]
    #[param(max_length = 4096)]
    cursor: Option<String>,
}

pub(super) fn routes() -> OpenApiRouter<ApiCore> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(read, update, delete)).routes(routes!(undelete))
}

/// List the workspaces that the caller belongs to
///
/// Newest first. For an API key this is the one workspace that it belongs to. Those that are being deleted are a list of their own.
#[utoipa::path(
    get, path = "/v1/workspaces", operation_id = "list_workspaces", tag = "workspaces",
    params(WorkspacesQuery),
    responses((status = 200, description = "A page of workspaces.", body = Page<Workspace>), ReadProblems)
)]
async fn list(
    State(core): State<ApiCore>,
    principal: Permitted<permission::ListWorkspaces>,
    Query(query): Query<WorkspacesQuery>,
) -> Result<Json<Page<Workspace>>, Problem> {
    let fingerprint = QueryFingerprint::of(&("workspaces", principal.credential_id(), query.deleted));
    let page = requested_page(query.limit, query.cursor.as_deref(), fingerprint)?;
    let workspaces = core.workspaces_of(&principal, query.deleted, page).await?;
    Ok(page_of(workspaces, query.limit, fingerprint, |item| (item.created_at, item.id.as_uuid())))
}

/// Create a workspace
///
/// It belongs to the caller, who needs a session; an API key cannot do this. A person owns at most as many workspaces as the
/// instance allows (`too_many_workspaces`), and makes only so many in a short time.
#[utoipa::path(
    post, path = "/v1/workspaces", operation_id = "create_workspace", tag = "workspaces",
    extensions(("x-audit-action" = json!(workspaces::CREATED.name()))),
    params(IdempotencyHeader), request_body = WorkspaceDraft,
    responses((status = 201, description = "The new workspace.", body = Workspace), CreateProblems)
)]
async fn create(
    State(core): State<ApiCore>,
    principal: Permitted<permission::CreateWorkspace>,
    Body(draft): Body<WorkspaceDraft>,
) -> Result<(StatusCode, [(http::HeaderName, String); 1], Tagged<Json<Workspace>>), Problem> {
    let (person, _) = principal.session()?;
    let workspace = core.create_workspace(person, draft).await?;
    let location = [(LOCATION, format!("/v1/workspaces/{}", workspace.id))];
    Ok((StatusCode::CREATED, location, Tagged { version: workspace.version, body: Json(workspace) }))
}

/// Read a workspace
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace_id}", operation_id = "get_workspace", tag = "workspaces",
    params(WorkspacePath, IfNoneMatchHeader),
    responses(
        (status = 200, description = "The workspace.", body = Workspace),
        (status = 304, description = "The caller has the current version."),
        ReadProblems
    )
)]
async fn read(
    State(core): State<ApiCore>,
    access: Authorized<permission::GetWorkspace>,
    if_none_match: IfNoneMatch,
) -> Result<Response, Problem> {
    let workspace = core.workspace(&access);
    Ok(if_none_match.answer(Tagged { version: workspace.version, body: Json(workspace) }))
}

/// Change a workspace
#[utoipa::path(
    patch, path = "/v1/workspaces/{workspace_id}", operation_id = "update_workspace", tag = "workspaces",
    extensions(("x-audit-action" = json!(workspaces::UPDATED.name()))),
    params(WorkspacePath, IdempotencyHeader, IfMatchHeader), request_body = WorkspacePatch,
    responses((status = 200, description = "The workspace as it is now.", body = Workspace), EditProblems)
)]
async fn update(
    State(core): State<ApiCore>,
    access: Authorized<permission::UpdateWorkspace>,
    if_match: IfMatch,
    Body(patch): Body<WorkspacePatch>,
) -> Result<Tagged<Json<Workspace>>, Problem> {
    let workspace = core.update_workspace(&access, &if_match, patch).await?;
    Ok(Tagged { version: workspace.version, body: Json(workspace) })
}

/// Delete a workspace with everything in it
///
/// Its links lead nowhere and its keys open nothing from now on. An owner can undelete it until `purge_at`; then it is gone for good.
#[utoipa::path(
    delete, path = "/v1/workspaces/{workspace_id}", operation_id = "delete_workspace", tag = "workspaces",
    extensions(("x-audit-action" = json!(workspace_deletion::DELETED.name()))),
    params(WorkspacePath, IfMatchHeader),
    responses((status = 204, description = "It is being deleted."), DeleteProblems)
)]
async fn delete(
    State(core): State<ApiCore>,
    access: Authorized<permission::DeleteWorkspace>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    core.delete_workspace(&access, &if_match).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Undelete a workspace
///
/// Everything in it is as it was.
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace_id}/undelete", operation_id = "undelete_workspace", tag = "workspaces",
    extensions(("x-audit-action" = json!(workspace_deletion::UNDELETED.name()))),
    params(WorkspacePath, IdempotencyHeader),
    responses((status = 200, description = "The workspace as it is now.", body = Workspace), CreateProblems)
)]
async fn undelete(
    State(core): State<ApiCore>,
    access: Authorized<permission::UndeleteWorkspace>,
) -> Result<Tagged<Json<Workspace>>, Problem> {
    let workspace = core.undelete_workspace(&access).await?;
    Ok(Tagged { version: workspace.version, body: Json(workspace) })
}
