//! `/v1/workspaces` and the people in them.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use http::header::LOCATION;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::authorized::{Authenticated, Authorized, WorkspacePath, WorkspaceRead, WorkspaceWrite};
use super::headers::{IdempotencyHeader, IfMatchHeader, IfNoneMatchHeader};
use super::listing::{PageQuery, page_of, requested_page};
use crate::domain::role::Scope;
use crate::http::etag::{IfMatch, IfNoneMatch, Tagged};
use crate::http::extract::{Json as Body, Query};
use crate::http::pagination::{Page, QueryFingerprint};
use crate::http::problem::Problem;
use crate::http::responses::{CreateProblems, DeleteProblems, EditProblems, PlainProblems, ReadProblems};
use crate::services::api_core::{ApiCore, Member, Principal, Workspace, WorkspaceDraft, WorkspacePatch, workspaces};

pub(super) fn routes() -> OpenApiRouter<ApiCore> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(read, update, delete))
        .routes(routes!(list_members))
}

/// List the workspaces that the caller belongs to
///
/// Newest first. For an API key this is the one workspace that it belongs to.
#[utoipa::path(
    get, path = "/v1/workspaces", operation_id = "list_workspaces", tag = "workspaces",
    params(PageQuery),
    responses((status = 200, description = "A page of workspaces.", body = Page<Workspace>), PlainProblems)
)]
async fn list(
    State(core): State<ApiCore>,
    Authenticated(principal): Authenticated,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Workspace>>, Problem> {
    let fingerprint = QueryFingerprint::of(&("workspaces", principal.credential_id()));
    let page = requested_page(query.limit, query.cursor.as_deref(), fingerprint)?;
    let workspaces = match &principal {
        Principal::Person { user_id, .. } => core.list_workspaces(*user_id, page).await?,
        Principal::ApiKey { workspace_id, .. } => {
            let access = core.authorize(&principal, *workspace_id, Scope::WorkspaceRead).await?;
            vec![core.workspace(&access)]
        }
    };
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
    Authenticated(principal): Authenticated,
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
    access: Authorized<WorkspaceRead>,
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
    access: Authorized<WorkspaceWrite>,
    if_match: IfMatch,
    Body(patch): Body<WorkspacePatch>,
) -> Result<Tagged<Json<Workspace>>, Problem> {
    let workspace = core.update_workspace(&access, &if_match, patch).await?;
    Ok(Tagged { version: workspace.version, body: Json(workspace) })
}

/// Delete a workspace with everything in it
///
/// Its links, keys and tags are gone for good. Only an owner may, with a session.
#[utoipa::path(
    delete, path = "/v1/workspaces/{workspace_id}", operation_id = "delete_workspace", tag = "workspaces",
    extensions(("x-audit-action" = json!(workspaces::DELETED.name()))),
    params(WorkspacePath, IfMatchHeader),
    responses((status = 204, description = "It is gone."), DeleteProblems)
)]
async fn delete(
    State(core): State<ApiCore>,
    access: Authorized<WorkspaceWrite>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    core.delete_workspace(&access, &if_match).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List the members of a workspace
///
/// Newest first.
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace_id}/members", operation_id = "list_members", tag = "workspaces",
    params(WorkspacePath, PageQuery),
    responses((status = 200, description = "A page of members.", body = Page<Member>), ReadProblems)
)]
async fn list_members(
    State(core): State<ApiCore>,
    access: Authorized<WorkspaceRead>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Member>>, Problem> {
    let fingerprint = QueryFingerprint::of(&("members", access.workspace_id()));
    let page = requested_page(query.limit, query.cursor.as_deref(), fingerprint)?;
    let members = core.list_members(&access, page).await?;
    Ok(page_of(members, query.limit, fingerprint, |item| (item.created_at, item.user_id.as_uuid())))
}
