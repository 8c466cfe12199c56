//! `/v1/workspaces/{workspace_id}/api-keys`.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use http::header::LOCATION;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::authorized::{Authorized, WorkspacePath, WorkspaceRead, WorkspaceWrite};
use super::headers::IdempotencyHeader;
use super::listing::{PageQuery, page_of, requested_page};
use crate::domain::id::{ApiKeyId, WorkspaceId};
use crate::http::extract::{Json as Body, Query};
use crate::http::pagination::{Page, QueryFingerprint};
use crate::http::path::Path;
use crate::http::problem::Problem;
use crate::http::responses::{CreateProblems, DeleteProblems, ReadProblems};
use crate::services::api_core::{ApiCore, ApiKey, ApiKeyDraft, CreatedApiKey, api_keys};

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
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(read, revoke))
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
    access: Authorized<WorkspaceRead>,
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
    access: Authorized<WorkspaceWrite>,
    Body(draft): Body<ApiKeyDraft>,
) -> Result<(StatusCode, [(http::HeaderName, String); 1], Json<CreatedApiKey>), Problem> {
    let created = core.create_api_key(&access, draft).await?;
    let location = format!("/v1/workspaces/{}/api-keys/{}", access.workspace_id(), created.key.id);
    Ok((StatusCode::CREATED, [(LOCATION, location)], Json(created)))
}

/// Read an API key, without its secret
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace_id}/api-keys/{api_key_id}", operation_id = "get_api_key", tag = "api-keys",
    params(ApiKeyPath),
    responses((status = 200, description = "The key.", body = ApiKey), ReadProblems)
)]
async fn read(
    State(core): State<ApiCore>,
    access: Authorized<WorkspaceRead>,
    Path(ids): Path<ApiKeyPath>,
) -> Result<Json<ApiKey>, Problem> {
    Ok(Json(core.find_api_key(&access, ids.api_key_id).await?))
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
    access: Authorized<WorkspaceWrite>,
    Path(ids): Path<ApiKeyPath>,
) -> Result<StatusCode, Problem> {
    core.revoke_api_key(&access, ids.api_key_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
