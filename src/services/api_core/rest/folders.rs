//! `/v1/workspaces/{workspace_id}/folders`.

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
use crate::domain::id::{FolderId, WorkspaceId};
use crate::domain::permission;
use crate::http::etag::{IfMatch, Tagged};
use crate::http::extract::{Json as Body, Query};
use crate::http::pagination::{Page, QueryFingerprint};
use crate::http::path::Path;
use crate::http::problem::Problem;
use crate::http::responses::{ConflictProblem, CreateProblems, DeleteProblems, EditProblems, ReadProblems};
use crate::services::api_core::{ApiCore, Folder, FolderAccessPatch, FolderDraft, FolderPatch, folders};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "the workspace is read by the extractor that authorises")]
struct FolderPath {
    /// The workspace.
    workspace_id: WorkspaceId,
    /// The folder.
    folder_id: FolderId,
}

pub(super) fn routes() -> OpenApiRouter<ApiCore> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(read, update, delete))
        .routes(routes!(update_access))
}

/// List the folders of a workspace
///
/// Those that exist for the caller, newest first, with the number of links in each.
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace_id}/folders", operation_id = "list_folders", tag = "folders",
    params(WorkspacePath, PageQuery),
    responses((status = 200, description = "A page of folders.", body = Page<Folder>), ReadProblems)
)]
async fn list(
    State(core): State<ApiCore>,
    access: Authorized<permission::ListFolders>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Folder>>, Problem> {
    let fingerprint = QueryFingerprint::of(&("folders", access.workspace_id()));
    let page = requested_page(query.limit, query.cursor.as_deref(), fingerprint)?;
    let folders = core.list_folders(&access, page).await?;
    Ok(page_of(folders, query.limit, fingerprint, |item| (item.created_at, item.id.as_uuid())))
}

/// Create a folder
///
/// At first everybody may do in it what their role allows.
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace_id}/folders", operation_id = "create_folder", tag = "folders",
    extensions(("x-audit-action" = json!(folders::CREATED.name()))),
    params(WorkspacePath, IdempotencyHeader), request_body = FolderDraft,
    responses((status = 201, description = "The new folder.", body = Folder), CreateProblems)
)]
async fn create(
    State(core): State<ApiCore>,
    access: Authorized<permission::CreateFolder>,
    Body(draft): Body<FolderDraft>,
) -> Result<(StatusCode, [(http::HeaderName, String); 1], Tagged<Json<Folder>>), Problem> {
    let folder = core.create_folder(&access, draft).await?;
    let location = [(LOCATION, format!("/v1/workspaces/{}/folders/{}", access.workspace_id(), folder.id))];
    Ok((StatusCode::CREATED, location, Tagged { version: folder.version, body: Json(folder) }))
}

/// Read a folder
///
/// Its `ETag` is for `If-Match`. The number of links changes without an edit and is no part of it.
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace_id}/folders/{folder_id}", operation_id = "get_folder", tag = "folders",
    params(FolderPath),
    responses((status = 200, description = "The folder.", body = Folder), ReadProblems)
)]
async fn read(
    State(core): State<ApiCore>,
    access: Authorized<permission::GetFolder>,
    Path(ids): Path<FolderPath>,
) -> Result<Tagged<Json<Folder>>, Problem> {
    let folder = core.find_folder(&access, ids.folder_id).await?;
    Ok(Tagged { version: folder.version, body: Json(folder) })
}

/// Rename a folder
#[utoipa::path(
    patch, path = "/v1/workspaces/{workspace_id}/folders/{folder_id}", operation_id = "update_folder", tag = "folders",
    extensions(("x-audit-action" = json!(folders::UPDATED.name()))),
    params(FolderPath, IdempotencyHeader, IfMatchHeader), request_body = FolderPatch,
    responses((status = 200, description = "The folder as it is now.", body = Folder), EditProblems)
)]
async fn update(
    State(core): State<ApiCore>,
    access: Authorized<permission::UpdateFolder>,
    Path(ids): Path<FolderPath>,
    if_match: IfMatch,
    Body(patch): Body<FolderPatch>,
) -> Result<Tagged<Json<Folder>>, Problem> {
    let folder = core.update_folder(&access, ids.folder_id, &if_match, patch).await?;
    Ok(Tagged { version: folder.version, body: Json(folder) })
}

/// Say who may do what in a folder
///
/// It narrows what roles give, and never widens it: a viewer who is named with `edit` still only sees. For somebody with `none`
/// the folder and its links do not exist, in lists, by their ids and in analytics. Owners and admins reach into every folder.
#[utoipa::path(
    patch, path = "/v1/workspaces/{workspace_id}/folders/{folder_id}/access", operation_id = "update_folder_access",
    tag = "folders",
    extensions(("x-audit-action" = json!(folders::UPDATED.name()))),
    params(FolderPath, IdempotencyHeader, IfMatchHeader), request_body = FolderAccessPatch,
    responses((status = 200, description = "The folder as it is now.", body = Folder), EditProblems)
)]
async fn update_access(
    State(core): State<ApiCore>,
    access: Authorized<permission::UpdateFolderAccess>,
    Path(ids): Path<FolderPath>,
    if_match: IfMatch,
    Body(patch): Body<FolderAccessPatch>,
) -> Result<Tagged<Json<Folder>>, Problem> {
    let folder = core.update_folder_access(&access, ids.folder_id, &if_match, patch).await?;
    Ok(Tagged { version: folder.version, body: Json(folder) })
}

/// Delete an empty folder
///
/// One with links, deleted ones that can be restored included, is refused with 409: move them out of it first.
#[utoipa::path(
    delete, path = "/v1/workspaces/{workspace_id}/folders/{folder_id}", operation_id = "delete_folder", tag = "folders",
    extensions(("x-audit-action" = json!(folders::DELETED.name()))),
    params(FolderPath, IfMatchHeader),
    responses((status = 204, description = "It is gone."), DeleteProblems, ConflictProblem)
)]
async fn delete(
    State(core): State<ApiCore>,
    access: Authorized<permission::DeleteFolder>,
    Path(ids): Path<FolderPath>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    core.delete_folder(&access, ids.folder_id, &if_match).await?;
    Ok(StatusCode::NO_CONTENT)
}
