//! `/v1/workspaces/{workspace_id}/oauth-clients`.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use http::header::LOCATION;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::IdentityApi;
use crate::domain::id::{OAuthClientId, WorkspaceId};
use crate::domain::permission;
use crate::http::etag::{IfMatch, IfNoneMatch, Tagged};
use crate::http::extract::{Json as Body, Query};
use crate::http::pagination::{Page, QueryFingerprint};
use crate::http::path::Path;
use crate::http::problem::Problem;
use crate::http::responses::{CreateProblems, DeleteProblems, EditProblems, ReadProblems};
use crate::services::api_core::rest::{
    Authorized, IdempotencyHeader, IfMatchHeader, IfNoneMatchHeader, PageQuery, WorkspacePath, page_of, requested_page,
};
use crate::services::identity::Identity;
use crate::services::identity::oauth::{
    CREATED, CreatedOAuthClient, DELETED, OAuthClient, OAuthClientDraft, OAuthClientPatch, ROTATED, SecretRotation,
    UPDATED,
};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "the workspace is read by the extractor that authorises")]
struct ClientPath {
    /// The workspace.
    workspace_id: WorkspaceId,
    /// The client.
    oauth_client_id: OAuthClientId,
}

pub(super) fn routes() -> OpenApiRouter<IdentityApi> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(read, update, delete)).routes(routes!(rotate))
}

/// List the OAuth2 clients of a workspace
///
/// Newest first, without their secrets.
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace_id}/oauth-clients", operation_id = "listOAuthClients", tag = "oauth-clients",
    params(WorkspacePath, PageQuery),
    responses((status = 200, description = "A page of clients.", body = Page<OAuthClient>), ReadProblems)
)]
async fn list(
    State(identity): State<Identity>,
    access: Authorized<permission::ListOAuthClients>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<OAuthClient>>, Problem> {
    let fingerprint = QueryFingerprint::of(&("oauth-clients", access.workspace_id()));
    let page = requested_page(query.limit, query.cursor.as_deref(), fingerprint)?;
    let clients = identity.list_oauth_clients(&access, page).await?;
    Ok(page_of(clients, query.limit, fingerprint, |item| (item.created_at, item.id.as_uuid())))
}

/// Register an OAuth2 client
///
/// The client may then ask anybody who signs in here to let it act for them, in whichever workspace they choose. The response holds the
/// secret of a confidential client, which is shown this once.
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace_id}/oauth-clients", operation_id = "createOAuthClient", tag = "oauth-clients",
    extensions(("x-audit-action" = json!(CREATED.name()))),
    params(WorkspacePath, IdempotencyHeader), request_body = OAuthClientDraft,
    responses((status = 201, description = "The new client with its secret.", body = CreatedOAuthClient), CreateProblems)
)]
async fn create(
    State(identity): State<Identity>,
    access: Authorized<permission::CreateOAuthClient>,
    Body(draft): Body<OAuthClientDraft>,
) -> Result<(StatusCode, [(http::HeaderName, String); 1], Tagged<Json<CreatedOAuthClient>>), Problem> {
    let created = identity.create_oauth_client(&access, draft).await?;
    let location = format!("/v1/workspaces/{}/oauth-clients/{}", access.workspace_id(), created.client.id);
    Ok((StatusCode::CREATED, [(LOCATION, location)], Tagged { version: created.client.version, body: Json(created) }))
}

/// Read an OAuth2 client, without its secret
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace_id}/oauth-clients/{oauth_client_id}", operation_id = "getOAuthClient",
    tag = "oauth-clients", params(ClientPath, IfNoneMatchHeader),
    responses(
        (status = 200, description = "The client.", body = OAuthClient),
        (status = 304, description = "The caller has the current version."),
        ReadProblems
    )
)]
async fn read(
    State(identity): State<Identity>,
    access: Authorized<permission::GetOAuthClient>,
    Path(ids): Path<ClientPath>,
    if_none_match: IfNoneMatch,
) -> Result<Response, Problem> {
    let client = identity.find_oauth_client(&access, ids.oauth_client_id).await?;
    Ok(if_none_match.answer(Tagged { version: client.version, body: Json(client) }))
}

/// Change the name, the redirect URIs or the scopes of an OAuth2 client
#[utoipa::path(
    patch, path = "/v1/workspaces/{workspace_id}/oauth-clients/{oauth_client_id}", operation_id = "updateOAuthClient",
    tag = "oauth-clients", extensions(("x-audit-action" = json!(UPDATED.name()))),
    params(ClientPath, IdempotencyHeader, IfMatchHeader), request_body = OAuthClientPatch,
    responses((status = 200, description = "The client as it is now.", body = OAuthClient), EditProblems)
)]
async fn update(
    State(identity): State<Identity>,
    access: Authorized<permission::UpdateOAuthClient>,
    Path(ids): Path<ClientPath>,
    if_match: IfMatch,
    Body(patch): Body<OAuthClientPatch>,
) -> Result<Tagged<Json<OAuthClient>>, Problem> {
    let client = identity.update_oauth_client(&access, ids.oauth_client_id, &if_match, patch).await?;
    Ok(Tagged { version: client.version, body: Json(client) })
}

/// Give an OAuth2 client a new secret
///
/// The response holds the secret, which is shown this once. The present secret holds beside it for as long as wanted; one before that no
/// longer. Tokens stay. A public client has no secret (409, `public_client`).
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace_id}/oauth-clients/{oauth_client_id}/rotate-secret",
    operation_id = "rotateOAuthClientSecret", tag = "oauth-clients",
    extensions(("x-audit-action" = json!(ROTATED.name()))),
    params(ClientPath, IdempotencyHeader), request_body = SecretRotation,
    responses((status = 200, description = "The client with its new secret.", body = CreatedOAuthClient), CreateProblems)
)]
async fn rotate(
    State(identity): State<Identity>,
    access: Authorized<permission::RotateOAuthClientSecret>,
    Path(ids): Path<ClientPath>,
    Body(rotation): Body<SecretRotation>,
) -> Result<Tagged<Json<CreatedOAuthClient>>, Problem> {
    let rotated = identity.rotate_oauth_client_secret(&access, ids.oauth_client_id, &rotation).await?;
    Ok(Tagged { version: rotated.client.version, body: Json(rotated) })
}

/// Delete an OAuth2 client
///
/// At once and for good, with all consents and tokens that it has.
#[utoipa::path(
    delete, path = "/v1/workspaces/{workspace_id}/oauth-clients/{oauth_client_id}", operation_id = "deleteOAuthClient",
    tag = "oauth-clients", extensions(("x-audit-action" = json!(DELETED.name()))),
    params(ClientPath),
    responses((status = 204, description = "It is gone."), DeleteProblems)
)]
async fn delete(
    State(identity): State<Identity>,
    access: Authorized<permission::DeleteOAuthClient>,
    Path(ids): Path<ClientPath>,
) -> Result<StatusCode, Problem> {
    identity.delete_oauth_client(&access, ids.oauth_client_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
