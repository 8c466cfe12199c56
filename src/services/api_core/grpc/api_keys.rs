//! `elido.v1.ApiKeys`: API keys, with the rights that credentials have over REST.
//!
//! Invariant: a call reaches a workspace only through [`access`].

use serde_json::json;
use tonic::{Request, Response, Status};

use super::callers::{Work, access, answer, origin_of};
use super::link_requests::limit;
use super::link_resolver::parsed;
use super::link_responses::time;
use crate::domain::error::{Error, Result as DomainResult};
use crate::domain::permission::{self, Operation};
use crate::http::extract::parse_json;
use crate::http::pagination::QueryFingerprint;
use crate::infra::grpc::v1;
use crate::infra::grpc::v1::api_keys_server::ApiKeys;
use crate::services::api_core::rest::{page_of, requested_page};
use crate::services::api_core::{ApiCore, ApiKey, ApiKeyDraft, ApiKeyPatch, CreatedApiKey, RotationDraft};

/// The use cases of API keys, which REST calls too.
pub(super) struct ApiKeysService(pub(super) ApiCore);

/// A key to be, read as the body that REST would have got.
fn to_draft(request: v1::CreateApiKeyRequest) -> DomainResult<ApiKeyDraft> {
    let body = json!({
        "name": request.name,
        "scopes": request.scopes,
        "expires_at": request.expires_at.map(|time| time.to_string()),
        "rate_limit_per_minute": request.rate_limit_per_minute,
    });
    parse_json(&serde_json::to_vec(&body).map_err(Error::internal)?)
}

/// The message that says what a key is.
fn to_message(key: ApiKey) -> v1::ApiKey {
    v1::ApiKey {
        id: key.id.to_string(),
        name: key.name,
        token_start: key.token_start,
        scopes: key.scopes.iter().map(|scope| scope.as_str().to_owned()).collect(),
        created_by: key.created_by.map(|id| id.to_string()),
        created_at: Some(time(key.created_at)),
        expires_at: key.expires_at.map(time),
        last_used_at: key.last_used_at.map(time),
        rotated_at: key.rotated_at.map(time),
        previous_secret_expires_at: key.previous_secret_expires_at.map(time),
        rate_limit_per_minute: key.rate_limit_per_minute,
        version: key.version,
    }
}

impl ApiKeysService {
    fn do_list_api_keys(&self, request: Request<v1::ListApiKeysRequest>) -> Work<'_, v1::ListApiKeysResponse> {
        Box::pin(async move {
            let access =
                access(&self.0, &request, &request.get_ref().workspace_id, &permission::ListApiKeys::PERMISSION)
                    .await?;
            let v1::ListApiKeysRequest { limit: items, cursor, .. } = request.into_inner();
            let items = limit(items)?;
            let fingerprint = QueryFingerprint::of(&("API keys over gRPC", access.workspace_id()));
            let page = requested_page(items, cursor.as_deref(), fingerprint)?;
            let found = self.0.list_api_keys(&access, page).await?;
            let page = page_of(found, items, fingerprint, |item| (item.created_at, item.id.as_uuid())).0;
            let api_keys = page.data.into_iter().map(to_message).collect();
            Ok(v1::ListApiKeysResponse { api_keys, next_cursor: page.next_cursor })
        })
    }

    fn do_create_api_key(&self, request: Request<v1::CreateApiKeyRequest>) -> Work<'_, v1::CreateApiKeyResponse> {
        Box::pin(async move {
            let access =
                access(&self.0, &request, &request.get_ref().workspace_id, &permission::CreateApiKey::PERMISSION)
                    .await?;
            let draft = to_draft(request.into_inner())?;
            let CreatedApiKey { key, token } = self.0.create_api_key(&access, draft).await?;
            Ok(v1::CreateApiKeyResponse { api_key: Some(to_message(key)), token })
        })
    }

    fn do_get_api_key(&self, request: Request<v1::GetApiKeyRequest>) -> Work<'_, v1::GetApiKeyResponse> {
        Box::pin(async move {
            let access =
                access(&self.0, &request, &request.get_ref().workspace_id, &permission::GetApiKey::PERMISSION).await?;
            let key = self.0.find_api_key(&access, parsed("api_key_id", &request.get_ref().api_key_id)?).await?;
            Ok(v1::GetApiKeyResponse { api_key: Some(to_message(key)) })
        })
    }

    fn do_update_api_key(&self, request: Request<v1::UpdateApiKeyRequest>) -> Work<'_, v1::UpdateApiKeyResponse> {
        Box::pin(async move {
            let access =
                access(&self.0, &request, &request.get_ref().workspace_id, &permission::UpdateApiKey::PERMISSION)
                    .await?;
            let v1::UpdateApiKeyRequest { api_key_id, version, name, rate_limit_per_minute, .. } = request.into_inner();
            let rate_limit_per_minute = rate_limit_per_minute.map(|limit| Some(limit).filter(|limit| *limit > 0));
            let patch = ApiKeyPatch { name, rate_limit_per_minute };
            let key = self.0.update_api_key(&access, parsed("api_key_id", &api_key_id)?, &version, patch).await?;
            Ok(v1::UpdateApiKeyResponse { api_key: Some(to_message(key)) })
        })
    }

    fn do_rotate_api_key(&self, request: Request<v1::RotateApiKeyRequest>) -> Work<'_, v1::RotateApiKeyResponse> {
        Box::pin(async move {
            let access =
                access(&self.0, &request, &request.get_ref().workspace_id, &permission::RotateApiKey::PERMISSION)
                    .await?;
            let v1::RotateApiKeyRequest { api_key_id, overlap_seconds, .. } = request.get_ref();
            let (id, draft) = (parsed("api_key_id", api_key_id)?, RotationDraft { overlap_seconds: *overlap_seconds });
            let CreatedApiKey { key, token } = self.0.rotate_api_key(&access, id, &draft).await?;
            Ok(v1::RotateApiKeyResponse { api_key: Some(to_message(key)), token })
        })
    }

    fn do_revoke_api_key(&self, request: Request<v1::RevokeApiKeyRequest>) -> Work<'_, v1::RevokeApiKeyResponse> {
        Box::pin(async move {
            let access =
                access(&self.0, &request, &request.get_ref().workspace_id, &permission::RevokeApiKey::PERMISSION)
                    .await?;
            self.0.revoke_api_key(&access, parsed("api_key_id", &request.get_ref().api_key_id)?).await?;
            Ok(v1::RevokeApiKeyResponse {})
        })
    }
}

#[tonic::async_trait]
impl ApiKeys for ApiKeysService {
    async fn list_api_keys(
        &self,
        request: Request<v1::ListApiKeysRequest>,
    ) -> Result<Response<v1::ListApiKeysResponse>, Status> {
        answer(origin_of(&request), self.do_list_api_keys(request)).await
    }

    async fn create_api_key(
        &self,
        request: Request<v1::CreateApiKeyRequest>,
    ) -> Result<Response<v1::CreateApiKeyResponse>, Status> {
        answer(origin_of(&request), self.do_create_api_key(request)).await
    }

    async fn get_api_key(
        &self,
        request: Request<v1::GetApiKeyRequest>,
    ) -> Result<Response<v1::GetApiKeyResponse>, Status> {
        answer(origin_of(&request), self.do_get_api_key(request)).await
    }

    async fn update_api_key(
        &self,
        request: Request<v1::UpdateApiKeyRequest>,
    ) -> Result<Response<v1::UpdateApiKeyResponse>, Status> {
        answer(origin_of(&request), self.do_update_api_key(request)).await
    }

    async fn rotate_api_key(
        &self,
        request: Request<v1::RotateApiKeyRequest>,
    ) -> Result<Response<v1::RotateApiKeyResponse>, Status> {
        answer(origin_of(&request), self.do_rotate_api_key(request)).await
    }

    async fn revoke_api_key(
        &self,
        request: Request<v1::RevokeApiKeyRequest>,
    ) -> Result<Response<v1::RevokeApiKeyResponse>, Status> {
        answer(origin_of(&request), self.do_revoke_api_key(request)).await
    }
}
