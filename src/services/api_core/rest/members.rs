//! `/v1/workspaces/{workspace_id}/members`, and what members do with the workspace itself.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::authorized::{Authorized, WorkspacePath};
use super::headers::IdempotencyHeader;
use super::listing::{PageQuery, page_of, requested_page};
use crate::domain::id::{UserId, WorkspaceId};
use crate::domain::permission;
use crate::http::extract::{Json as Body, Query};
use crate::http::pagination::{Page, QueryFingerprint};
use crate::http::path::Path;
use crate::http::problem::Problem;
use crate::http::responses::{ConflictProblem, CreateProblems, DeleteProblems, ReadProblems};
use crate::services::api_core::{ApiCore, Member, MemberPatch, TransferDraft, members};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "the workspace is read by the extractor that authorises")]
struct MemberPath {
    /// The workspace.
    workspace_id: WorkspaceId,
    /// The person.
    user_id: UserId,
}

pub(super) fn routes() -> OpenApiRouter<ApiCore> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(read, update, remove))
        .routes(routes!(leave))
        .routes(routes!(transfer))
}

/// List the members of a workspace
///
/// Newest first.
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace_id}/members", operation_id = "list_members", tag = "members",
    params(WorkspacePath, PageQuery),
    responses((status = 200, description = "A page of members.", body = Page<Member>), ReadProblems)
)]
async fn list(
    State(core): State<ApiCore>,
    access: Authorized<permission::ListMembers>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Member>>, Problem> {
    let fingerprint = QueryFingerprint::of(&("members", access.workspace_id()));
    let page = requested_page(query.limit, query.cursor.as_deref(), fingerprint)?;
    let members = core.list_members(&access, page).await?;
    Ok(page_of(members, query.limit, fingerprint, |item| (item.created_at, item.user_id.as_uuid())))
}

/// Read a member
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace_id}/members/{user_id}", operation_id = "get_member", tag = "members",
    params(MemberPath),
    responses((status = 200, description = "The member.", body = Member), ReadProblems)
)]
async fn read(
    State(core): State<ApiCore>,
    access: Authorized<permission::GetMember>,
    Path(ids): Path<MemberPath>,
) -> Result<Json<Member>, Problem> {
    Ok(Json(core.find_member(&access, ids.user_id).await?))
}

/// Change the role of a member
///
/// Only owners name owners and change the role of one (`owner_required`). The last owner stays one (`last_owner`). API keys of the member
/// reach no further than the new role from now on.
#[utoipa::path(
    patch, path = "/v1/workspaces/{workspace_id}/members/{user_id}", operation_id = "update_member", tag = "members",
    extensions(("x-audit-action" = json!(members::ROLE_CHANGED.name()))),
    params(MemberPath, IdempotencyHeader), request_body = MemberPatch,
    responses((status = 200, description = "The member as they are now.", body = Member), CreateProblems)
)]
async fn update(
    State(core): State<ApiCore>,
    access: Authorized<permission::UpdateMember>,
    Path(ids): Path<MemberPath>,
    Body(patch): Body<MemberPatch>,
) -> Result<Json<Member>, Problem> {
    Ok(Json(core.update_member(&access, ids.user_id, &patch).await?))
}

/// Remove a member
///
/// Their API keys in this workspace are revoked, and the invitations that they sent are taken back. Only owners remove owners
/// (`owner_required`), and the last one stays (`last_owner`).
#[utoipa::path(
    delete, path = "/v1/workspaces/{workspace_id}/members/{user_id}", operation_id = "remove_member", tag = "members",
    extensions(("x-audit-action" = json!(members::REMOVED.name()))),
    params(MemberPath),
    responses((status = 204, description = "They are no longer a member."), DeleteProblems, ConflictProblem)
)]
async fn remove(
    State(core): State<ApiCore>,
    access: Authorized<permission::RemoveMember>,
    Path(ids): Path<MemberPath>,
) -> Result<StatusCode, Problem> {
    core.remove_member(&access, ids.user_id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Leave a workspace
///
/// What goes with a member who is removed goes with the caller. The last owner cannot leave (`last_owner`).
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace_id}/leave", operation_id = "leave_workspace", tag = "members",
    extensions(("x-audit-action" = json!(members::REMOVED.name()))),
    params(WorkspacePath, IdempotencyHeader),
    responses((status = 204, description = "The caller is no longer a member."), CreateProblems)
)]
async fn leave(
    State(core): State<ApiCore>,
    access: Authorized<permission::LeaveWorkspace>,
) -> Result<StatusCode, Problem> {
    core.leave_workspace(&access).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Transfer a workspace to another member
///
/// They become an owner, and the caller an admin.
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace_id}/transfer", operation_id = "transfer_workspace", tag = "members",
    extensions(("x-audit-action" = json!(members::ROLE_CHANGED.name()))),
    params(WorkspacePath, IdempotencyHeader), request_body = TransferDraft,
    responses((status = 200, description = "The new owner.", body = Member), CreateProblems)
)]
async fn transfer(
    State(core): State<ApiCore>,
    access: Authorized<permission::TransferWorkspace>,
    Body(draft): Body<TransferDraft>,
) -> Result<Json<Member>, Problem> {
    Ok(Json(core.transfer_workspace(&access, &draft).await?))
}
