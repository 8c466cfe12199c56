//! `elido.v1.FreezeWindows`: times in which nobody changes links, with the rights that credentials have over REST.
//!
//! Invariant: a call reaches a workspace only through [`access`].

use serde_json::{Map, Value, json};
use tonic::{Request, Response, Status};

use super::callers::{Work, access, answer, origin_of};
use super::link_requests::{limit, read_body, text};
use super::link_resolver::parsed;
use super::link_responses::time;
use crate::domain::error::{Error, Result as DomainResult};
use crate::domain::permission::{self, Operation};
use crate::http::pagination::QueryFingerprint;
use crate::infra::grpc::v1;
use crate::infra::grpc::v1::freeze_windows_server::FreezeWindows;
use crate::infra::grpc::v1::update_freeze_window_request::Links;
use crate::services::api_core::rest::{page_of, requested_page};
use crate::services::api_core::{ApiCore, FreezeWindow, FreezeWindowDraft, FreezeWindowPatch};

/// The use cases of windows, which REST calls too.
pub(super) struct FreezeWindowsService(pub(super) ApiCore);

/// The message that says what a window is.
fn to_message(window: FreezeWindow) -> v1::FreezeWindow {
    v1::FreezeWindow {
        id: window.id.to_string(),
        folder_id: window.folder_id.map(|id| id.to_string()),
        reason: window.reason,
        starts_at: Some(time(window.starts_at)),
        ends_at: Some(time(window.ends_at)),
        author: window.author.to_string(),
        version: window.version,
        created_at: Some(time(window.created_at)),
        updated_at: Some(time(window.updated_at)),
    }
}

/// A window to be, read as the body that REST would have got.
fn to_draft(request: v1::CreateFreezeWindowRequest) -> DomainResult<FreezeWindowDraft> {
    let mut body = Map::from_iter([("reason".to_owned(), json!(request.reason))]);
    body.extend(request.folder_id.map(|folder| ("folder_id".to_owned(), json!(folder))));
    body.extend(request.starts_at.map(|time| ("starts_at".to_owned(), json!(text(time)))));
    body.extend(request.ends_at.map(|time| ("ends_at".to_owned(), json!(text(time)))));
    read_body(&Value::Object(body))
}

/// An edit, read in the same way.
fn to_patch(request: v1::UpdateFreezeWindowRequest) -> DomainResult<FreezeWindowPatch> {
    let mut body = Map::new();
    match request.links {
        Some(Links::FolderId(folder)) => body.insert("folder_id".to_owned(), json!(folder)),
        Some(Links::AllLinks(true)) => body.insert("folder_id".to_owned(), Value::Null),
        Some(Links::AllLinks(false)) => {
            let message = "name a folder instead, or leave it out";
            return Err(Error::invalid_field("all_links", "invalid_value", message));
        }
        None => None,
    };
    body.extend(request.reason.map(|reason| ("reason".to_owned(), json!(reason))));
    body.extend(request.starts_at.map(|time| ("starts_at".to_owned(), json!(text(time)))));
    body.extend(request.ends_at.map(|time| ("ends_at".to_owned(), json!(text(time)))));
    read_body(&Value::Object(body))
}

impl FreezeWindowsService {
    fn list(&self, request: Request<v1::ListFreezeWindowsRequest>) -> Work<'_, v1::ListFreezeWindowsResponse> {
        Box::pin(async move {
            let workspace = &request.get_ref().workspace_id;
            let access = access(&self.0, &request, workspace, &permission::ListFreezeWindows::PERMISSION).await?;
            let v1::ListFreezeWindowsRequest { limit: items, cursor, .. } = request.into_inner();
            let items = limit(items)?;
            let fingerprint = QueryFingerprint::of(&("freeze windows over gRPC", access.workspace_id()));
            let page = requested_page(items, cursor.as_deref(), fingerprint)?;
            let found = self.0.list_freeze_windows(&access, page).await?;
            let page = page_of(found, items, fingerprint, |item| (item.created_at, item.id.as_uuid())).0;
            let freeze_windows = page.data.into_iter().map(to_message).collect();
            Ok(v1::ListFreezeWindowsResponse { freeze_windows, next_cursor: page.next_cursor })
        })
    }

    fn create(&self, request: Request<v1::CreateFreezeWindowRequest>) -> Work<'_, v1::CreateFreezeWindowResponse> {
        Box::pin(async move {
            let workspace = &request.get_ref().workspace_id;
            let access = access(&self.0, &request, workspace, &permission::CreateFreezeWindow::PERMISSION).await?;
            let window = self.0.create_freeze_window(&access, to_draft(request.into_inner())?).await?;
            Ok(v1::CreateFreezeWindowResponse { freeze_window: Some(to_message(window)) })
        })
    }

    fn get(&self, request: Request<v1::GetFreezeWindowRequest>) -> Work<'_, v1::GetFreezeWindowResponse> {
        Box::pin(async move {
            let v1::GetFreezeWindowRequest { workspace_id, freeze_window_id } = request.get_ref();
            let access = access(&self.0, &request, workspace_id, &permission::GetFreezeWindow::PERMISSION).await?;
            let window = self.0.find_freeze_window(&access, parsed("freeze_window_id", freeze_window_id)?).await?;
            Ok(v1::GetFreezeWindowResponse { freeze_window: Some(to_message(window)) })
        })
    }

    fn update(&self, request: Request<v1::UpdateFreezeWindowRequest>) -> Work<'_, v1::UpdateFreezeWindowResponse> {
        Box::pin(async move {
            let workspace = &request.get_ref().workspace_id;
            let access = access(&self.0, &request, workspace, &permission::UpdateFreezeWindow::PERMISSION).await?;
            let request = request.into_inner();
            let (id, version) = (parsed("freeze_window_id", &request.freeze_window_id)?, request.version);
            let window = self.0.update_freeze_window(&access, id, &version, to_patch(request)?).await?;
            Ok(v1::UpdateFreezeWindowResponse { freeze_window: Some(to_message(window)) })
        })
    }

    fn delete(&self, request: Request<v1::DeleteFreezeWindowRequest>) -> Work<'_, v1::DeleteFreezeWindowResponse> {
        Box::pin(async move {
            let v1::DeleteFreezeWindowRequest { workspace_id, freeze_window_id, version } = request.get_ref();
            let access = access(&self.0, &request, workspace_id, &permission::DeleteFreezeWindow::PERMISSION).await?;
            self.0.delete_freeze_window(&access, parsed("freeze_window_id", freeze_window_id)?, version).await?;
            Ok(v1::DeleteFreezeWindowResponse {})
        })
    }
}

#[tonic::async_trait]
impl FreezeWindows for FreezeWindowsService {
    async fn list_freeze_windows(
        &self,
        request: Request<v1::ListFreezeWindowsRequest>,
    ) -> Result<Response<v1::ListFreezeWindowsResponse>, Status> {
        answer(origin_of(&request), self.list(request)).await
    }

    async fn create_freeze_window(
        &self,
        request: Request<v1::CreateFreezeWindowRequest>,
    ) -> Result<Response<v1::CreateFreezeWindowResponse>, Status> {
        answer(origin_of(&request), self.create(request)).await
    }

    async fn get_freeze_window(
        &self,
        request: Request<v1::GetFreezeWindowRequest>,
    ) -> Result<Response<v1::GetFreezeWindowResponse>, Status> {
        answer(origin_of(&request), self.get(request)).await
    }

    async fn update_freeze_window(
        &self,
        request: Request<v1::UpdateFreezeWindowRequest>,
    ) -> Result<Response<v1::UpdateFreezeWindowResponse>, Status> {
        answer(origin_of(&request), self.update(request)).await
    }

    async fn delete_freeze_window(
        &self,
        request: Request<v1::DeleteFreezeWindowRequest>,
    ) -> Result<Response<v1::DeleteFreezeWindowResponse>, Status> {
        answer(origin_of(&request), self.delete(request)).await
    }
}
