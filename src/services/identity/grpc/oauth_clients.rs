//! `elido.v1.OauthClients`: clients of the OAuth2 provider, with the rights that credentials have over REST.
//!
//! Invariant: a call reaches a workspace only through [`access`].

use serde_json::{Map, Value, json};
use tonic::{Request, Response, Status};

use crate::domain::error::{Error, Result as DomainResult};
use crate::domain::permission::{self, Operation};
use crate::http::extract::parse_json;
use crate::http::pagination::QueryFingerprint;
use crate::infra::grpc::v1;
use crate::infra::grpc::v1::oauth_clients_server::OauthClients;
use crate::services::api_core::grpc::{Work, access, answer, limit, origin_of, parsed, time};
use crate::services::api_core::rest::{page_of, requested_page};
use crate::services::identity::Identity;
use crate::services::identity::oauth::{
    CreatedOAuthClient, OAuthClient, OAuthClientDraft, OAuthClientPatch, SecretRotation,
};

/// The use cases of clients, which REST calls too.
pub(super) struct OAuthClientsService(pub(super) Identity);

/// A client to be, read as the body that REST would have got.
fn to_draft(request: v1::CreateOauthClientRequest) -> DomainResult<OAuthClientDraft> {
    let body = json!({
        "name": request.name,
        "redirect_uris": request.redirect_uris,
        "scopes": request.scopes,
        "confidential": request.confidential,
    });
    parse_json(&serde_json::to_vec(&body).map_err(Error::internal)?)
}

/// An edit, read as the body that REST would have got.
fn to_patch(request: v1::UpdateOauthClientRequest) -> DomainResult<OAuthClientPatch> {
    let lists = [("redirect_uris", request.redirect_uris), ("scopes", request.scopes)];
    let mut body = Map::new();
    body.extend(request.name.map(|name| ("name".to_owned(), Value::String(name))));
    body.extend(
        lists.into_iter().filter(|(_, list)| !list.is_empty()).map(|(name, list)| (name.to_owned(), json!(list))),
    );
    parse_json(&serde_json::to_vec(&body).map_err(Error::internal)?)
}

/// The message that says what a client is.
fn to_message(client: OAuthClient) -> v1::OauthClient {
    v1::OauthClient {
        id: client.id.to_string(),
        name: client.name,
        redirect_uris: client.redirect_uris,
        scopes: client.scopes.iter().map(|scope| scope.as_str().to_owned()).collect(),
        confidential: client.confidential,
        secret_start: client.secret_start,
        rotated_at: client.rotated_at.map(time),
        previous_secret_expires_at: client.previous_secret_expires_at.map(time),
        created_by: client.created_by.map(|id| id.to_string()),
        created_at: Some(time(client.created_at)),
        updated_at: Some(time(client.updated_at)),
        version: client.version,
    }
}

impl OAuthClientsService {
    fn do_list(&self, request: Request<v1::ListOauthClientsRequest>) -> Work<'_, v1::ListOauthClientsResponse> {
        Box::pin(async move {
            let workspace = &request.get_ref().workspace_id;
            let access = access(&self.0.core, &request, workspace, &permission::ListOAuthClients::PERMISSION).await?;
            let v1::ListOauthClientsRequest { limit: items, cursor, .. } = request.into_inner();
            let items = limit(items)?;
            let fingerprint = QueryFingerprint::of(&("OAuth2 clients over gRPC", access.workspace_id()));
            let page = requested_page(items, cursor.as_deref(), fingerprint)?;
            let found = self.0.list_oauth_clients(&access, page).await?;
            let page = page_of(found, items, fingerprint, |item| (item.created_at, item.id.as_uuid())).0;
            let oauth_clients = page.data.into_iter().map(to_message).collect();
            Ok(v1::ListOauthClientsResponse { oauth_clients, next_cursor: page.next_cursor })
        })
    }

    fn do_create(&self, request: Request<v1::CreateOauthClientRequest>) -> Work<'_, v1::CreateOauthClientResponse> {
        Box::pin(async move {
            let workspace = &request.get_ref().workspace_id;
            let access = access(&self.0.core, &request, workspace, &permission::CreateOAuthClient::PERMISSION).await?;
            let draft = to_draft(request.into_inner())?;
            let CreatedOAuthClient { client, client_secret } = self.0.create_oauth_client(&access, draft).await?;
            Ok(v1::CreateOauthClientResponse { oauth_client: Some(to_message(client)), client_secret })
        })
    }

    fn do_get(&self, request: Request<v1::GetOauthClientRequest>) -> Work<'_, v1::GetOauthClientResponse> {
        Box::pin(async move {
            let workspace = &request.get_ref().workspace_id;
            let access = access(&self.0.core, &request, workspace, &permission::GetOAuthClient::PERMISSION).await?;
            let id = parsed("oauth_client_id", &request.get_ref().oauth_client_id)?;
            let client = self.0.find_oauth_client(&access, id).await?;
            Ok(v1::GetOauthClientResponse { oauth_client: Some(to_message(client)) })
        })
    }

    fn do_update(&self, request: Request<v1::UpdateOauthClientRequest>) -> Work<'_, v1::UpdateOauthClientResponse> {
        Box::pin(async move {
            let workspace = &request.get_ref().workspace_id;
            let access = access(&self.0.core, &request, workspace, &permission::UpdateOAuthClient::PERMISSION).await?;
            let request = request.into_inner();
            let (id, version) = (parsed("oauth_client_id", &request.oauth_client_id)?, request.version);
            let client = self.0.update_oauth_client(&access, id, &version, to_patch(request)?).await?;
            Ok(v1::UpdateOauthClientResponse { oauth_client: Some(to_message(client)) })
        })
    }

    fn do_rotate(
        &self,
        request: Request<v1::RotateOauthClientSecretRequest>,
    ) -> Work<'_, v1::RotateOauthClientSecretResponse> {
        Box::pin(async move {
            let workspace = &request.get_ref().workspace_id;
            let access =
                access(&self.0.core, &request, workspace, &permission::RotateOAuthClientSecret::PERMISSION).await?;
            let v1::RotateOauthClientSecretRequest { oauth_client_id, overlap_seconds, .. } = request.get_ref();
            let rotation = SecretRotation { overlap_seconds: *overlap_seconds };
            let id = parsed("oauth_client_id", oauth_client_id)?;
            let CreatedOAuthClient { client, client_secret } =
                self.0.rotate_oauth_client_secret(&access, id, &rotation).await?;
            Ok(v1::RotateOauthClientSecretResponse {
                oauth_client: Some(to_message(client)),
                client_secret: client_secret.unwrap_or_default(),
            })
        })
    }

    fn do_delete(&self, request: Request<v1::DeleteOauthClientRequest>) -> Work<'_, v1::DeleteOauthClientResponse> {
        Box::pin(async move {
            let workspace = &request.get_ref().workspace_id;
            let access = access(&self.0.core, &request, workspace, &permission::DeleteOAuthClient::PERMISSION).await?;
            let id = parsed("oauth_client_id", &request.get_ref().oauth_client_id)?;
            self.0.delete_oauth_client(&access, id).await?;
            Ok(v1::DeleteOauthClientResponse {})
        })
    }
}

#[tonic::async_trait]
impl OauthClients for OAuthClientsService {
    async fn list_oauth_clients(
        &self,
        request: Request<v1::ListOauthClientsRequest>,
    ) -> Result<Response<v1::ListOauthClientsResponse>, Status> {
        answer(origin_of(&request), self.do_list(request)).await
    }

    async fn create_oauth_client(
        &self,
        request: Request<v1::CreateOauthClientRequest>,
    ) -> Result<Response<v1::CreateOauthClientResponse>, Status> {
        answer(origin_of(&request), self.do_create(request)).await
    }

    async fn get_oauth_client(
        &self,
        request: Request<v1::GetOauthClientRequest>,
    ) -> Result<Response<v1::GetOauthClientResponse>, Status> {
        answer(origin_of(&request), self.do_get(request)).await
    }

    async fn update_oauth_client(
        &self,
        request: Request<v1::UpdateOauthClientRequest>,
    ) -> Result<Response<v1::UpdateOauthClientResponse>, Status> {
        answer(origin_of(&request), self.do_update(request)).await
    }

    async fn rotate_oauth_client_secret(
        &self,
        request: Request<v1::RotateOauthClientSecretRequest>,
    ) -> Result<Response<v1::RotateOauthClientSecretResponse>, Status> {
        answer(origin_of(&request), self.do_rotate(request)).await
    }

    async fn delete_oauth_client(
        &self,
        request: Request<v1::DeleteOauthClientRequest>,
    ) -> Result<Response<v1::DeleteOauthClientResponse>, Status> {
        answer(origin_of(&request), self.do_delete(request)).await
    }
}
