//! `elido.v1.Folders`: folders of links and who may do what in them, with the rights that credentials have over REST.
//!
//! Invariant: a call reaches a workspace only through [`access`].

use tonic::{Request, Response, Status};

use super::callers::{Work, access, answer, origin_of};
use super::link_requests::{limit, unknown_number};
use super::link_resolver::parsed;
use super::link_responses::time;
use crate::domain::error::{Error, Result as DomainResult};
use crate::domain::folder::FolderAccess;
use crate::domain::permission::{self, Operation};
use crate::http::pagination::QueryFingerprint;
use crate::infra::grpc::v1;
use crate::infra::grpc::v1::folders_server::Folders;
use crate::services::api_core::rest::{page_of, requested_page};
use crate::services::api_core::{ApiCore, Folder, FolderAccessPatch, FolderDraft, FolderMember, FolderPatch};

/// The use cases of folders, which REST calls too.
pub(super) struct FoldersService(pub(super) ApiCore);

/// The message that says what a folder is.
fn to_message(folder: Folder) -> v1::Folder {
    let member = |member: FolderMember| v1::FolderMember {
        user_id: member.user_id.to_string(),
        access: access_message(member.access).into(),
    };
    v1::Folder {
        id: folder.id.to_string(),
        name: folder.name,
        access: access_message(folder.access).into(),
        members: folder.members.into_iter().map(member).collect(),
        links: folder.links,
        version: folder.version,
        created_at: Some(time(folder.created_at)),
        updated_at: Some(time(folder.updated_at)),
    }
}

const fn access_message(access: FolderAccess) -> v1::FolderAccess {
    match access {
        FolderAccess::None => v1::FolderAccess::None,
        FolderAccess::View => v1::FolderAccess::View,
        FolderAccess::Edit => v1::FolderAccess::Edit,
    }
}

/// What somebody may do in a folder; none if it is unspecified.
fn folder_access(pointer: &str, number: i32) -> DomainResult<Option<FolderAccess>> {
    Ok(match v1::FolderAccess::try_from(number).map_err(|_| unknown_number(pointer))? {
        v1::FolderAccess::Unspecified => None,
        v1::FolderAccess::None => Some(FolderAccess::None),
        v1::FolderAccess::View => Some(FolderAccess::View),
        v1::FolderAccess::Edit => Some(FolderAccess::Edit),
    })
}

fn members(members: v1::FolderMembers) -> DomainResult<Vec<FolderMember>> {
    let member = |(index, member): (usize, v1::FolderMember)| {
        let pointer = format!("/members/{index}/access");
        let required = || Error::invalid_field(&pointer, "required", "say what this member may do");
        let access = folder_access(&pointer, member.access)?.ok_or_else(required)?;
        Ok(FolderMember { user_id: parsed(&format!("/members/{index}/user_id"), &member.user_id)?, access })
    };
    members.members.into_iter().enumerate().map(member).collect()
}

impl FoldersService {
    fn list(&self, request: Request<v1::ListFoldersRequest>) -> Work<'_, v1::ListFoldersResponse> {
        Box::pin(async move {
            let workspace = &request.get_ref().workspace_id;
            let access = access(&self.0, &request, workspace, &permission::ListFolders::PERMISSION).await?;
            let v1::ListFoldersRequest { limit: items, cursor, .. } = request.into_inner();
            let items = limit(items)?;
            let fingerprint = QueryFingerprint::of(&("folders over gRPC", access.workspace_id()));
            let page = requested_page(items, cursor.as_deref(), fingerprint)?;
            let found = self.0.list_folders(&access, page).await?;
            let page = page_of(found, items, fingerprint, |item| (item.created_at, item.id.as_uuid())).0;
            let folders = page.data.into_iter().map(to_message).collect();
            Ok(v1::ListFoldersResponse { folders, next_cursor: page.next_cursor })
        })
    }

    fn create(&self, request: Request<v1::CreateFolderRequest>) -> Work<'_, v1::CreateFolderResponse> {
        Box::pin(async move {
            let workspace = &request.get_ref().workspace_id;
            let access = access(&self.0, &request, workspace, &permission::CreateFolder::PERMISSION).await?;
            let folder = self.0.create_folder(&access, FolderDraft { name: request.into_inner().name }).await?;
            Ok(v1::CreateFolderResponse { folder: Some(to_message(folder)) })
        })
    }

    fn get(&self, request: Request<v1::GetFolderRequest>) -> Work<'_, v1::GetFolderResponse> {
        Box::pin(async move {
            let v1::GetFolderRequest { workspace_id, folder_id } = request.get_ref();
            let access = access(&self.0, &request, workspace_id, &permission::GetFolder::PERMISSION).await?;
            let folder = self.0.find_folder(&access, parsed("folder_id", folder_id)?).await?;
            Ok(v1::GetFolderResponse { folder: Some(to_message(folder)) })
        })
    }

    fn update(&self, request: Request<v1::UpdateFolderRequest>) -> Work<'_, v1::UpdateFolderResponse> {
        Box::pin(async move {
            let workspace = &request.get_ref().workspace_id;
            let access = access(&self.0, &request, workspace, &permission::UpdateFolder::PERMISSION).await?;
            let v1::UpdateFolderRequest { folder_id, version, name, .. } = request.into_inner();
            let id = parsed("folder_id", &folder_id)?;
            let folder = self.0.update_folder(&access, id, &version, FolderPatch { name }).await?;
            Ok(v1::UpdateFolderResponse { folder: Some(to_message(folder)) })
        })
    }

    fn update_access(
        &self,
        request: Request<v1::UpdateFolderAccessRequest>,
    ) -> Work<'_, v1::UpdateFolderAccessResponse> {
        Box::pin(async move {
            let workspace = &request.get_ref().workspace_id;
            let access = access(&self.0, &request, workspace, &permission::UpdateFolderAccess::PERMISSION).await?;
            let request = request.into_inner();
            let id = parsed("folder_id", &request.folder_id)?;
            let patch = FolderAccessPatch {
                access: folder_access("/access", request.access)?,
                members: request.members.map(members).transpose()?,
            };
            let folder = self.0.update_folder_access(&access, id, &request.version, patch).await?;
            Ok(v1::UpdateFolderAccessResponse { folder: Some(to_message(folder)) })
        })
    }

    fn delete(&self, request: Request<v1::DeleteFolderRequest>) -> Work<'_, v1::DeleteFolderResponse> {
        Box::pin(async move {
            let v1::DeleteFolderRequest { workspace_id, folder_id, version } = request.get_ref();
            let access = access(&self.0, &request, workspace_id, &permission::DeleteFolder::PERMISSION).await?;
            self.0.delete_folder(&access, parsed("folder_id", folder_id)?, version).await?;
            Ok(v1::DeleteFolderResponse {})
        })
    }
}

#[tonic::async_trait]
impl Folders for FoldersService {
    async fn list_folders(
        &self,
        request: Request<v1::ListFoldersRequest>,
    ) -> Result<Response<v1::ListFoldersResponse>, Status> {
        answer(origin_of(&request), self.list(request)).await
    }

    async fn create_folder(
        &self,
        request: Request<v1::CreateFolderRequest>,
    ) -> Result<Response<v1::CreateFolderResponse>, Status> {
        answer(origin_of(&request), self.create(request)).await
    }

    async fn get_folder(
        &self,
        request: Request<v1::GetFolderRequest>,
    ) -> Result<Response<v1::GetFolderResponse>, Status> {
        answer(origin_of(&request), self.get(request)).await
    }

    async fn update_folder(
        &self,
        request: Request<v1::UpdateFolderRequest>,
    ) -> Result<Response<v1::UpdateFolderResponse>, Status> {
        answer(origin_of(&request), self.update(request)).await
    }

    async fn update_folder_access(
        &self,
        request: Request<v1::UpdateFolderAccessRequest>,
    ) -> Result<Response<v1::UpdateFolderAccessResponse>, Status> {
        answer(origin_of(&request), self.update_access(request)).await
    }

    async fn delete_folder(
        &self,
        request: Request<v1::DeleteFolderRequest>,
    ) -> Result<Response<v1::DeleteFolderResponse>, Status> {
        answer(origin_of(&request), self.delete(request)).await
    }
}
