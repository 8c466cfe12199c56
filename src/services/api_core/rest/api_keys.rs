//! `/v1/workspaces/{workspace_id}/api-keys`.

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
use crate::domain::id::{ApiKeyId, WorkspaceId};
use crate::domain::permission;
use crate::http::etag::{IfMatch, IfNoneMatch, Tagged};
use crate::http::extract::{Json as Body, Query};
use crate::http::pagination::{Page, QueryFingerprint};
use crate::http::path::Path;
use crate::http::problem::Problem;
use crate::http::responses::{CreateProblems, DeleteProblems, EditProblems, ReadProblems};
use crate::services::api_core::{
    ApiCore, ApiKey, ApiKeyDraft, ApiKeyPatch, CreatedApiKey, RotationDraft, api_key_rotation, api_keys,
};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "the workspace is read by the extractor that authorises")]
struct ApiKeyPath {
    /// The workspace.
    workspace_id: WorkspaceId,
    /// The key.
    api_key_id: ApiKeyId,
}

pub(super) fn routes() -> OpenApiRouter<ApiCore> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(read, update, revoke)).routes(routes!(rotate))
}

/// List the API keys of a workspace
///
/// Newest first, without their secrets.
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace_id}/api-keys", operation_id = "list_api_keys", tag = "api-keys",
    params(WorkspacePath, PageQuery),
    responses((status = 200, description = "A page of keys.", body = Page<ApiKey>), ReadProblems)
)]
async fn list(
    State(core): State<ApiCore>,
    access: Authorized<permission::ListApiKeys>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<ApiKey>>, Problem> {
    let fingerprint = QueryFingerprint::of(&("api-keys", access.workspace_id()));
    let page = requested_page(query.limit, query.cursor.as_deref(), fingerprint)?;
    let keys = core.list_api_keys(&access, page).await?;
    Ok(page_of(keys, query.limit, fingerprint, |item| (item.created_at, item.id.as_uuid())))
}

/// Create an API key
///
/// The response holds the secret, which is shown this once. A key can do nothing that its maker cannot.
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace_id}/api-keys", operation_id = "create_api_key", tag = "api-keys",
    extensions(("x-audit-action" = json!(api_keys::CREATED.name()))),
    params(WorkspacePath, IdempotencyHeader), request_body = ApiKeyDraft,
    responses((status = 201, description = "The new key with its secret.", body = CreatedApiKey), CreateProblems)
)]
async fn create(
    State(core): State<ApiCore>,
    access: Authorized<permission::CreateApiKey>,
    Body(draft): Body<ApiKeyDraft>,
) -> Result<(StatusCode, [(http::HeaderName, String); 1], Tagged<Json<CreatedApiKey>>), Problem> {
    let created = core.create_api_key(&access, draft).await?;
    let location = format!("/v1/workspaces/{}/api-keys/{}", access.workspace_id(), created.key.id);
    Ok((StatusCode::CREATED, [(LOCATION, location)], Tagged { version: created.key.version, body: Json(created) }))
}

/// Read an API key, without its secret
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace_id}/api-keys/{api_key_id}", operation_id = "get_api_key", tag = "api-keys",
    params(ApiKeyPath, IfNoneMatchHeader),
    responses(
        (status = 200, description = "The key.", body = ApiKey),
        (status = 304, description = "The caller has the current version."),
        ReadProblems
    )
)]
async fn read(
    State(core): State<ApiCore>,
    access: Authorized<permission::GetApiKey>,
    Path(ids): Path<ApiKeyPath>,
    if_none_match: IfNoneMatch,
) -> Result<Response, Problem> {
    let key = core.find_api_key(&access, ids.api_key_id).await?;
    Ok(if_none_match.answer(Tagged { version: key.version, body: Json(key) }))
}

/// Change the name or the limit of an API key
#[utoipa::path(
    patch, path = "/v1/workspaces/{workspace_id}/api-keys/{api_key_id}", operation_id = "update_api_key", tag = "api-keys",
    extensions(("x-audit-action" = json!(api_keys::UPDATED.name()))),
    params(ApiKeyPath, IdempotencyHeader, IfMatchHeader), request_body = ApiKeyPatch,
    responses((status = 200, description = "The key as it is now.", body = ApiKey), EditProblems)
)]
async fn update(
    State(core): State<ApiCore>,
    access: Authorized<permission::UpdateApiKey>,
    Path(ids): Path<ApiKeyPath>,
    if_match: IfMatch,
    Body(patch): Body<ApiKeyPatch>,
) -> Result<Tagged<Json<ApiKey>>, Problem> {
    let key = core.update_api_key(&access, ids.api_key_id, &if_match, patch).await?;
    Ok(Tagged { version: key.version, body: Json(key) })
}

/// Give an API key a new secret
///
/// The response holds the secret, which is shown this once. The present secret holds beside it for as long as wanted; one before that no
/// longer. Needs every scope that the key has.
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace_id}/api-keys/{api_key_id}/rotate", operation_id = "rotate_api_key",
    extensions(("x-audit-action" = json!(api_key_rotation::ROTATED.name()))),
    tag = "api-keys", params(ApiKeyPath, IdempotencyHeader), request_body = RotationDraft,
    responses((status = 200, description = "The key with its new secret.", body = CreatedApiKey), CreateProblems)
)]
async fn rotate(
    State(core): State<ApiCore>,
    access: Authorized<permission::RotateApiKey>,
    Path(ids): Path<ApiKeyPath>,
    Body(draft): Body<RotationDraft>,
) -> Result<Tagged<Json<CreatedApiKey>>, Problem> {
    let created = core.rotate_api_key(&access, ids.api_key_id, &draft).await?;
    Ok(Tagged { version: created.key.version, body: Json(created) })
}

/// Revoke an API key, at once and for good
#[utoipa::path(
    delete, path = "/v1/workspaces/{workspace_id}/api-keys/{api_key_id}", operation_id = "revoke_api_key", tag = "api-keys",
    extensions(("x-audit-action" = json!(api_keys::REVOKED.name()))),
    params(ApiKeyPath),
    responses((status = 204, description = "It is revoked."), DeleteProblems)
)]
async fn revoke(
    State(core): State<ApiCore>,
    access: Authorized<permission::RevokeApiKey>,
    Path(ids): Path<ApiKeyPath>,
) -> Result<StatusCode, Problem> {
    core.revoke_api_key(&access, ids.api_key_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
