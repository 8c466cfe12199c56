//! `/v1/workspaces/{workspace_id}/tags`.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use http::header::LOCATION;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::authorized::{Authorized, WorkspacePath};
use super::headers::{IdempotencyHeader, IfMatchHeader, IfNoneMatchHeader};
use super::listing::{PageQuery, page_of, requested_page};
use crate::domain::id::{TagId, WorkspaceId};
use crate::domain::permission;
use crate::http::etag::{IfMatch, IfNoneMatch, Tagged};
use crate::http::extract::{Json as Body, Query};
use crate::http::pagination::{Page, QueryFingerprint};
use crate::http::path::Path;
use crate::http::problem::Problem;
use crate::http::responses::{ConflictProblem, CreateProblems, DeleteProblems, EditProblems, ReadProblems};
use crate::services::api_core::{ApiCore, Tag, TagDraft, TagPatch, tags};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "the workspace is read by the extractor that authorises")]
struct TagPath {
    /// The workspace.
    workspace_id: WorkspaceId,
    /// The tag.
    tag_id: TagId,
}

pub(super) fn routes() -> OpenApiRouter<ApiCore> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(read, update, delete))
}

/// List the tags of a workspace
///
/// Newest first.
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace_id}/tags", operation_id = "list_tags", tag = "tags",
    params(WorkspacePath, PageQuery),
    responses((status = 200, description = "A page of tags.", body = Page<Tag>), ReadProblems)
)]
async fn list(
    State(core): State<ApiCore>,
    access: Authorized<permission::ListTags>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Tag>>, Problem> {
    let fingerprint = QueryFingerprint::of(&("tags", access.workspace_id()));
    let page = requested_page(query.limit, query.cursor.as_deref(), fingerprint)?;
    let tags = core.list_tags(&access, page).await?;
    Ok(page_of(tags, query.limit, fingerprint, |item| (item.created_at, item.id.as_uuid())))
}

/// Create a tag
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace_id}/tags", operation_id = "create_tag", tag = "tags",
    extensions(("x-audit-action" = json!(tags::CREATED.name()))),
    params(WorkspacePath, IdempotencyHeader), request_body = TagDraft,
    responses((status = 201, description = "The new tag.", body = Tag), CreateProblems)
)]
async fn create(
    State(core): State<ApiCore>,
    access: Authorized<permission::CreateTag>,
    Body(draft): Body<TagDraft>,
) -> Result<(StatusCode, [(http::HeaderName, String); 1], Tagged<Json<Tag>>), Problem> {
    let tag = core.create_tag(&access, draft).await?;
    let location = [(LOCATION, format!("/v1/workspaces/{}/tags/{}", access.workspace_id(), tag.id))];
    Ok((StatusCode::CREATED, location, Tagged { version: tag.version, body: Json(tag) }))
}

/// Read a tag
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace_id}/tags/{tag_id}", operation_id = "get_tag", tag = "tags",
    params(TagPath, IfNoneMatchHeader),
    responses(
        (status = 200, description = "The tag.", body = Tag),
        (status = 304, description = "The caller has the current version."),
        ReadProblems
    )
)]
async fn read(
    State(core): State<ApiCore>,
    access: Authorized<permission::GetTag>,
    Path(ids): Path<TagPath>,
    if_none_match: IfNoneMatch,
) -> Result<Response, Problem> {
    let tag = core.find_tag(&access, ids.tag_id).await?;
    Ok(if_none_match.answer(Tagged { version: tag.version, body: Json(tag) }))
}

/// Change a tag, on every link that carries it
#[utoipa::path(
    patch, path = "/v1/workspaces/{workspace_id}/tags/{tag_id}", operation_id = "update_tag", tag = "tags",
    extensions(("x-audit-action" = json!(tags::UPDATED.name()))),
    params(TagPath, IdempotencyHeader, IfMatchHeader), request_body = TagPatch,
    responses((status = 200, description = "The tag as it is now.", body = Tag), EditProblems)
)]
async fn update(
    State(core): State<ApiCore>,
    access: Authorized<permission::UpdateTag>,
    Path(ids): Path<TagPath>,
    if_match: IfMatch,
    Body(patch): Body<TagPatch>,
) -> Result<Tagged<Json<Tag>>, Problem> {
    let tag = core.update_tag(&access, ids.tag_id, &if_match, patch).await?;
    Ok(Tagged { version: tag.version, body: Json(tag) })
}

/// Delete a tag and take it off every link
///
/// Refused (409, `frozen`) while one of these links is left as it is by a freeze window; the same of another name for it.
#[utoipa::path(
    delete, path = "/v1/workspaces/{workspace_id}/tags/{tag_id}", operation_id = "delete_tag", tag = "tags",
    extensions(("x-audit-action" = json!(tags::DELETED.name()))),
    params(TagPath, IfMatchHeader),
    responses((status = 204, description = "It is gone."), DeleteProblems, ConflictProblem)
)]
async fn delete(
    State(core): State<ApiCore>,
    access: Authorized<permission::DeleteTag>,
    Path(ids): Path<TagPath>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    core.delete_tag(&access, ids.tag_id, &if_match).await?;
    Ok(StatusCode::NO_CONTENT)
}
