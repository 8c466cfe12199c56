//! `/v1/workspaces/{workspace_id}/invitations`.

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
use super::listing::{PageQuery, page_of, requested_page};
use crate::domain::id::{InvitationId, WorkspaceId};
use crate::domain::permission;
use crate::http::extract::{Json as Body, Query};
use crate::http::pagination::{Page, QueryFingerprint};
use crate::http::path::Path;
use crate::http::problem::Problem;
use crate::http::responses::{CreateProblems, DeleteProblems, ReadProblems};
use crate::services::api_core::{ApiCore, Invitation, InvitationDraft, invitations};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "the workspace is read by the extractor that authorises")]
struct InvitationPath {
    /// The workspace.
    workspace_id: WorkspaceId,
    /// The invitation.
    invitation_id: InvitationId,
}

pub(super) fn routes() -> OpenApiRouter<ApiCore> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(read, revoke)).routes(routes!(resend))
}

/// List the invitations to a workspace
///
/// Newest first: those that nobody has accepted yet. Expired ones are among them for 30 days.
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace_id}/invitations", operation_id = "list_invitations", tag = "invitations",
    params(WorkspacePath, PageQuery),
    responses((status = 200, description = "A page of invitations.", body = Page<Invitation>), ReadProblems)
)]
async fn list(
    State(core): State<ApiCore>,
    access: Authorized<permission::ListInvitations>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Invitation>>, Problem> {
    let fingerprint = QueryFingerprint::of(&("invitations", access.workspace_id()));
    let page = requested_page(query.limit, query.cursor.as_deref(), fingerprint)?;
    let invitations = core.list_invitations(&access, page).await?;
    Ok(page_of(invitations, query.limit, fingerprint, |item| (item.created_at, item.id.as_uuid())))
}

/// Invite somebody to a workspace
///
/// They get a mail with a secret that holds for seven days and once. Only owners invite owners (`owner_required`).
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace_id}/invitations", operation_id = "create_invitation", tag = "invitations",
    extensions(("x-audit-action" = json!(invitations::INVITED.name()))),
    params(WorkspacePath, IdempotencyHeader), request_body = InvitationDraft,
    responses((status = 201, description = "The new invitation.", body = Invitation), CreateProblems)
)]
async fn create(
    State(core): State<ApiCore>,
    access: Authorized<permission::CreateInvitation>,
    Body(draft): Body<InvitationDraft>,
) -> Result<(StatusCode, [(http::HeaderName, String); 1], Json<Invitation>), Problem> {
    let invitation = core.create_invitation(&access, draft).await?;
    let location = format!("/v1/workspaces/{}/invitations/{}", access.workspace_id(), invitation.id);
    Ok((StatusCode::CREATED, [(LOCATION, location)], Json(invitation)))
}

/// Read an invitation
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace_id}/invitations/{invitation_id}", operation_id = "get_invitation",
    tag = "invitations", params(InvitationPath),
    responses((status = 200, description = "The invitation.", body = Invitation), ReadProblems)
)]
async fn read(
    State(core): State<ApiCore>,
    access: Authorized<permission::GetInvitation>,
    Path(ids): Path<InvitationPath>,
) -> Result<Json<Invitation>, Problem> {
    Ok(Json(core.find_invitation(&access, ids.invitation_id).await?))
}

/// Send an invitation again
///
/// With a new secret, which holds for seven days; the secret of the mail before holds no longer.
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace_id}/invitations/{invitation_id}/resend", operation_id = "resend_invitation",
    extensions(("x-audit-action" = json!(invitations::RESENT.name()))),
    tag = "invitations", params(InvitationPath, IdempotencyHeader),
    responses((status = 200, description = "The invitation as it is now.", body = Invitation), CreateProblems)
)]
async fn resend(
    State(core): State<ApiCore>,
    access: Authorized<permission::ResendInvitation>,
    Path(ids): Path<InvitationPath>,
) -> Result<Json<Invitation>, Problem> {
    Ok(Json(core.resend_invitation(&access, ids.invitation_id).await?))
}

/// Take an invitation back
#[utoipa::path(
    delete, path = "/v1/workspaces/{workspace_id}/invitations/{invitation_id}", operation_id = "revoke_invitation",
    extensions(("x-audit-action" = json!(invitations::REVOKED.name()))),
    tag = "invitations", params(InvitationPath),
    responses((status = 204, description = "Nobody can accept it any more."), DeleteProblems)
)]
async fn revoke(
    State(core): State<ApiCore>,
    access: Authorized<permission::RevokeInvitation>,
    Path(ids): Path<InvitationPath>,
) -> Result<StatusCode, Problem> {
    core.revoke_invitation(&access, ids.invitation_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
