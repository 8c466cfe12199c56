//! `elido.v1.Workspaces`: workspaces and the people in them, with the rights that credentials have over REST.
//!
//! Invariant: a call reaches a workspace only through [`access`].

use tonic::{Request, Response, Status};

use super::callers::{access, answer, origin_of, principal};
use super::link_requests::limit;
use super::link_resolver::parsed;
use super::people_messages::{invitation, member, to_role, workspace};
use crate::domain::error::Result as DomainResult;
use crate::domain::permission::{self, Operation};
use crate::http::pagination::QueryFingerprint;
use crate::infra::grpc::v1;
use crate::infra::grpc::v1::workspaces_server::Workspaces;
use crate::services::api_core::rest::{page_of, requested_page};
use crate::services::api_core::{ApiCore, InvitationDraft, MemberPatch, TransferDraft, WorkspaceDraft, WorkspacePatch};

/// The use cases of workspaces, which REST calls too.
pub(super) struct WorkspacesService(pub(super) ApiCore);

impl WorkspacesService {
    async fn do_list_workspaces(
        &self,
        request: Request<v1::ListWorkspacesRequest>,
    ) -> DomainResult<v1::ListWorkspacesResponse> {
        let principal = principal(&self.0, &request).await?;
        principal.require(&permission::ListWorkspaces::PERMISSION.caller)?;
        let v1::ListWorkspacesRequest { limit: items, cursor, deleted } = request.into_inner();
        let items = limit(items)?;
        let fingerprint = QueryFingerprint::of(&("workspaces over gRPC", principal.credential_id(), deleted));
        let page = requested_page(items, cursor.as_deref(), fingerprint)?;
        let found = self.0.workspaces_of(&principal, deleted, page).await?;
        let page = page_of(found, items, fingerprint, |item| (item.created_at, item.id.as_uuid())).0;
        let workspaces = page.data.into_iter().map(workspace).collect();
        Ok(v1::ListWorkspacesResponse { workspaces, next_cursor: page.next_cursor })
    }

    async fn do_create_workspace(
        &self,
        request: Request<v1::CreateWorkspaceRequest>,
    ) -> DomainResult<v1::CreateWorkspaceResponse> {
        let principal = principal(&self.0, &request).await?;
        principal.require(&permission::CreateWorkspace::PERMISSION.caller)?;
        let (person, _) = principal.session()?;
        let v1::CreateWorkspaceRequest { name, slug } = request.into_inner();
        let made = self.0.create_workspace(person, WorkspaceDraft { name, slug }).await?;
        Ok(v1::CreateWorkspaceResponse { workspace: Some(workspace(made)) })
    }

    async fn do_get_workspace(
        &self,
        request: Request<v1::GetWorkspaceRequest>,
    ) -> DomainResult<v1::GetWorkspaceResponse> {
        let access =
            access(&self.0, &request, &request.get_ref().workspace_id, &permission::GetWorkspace::PERMISSION).await?;
        Ok(v1::GetWorkspaceResponse { workspace: Some(workspace(self.0.workspace(&access))) })
    }

    async fn do_update_workspace(
        &self,
        request: Request<v1::UpdateWorkspaceRequest>,
    ) -> DomainResult<v1::UpdateWorkspaceResponse> {
        let access =
            access(&self.0, &request, &request.get_ref().workspace_id, &permission::UpdateWorkspace::PERMISSION)
                .await?;
        let v1::UpdateWorkspaceRequest { version, name, slug, .. } = request.into_inner();
        let changed = self.0.update_workspace(&access, &version, WorkspacePatch { name, slug }).await?;
        Ok(v1::UpdateWorkspaceResponse { workspace: Some(workspace(changed)) })
    }

    async fn do_delete_workspace(
        &self,
        request: Request<v1::DeleteWorkspaceRequest>,
    ) -> DomainResult<v1::DeleteWorkspaceResponse> {
        let access =
            access(&self.0, &request, &request.get_ref().workspace_id, &permission::DeleteWorkspace::PERMISSION)
                .await?;
        self.0.delete_workspace(&access, &request.get_ref().version).await?;
        Ok(v1::DeleteWorkspaceResponse {})
    }

    async fn do_undelete_workspace(
        &self,
        request: Request<v1::UndeleteWorkspaceRequest>,
    ) -> DomainResult<v1::UndeleteWorkspaceResponse> {
        let access =
            access(&self.0, &request, &request.get_ref().workspace_id, &permission::UndeleteWorkspace::PERMISSION)
                .await?;
        let undeleted = self.0.undelete_workspace(&access).await?;
        Ok(v1::UndeleteWorkspaceResponse { workspace: Some(workspace(undeleted)) })
    }

    async fn do_transfer_workspace(
        &self,
        request: Request<v1::TransferWorkspaceRequest>,
    ) -> DomainResult<v1::TransferWorkspaceResponse> {
        let access =
            access(&self.0, &request, &request.get_ref().workspace_id, &permission::TransferWorkspace::PERMISSION)
                .await?;
        let user_id = parsed("user_id", &request.get_ref().user_id)?;
        let owner = self.0.transfer_workspace(&access, &TransferDraft { user_id }).await?;
        Ok(v1::TransferWorkspaceResponse { member: Some(member(owner)) })
    }

    async fn do_leave_workspace(
        &self,
        request: Request<v1::LeaveWorkspaceRequest>,
    ) -> DomainResult<v1::LeaveWorkspaceResponse> {
        let access =
            access(&self.0, &request, &request.get_ref().workspace_id, &permission::LeaveWorkspace::PERMISSION).await?;
        self.0.leave_workspace(&access).await?;
        Ok(v1::LeaveWorkspaceResponse {})
    }

    async fn do_list_members(&self, request: Request<v1::ListMembersRequest>) -> DomainResult<v1::ListMembersResponse> {
        let access =
            access(&self.0, &request, &request.get_ref().workspace_id, &permission::ListMembers::PERMISSION).await?;
        let v1::ListMembersRequest { limit: items, cursor, .. } = request.into_inner();
        let items = limit(items)?;
        let fingerprint = QueryFingerprint::of(&("members over gRPC", access.workspace_id()));
        let page = requested_page(items, cursor.as_deref(), fingerprint)?;
        let found = self.0.list_members(&access, page).await?;
        let page = page_of(found, items, fingerprint, |item| (item.created_at, item.user_id.as_uuid())).0;
        let members = page.data.into_iter().map(member).collect();
        Ok(v1::ListMembersResponse { members, next_cursor: page.next_cursor })
    }

    async fn do_get_member(&self, request: Request<v1::GetMemberRequest>) -> DomainResult<v1::GetMemberResponse> {
        let access =
            access(&self.0, &request, &request.get_ref().workspace_id, &permission::GetMember::PERMISSION).await?;
        let found = self.0.find_member(&access, parsed("user_id", &request.get_ref().user_id)?).await?;
        Ok(v1::GetMemberResponse { member: Some(member(found)) })
    }

    async fn do_update_member(
        &self,
        request: Request<v1::UpdateMemberRequest>,
    ) -> DomainResult<v1::UpdateMemberResponse> {
        let access =
            access(&self.0, &request, &request.get_ref().workspace_id, &permission::UpdateMember::PERMISSION).await?;
        let v1::UpdateMemberRequest { user_id, role, .. } = request.get_ref();
        let patch = MemberPatch { role: to_role(*role)? };
        let changed = self.0.update_member(&access, parsed("user_id", user_id)?, &patch).await?;
        Ok(v1::UpdateMemberResponse { member: Some(member(changed)) })
    }

    async fn do_remove_member(
        &self,
        request: Request<v1::RemoveMemberRequest>,
    ) -> DomainResult<v1::RemoveMemberResponse> {
        let access =
            access(&self.0, &request, &request.get_ref().workspace_id, &permission::RemoveMember::PERMISSION).await?;
        self.0.remove_member(&access, parsed("user_id", &request.get_ref().user_id)?).await?;
        Ok(v1::RemoveMemberResponse {})
    }

    async fn do_list_invitations(
        &self,
        request: Request<v1::ListInvitationsRequest>,
    ) -> DomainResult<v1::ListInvitationsResponse> {
        let access =
            access(&self.0, &request, &request.get_ref().workspace_id, &permission::ListInvitations::PERMISSION)
                .await?;
        let v1::ListInvitationsRequest { limit: items, cursor, .. } = request.into_inner();
        let items = limit(items)?;
        let fingerprint = QueryFingerprint::of(&("invitations over gRPC", access.workspace_id()));
        let page = requested_page(items, cursor.as_deref(), fingerprint)?;
        let found = self.0.list_invitations(&access, page).await?;
        let page = page_of(found, items, fingerprint, |item| (item.created_at, item.id.as_uuid())).0;
        let invitations = page.data.into_iter().map(invitation).collect();
        Ok(v1::ListInvitationsResponse { invitations, next_cursor: page.next_cursor })
    }

    async fn do_get_invitation(
        &self,
        request: Request<v1::GetInvitationRequest>,
    ) -> DomainResult<v1::GetInvitationResponse> {
        let access =
            access(&self.0, &request, &request.get_ref().workspace_id, &permission::GetInvitation::PERMISSION).await?;
        let id = parsed("invitation_id", &request.get_ref().invitation_id)?;
        let found = self.0.find_invitation(&access, id).await?;
        Ok(v1::GetInvitationResponse { invitation: Some(invitation(found)) })
    }

    async fn do_create_invitation(
        &self,
        request: Request<v1::CreateInvitationRequest>,
    ) -> DomainResult<v1::CreateInvitationResponse> {
        let access =
            access(&self.0, &request, &request.get_ref().workspace_id, &permission::CreateInvitation::PERMISSION)
                .await?;
        let v1::CreateInvitationRequest { email, role, .. } = request.into_inner();
        let draft = InvitationDraft { email, role: to_role(role)? };
        let sent = self.0.create_invitation(&access, draft).await?;
        Ok(v1::CreateInvitationResponse { invitation: Some(invitation(sent)) })
    }

    async fn do_resend_invitation(
        &self,
        request: Request<v1::ResendInvitationRequest>,
    ) -> DomainResult<v1::ResendInvitationResponse> {
        let access =
            access(&self.0, &request, &request.get_ref().workspace_id, &permission::ResendInvitation::PERMISSION)
                .await?;
        let id = parsed("invitation_id", &request.get_ref().invitation_id)?;
        let sent = self.0.resend_invitation(&access, id).await?;
        Ok(v1::ResendInvitationResponse { invitation: Some(invitation(sent)) })
    }

    async fn do_revoke_invitation(
        &self,
        request: Request<v1::RevokeInvitationRequest>,
    ) -> DomainResult<v1::RevokeInvitationResponse> {
        let access =
            access(&self.0, &request, &request.get_ref().workspace_id, &permission::RevokeInvitation::PERMISSION)
                .await?;
        self.0.revoke_invitation(&access, parsed("invitation_id", &request.get_ref().invitation_id)?).await?;
        Ok(v1::RevokeInvitationResponse {})
    }
}

#[tonic::async_trait]
impl Workspaces for WorkspacesService {
    async fn list_workspaces(
        &self,
        request: Request<v1::ListWorkspacesRequest>,
    ) -> Result<Response<v1::ListWorkspacesResponse>, Status> {
        answer(origin_of(&request), self.do_list_workspaces(request)).await
    }

    async fn create_workspace(
        &self,
        request: Request<v1::CreateWorkspaceRequest>,
    ) -> Result<Response<v1::CreateWorkspaceResponse>, Status> {
        answer(origin_of(&request), self.do_create_workspace(request)).await
    }

    async fn get_workspace(
        &self,
        request: Request<v1::GetWorkspaceRequest>,
    ) -> Result<Response<v1::GetWorkspaceResponse>, Status> {
        answer(origin_of(&request), self.do_get_workspace(request)).await
    }

    async fn update_workspace(
        &self,
        request: Request<v1::UpdateWorkspaceRequest>,
    ) -> Result<Response<v1::UpdateWorkspaceResponse>, Status> {
        answer(origin_of(&request), self.do_update_workspace(request)).await
    }

    async fn delete_workspace(
        &self,
        request: Request<v1::DeleteWorkspaceRequest>,
    ) -> Result<Response<v1::DeleteWorkspaceResponse>, Status> {
        answer(origin_of(&request), self.do_delete_workspace(request)).await
    }

    async fn undelete_workspace(
        &self,
        request: Request<v1::UndeleteWorkspaceRequest>,
    ) -> Result<Response<v1::UndeleteWorkspaceResponse>, Status> {
        answer(origin_of(&request), self.do_undelete_workspace(request)).await
    }

    async fn transfer_workspace(
        &self,
        request: Request<v1::TransferWorkspaceRequest>,
    ) -> Result<Response<v1::TransferWorkspaceResponse>, Status> {
        answer(origin_of(&request), self.do_transfer_workspace(request)).await
    }

    async fn leave_workspace(
        &self,
        request: Request<v1::LeaveWorkspaceRequest>,
    ) -> Result<Response<v1::LeaveWorkspaceResponse>, Status> {
        answer(origin_of(&request), self.do_leave_workspace(request)).await
    }

    async fn list_members(
        &self,
        request: Request<v1::ListMembersRequest>,
    ) -> Result<Response<v1::ListMembersResponse>, Status> {
        answer(origin_of(&request), self.do_list_members(request)).await
    }

    async fn get_member(
        &self,
        request: Request<v1::GetMemberRequest>,
    ) -> Result<Response<v1::GetMemberResponse>, Status> {
        answer(origin_of(&request), self.do_get_member(request)).await
    }

    async fn update_member(
        &self,
        request: Request<v1::UpdateMemberRequest>,
    ) -> Result<Response<v1::UpdateMemberResponse>, Status> {
        answer(origin_of(&request), self.do_update_member(request)).await
    }

    async fn remove_member(
        &self,
        request: Request<v1::RemoveMemberRequest>,
    ) -> Result<Response<v1::RemoveMemberResponse>, Status> {
        answer(origin_of(&request), self.do_remove_member(request)).await
    }

    async fn list_invitations(
        &self,
        request: Request<v1::ListInvitationsRequest>,
    ) -> Result<Response<v1::ListInvitationsResponse>, Status> {
        answer(origin_of(&request), self.do_list_invitations(request)).await
    }

    async fn get_invitation(
        &self,
        request: Request<v1::GetInvitationRequest>,
    ) -> Result<Response<v1::GetInvitationResponse>, Status> {
        answer(origin_of(&request), self.do_get_invitation(request)).await
    }

    async fn create_invitation(
        &self,
        request: Request<v1::CreateInvitationRequest>,
    ) -> Result<Response<v1::CreateInvitationResponse>, Status> {
        answer(origin_of(&request), self.do_create_invitation(request)).await
    }

    async fn resend_invitation(
        &self,
        request: Request<v1::ResendInvitationRequest>,
    ) -> Result<Response<v1::ResendInvitationResponse>, Status> {
        answer(origin_of(&request), self.do_resend_invitation(request)).await
    }

    async fn revoke_invitation(
        &self,
        request: Request<v1::RevokeInvitationRequest>,
    ) -> Result<Response<v1::RevokeInvitationResponse>, Status> {
        answer(origin_of(&request), self.do_revoke_invitation(request)).await
    }
}
