//! `/v1/workspaces/{workspace_id}/links/{link_id}/comments`.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::authorized::Authorized;
use super::headers::{IdempotencyHeader, IfMatchHeader};
use super::link_path::LinkPath;
use super::listing::{PageQuery, page_of, requested_page};
use crate::domain::id::{LinkCommentId, LinkId, WorkspaceId};
use crate::domain::permission;
use crate::http::etag::{IfMatch, Tagged};
use crate::http::extract::{Json as Body, Query};
use crate::http::pagination::{Page, QueryFingerprint};
use crate::http::path::Path;
use crate::http::problem::Problem;
use crate::http::responses::{CreateProblems, DeleteProblems, EditProblems, ReadProblems};
use crate::services::api_core::{ApiCore, LinkComment, LinkCommentDraft, links};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "the workspace is read by the extractor that authorises")]
struct CommentPath {
    /// The workspace.
    workspace_id: WorkspaceId,
    /// The link.
    link_id: LinkId,
    /// The comment.
    comment_id: LinkCommentId,
}

pub(super) fn routes() -> OpenApiRouter<ApiCore> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(update, delete))
}

/// List the comments on a link
///
/// Newest first. They are plain text: show them as text, and as nothing else.
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace_id}/links/{link_id}/comments", operation_id = "list_link_comments",
    tag = "links",
    params(LinkPath, PageQuery),
    responses((status = 200, description = "A page of comments.", body = Page<LinkComment>), ReadProblems)
)]
async fn list(
    State(core): State<ApiCore>,
    access: Authorized<permission::ListLinkComments>,
    Path(ids): Path<LinkPath>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<LinkComment>>, Problem> {
    let fingerprint = QueryFingerprint::of(&("comments", access.workspace_id(), ids.link_id));
    let page = requested_page(query.limit, query.cursor.as_deref(), fingerprint)?;
    let comments = core.list_link_comments(&access, ids.link_id, page).await?;
    Ok(page_of(comments, query.limit, fingerprint, |item| (item.created_at, item.id.as_uuid())))
}

/// Comment on a link
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace_id}/links/{link_id}/comments", operation_id = "create_link_comment",
    tag = "links",
    extensions(("x-audit-action" = json!(links::COMMENTED.name()))),
    params(LinkPath, IdempotencyHeader), request_body = LinkCommentDraft,
    responses((status = 201, description = "The new comment.", body = LinkComment), CreateProblems)
)]
async fn create(
    State(core): State<ApiCore>,
    access: Authorized<permission::CreateLinkComment>,
    Path(ids): Path<LinkPath>,
    Body(draft): Body<LinkCommentDraft>,
) -> Result<(StatusCode, Tagged<Json<LinkComment>>), Problem> {
    let comment = core.create_link_comment(&access, ids.link_id, draft).await?;
    Ok((StatusCode::CREATED, Tagged { version: comment.version, body: Json(comment) }))
}

/// Change a comment of one's own
#[utoipa::path(
    patch, path = "/v1/workspaces/{workspace_id}/links/{link_id}/comments/{comment_id}",
    operation_id = "update_link_comment", tag = "links",
    extensions(("x-audit-action" = json!(links::COMMENT_UPDATED.name()))),
    params(CommentPath, IdempotencyHeader, IfMatchHeader), request_body = LinkCommentDraft,
    responses((status = 200, description = "The comment as it is now.", body = LinkComment), EditProblems)
)]
async fn update(
    State(core): State<ApiCore>,
    access: Authorized<permission::UpdateLinkComment>,
    Path(ids): Path<CommentPath>,
    if_match: IfMatch,
    Body(draft): Body<LinkCommentDraft>,
) -> Result<Tagged<Json<LinkComment>>, Problem> {
    let comment = core.update_link_comment(&access, (ids.link_id, ids.comment_id), &if_match, draft).await?;
    Ok(Tagged { version: comment.version, body: Json(comment) })
}

/// Delete a comment
///
/// One's own; owners and admins delete those of others too.
#[utoipa::path(
    delete, path = "/v1/workspaces/{workspace_id}/links/{link_id}/comments/{comment_id}",
    operation_id = "delete_link_comment", tag = "links",
    extensions(("x-audit-action" = json!(links::COMMENT_DELETED.name()))),
    params(CommentPath, IfMatchHeader),
    responses((status = 204, description = "It is gone."), DeleteProblems)
)]
async fn delete(
    State(core): State<ApiCore>,
    access: Authorized<permission::DeleteLinkComment>,
    Path(ids): Path<CommentPath>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    core.delete_link_comment(&access, (ids.link_id, ids.comment_id), &if_match).await?;
    Ok(StatusCode::NO_CONTENT)
}
