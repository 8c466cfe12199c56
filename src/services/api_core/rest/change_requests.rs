//! `/v1/workspaces/{workspace_id}/change-requests`: changes of links that need a second person.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use http::header::LOCATION;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::authorized::{Authorized, WorkspacePath};
use super::headers::IdempotencyHeader;
use super::link_path::LinkPath;
use super::listing::{page_of, requested_page};
use crate::domain::change_request::ChangeRequestState;
use crate::domain::id::{ChangeRequestId, LinkId, WorkspaceId};
use crate::domain::permission;
use crate::http::extract::{Json as Body, Query};
use crate::http::pagination::{Limit, Page, QueryFingerprint};
use crate::http::path::Path;
use crate::http::problem::Problem;
use crate::http::responses::{ConflictProblem, CreateProblems, DeleteProblems, ReadProblems};
use crate::services::api_core::{
    ApiCore, ApprovalDraft, ChangeRequest, ChangeRequestDraft, ChangeRequestQuery, RefusalDraft, links,
};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "the workspace is read by the extractor that authorises")]
struct ChangeRequestPath {
    /// The workspace.
    workspace_id: WorkspaceId,
    /// The change that is asked for.
    change_request_id: ChangeRequestId,
}

/// Which changes, and which page of them.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// How many items a page may have.
    #[serde(default)]
    #[param(minimum = 1, maximum = 100, default = 50, value_type = u32)]
    limit: Limit,
    /// `next_cursor` of the page before; the first page if absent.
    #[serde(default)]
    #[param(max_length = 4096)]
    cursor: Option<String>,
    /// Only changes of this link.
    #[serde(default)]
    link_id: Option<LinkId>,
    /// Only those that this became of.
    #[serde(default)]
    #[param(inline, nullable = false)]
    state: Option<ChangeRequestState>,
}

pub(super) fn routes() -> OpenApiRouter<ApiCore> {
    OpenApiRouter::new()
        .routes(routes!(request))
        .routes(routes!(list))
        .routes(routes!(read, withdraw))
        .routes(routes!(approve))
        .routes(routes!(refuse))
}

/// Ask for a change of a link that needs a second person
///
/// It is made when somebody else approves it within seven days.
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace_id}/links/{link_id}/change-requests", operation_id = "request_link_change",
    tag = "link-approvals",
    extensions(("x-audit-action" = json!(links::CHANGE_REQUESTED.name()))),
    params(LinkPath, IdempotencyHeader), request_body = ChangeRequestDraft,
    responses((status = 201, description = "What is asked for.", body = ChangeRequest), CreateProblems)
)]
async fn request(
    State(core): State<ApiCore>,
    access: Authorized<permission::RequestLinkChange>,
    Path(ids): Path<LinkPath>,
    Body(draft): Body<ChangeRequestDraft>,
) -> Result<(StatusCode, [(http::HeaderName, String); 1], Json<ChangeRequest>), Problem> {
    let request = core.request_link_change(&access, ids.link_id, draft).await?;
    let location = [(LOCATION, format!("/v1/workspaces/{}/change-requests/{}", access.workspace_id(), request.id))];
    Ok((StatusCode::CREATED, location, Json(request)))
}

/// List the changes that are asked for
///
/// Newest first.
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace_id}/change-requests", operation_id = "list_change_requests",
    tag = "link-approvals",
    params(WorkspacePath, ListQuery),
    responses((status = 200, description = "A page of changes.", body = Page<ChangeRequest>), ReadProblems)
)]
async fn list(
    State(core): State<ApiCore>,
    access: Authorized<permission::ListChangeRequests>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<ChangeRequest>>, Problem> {
    let fingerprint = QueryFingerprint::of(&("change requests", access.workspace_id(), query.link_id, query.state));
    let page = requested_page(query.limit, query.cursor.as_deref(), fingerprint)?;
    let filter = ChangeRequestQuery { link: query.link_id, state: query.state };
    let requests = core.list_change_requests(&access, filter, page).await?;
    Ok(page_of(requests, query.limit, fingerprint, |item| (item.created_at, item.id.as_uuid())))
}

/// Read a change that is asked for
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace_id}/change-requests/{change_request_id}",
    operation_id = "get_change_request", tag = "link-approvals",
    params(ChangeRequestPath),
    responses((status = 200, description = "What is asked for.", body = ChangeRequest), ReadProblems)
)]
async fn read(
    State(core): State<ApiCore>,
    access: Authorized<permission::GetChangeRequest>,
    Path(ids): Path<ChangeRequestPath>,
) -> Result<Json<ChangeRequest>, Problem> {
    Ok(Json(core.find_change_request(&access, ids.change_request_id).await?))
}

/// Make a change that somebody else asked for
///
/// Whoever asked for it cannot approve it (403, `own_request`), and it is only made of the version of the link that it was asked for (409,
/// `link_changed`).
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace_id}/change-requests/{change_request_id}/approve",
    operation_id = "approve_link_change", tag = "link-approvals",
    extensions(("x-audit-action" = json!(links::CHANGE_APPROVED.name()))),
    params(ChangeRequestPath, IdempotencyHeader), request_body = ApprovalDraft,
    responses((status = 200, description = "What was asked for, and is made.", body = ChangeRequest), CreateProblems)
)]
async fn approve(
    State(core): State<ApiCore>,
    access: Authorized<permission::ApproveLinkChange>,
    Path(ids): Path<ChangeRequestPath>,
    Body(draft): Body<ApprovalDraft>,
) -> Result<Json<ChangeRequest>, Problem> {
    Ok(Json(core.approve_link_change(&access, ids.change_request_id, draft).await?))
}

/// Refuse a change that somebody else asked for
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace_id}/change-requests/{change_request_id}/refuse",
    operation_id = "refuse_link_change", tag = "link-approvals",
    extensions(("x-audit-action" = json!(links::CHANGE_REFUSED.name()))),
    params(ChangeRequestPath, IdempotencyHeader), request_body = RefusalDraft,
    responses((status = 200, description = "What was asked for, and is not made.", body = ChangeRequest), CreateProblems)
)]
async fn refuse(
    State(core): State<ApiCore>,
    access: Authorized<permission::RefuseLinkChange>,
    Path(ids): Path<ChangeRequestPath>,
    Body(draft): Body<RefusalDraft>,
) -> Result<Json<ChangeRequest>, Problem> {
    Ok(Json(core.refuse_link_change(&access, ids.change_request_id, draft).await?))
}

/// Take back a change that one asked for
#[utoipa::path(
    delete, path = "/v1/workspaces/{workspace_id}/change-requests/{change_request_id}",
    operation_id = "withdraw_link_change", tag = "link-approvals",
    extensions(("x-audit-action" = json!(links::CHANGE_WITHDRAWN.name()))),
    params(ChangeRequestPath),
    responses((status = 204, description = "It is taken back."), DeleteProblems, ConflictProblem)
)]
async fn withdraw(
    State(core): State<ApiCore>,
    access: Authorized<permission::WithdrawLinkChange>,
    Path(ids): Path<ChangeRequestPath>,
) -> Result<StatusCode, Problem> {
    core.withdraw_link_change(&access, ids.change_request_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
