//! `elido.v1.Workspaces`: workspaces and the people in them, with the rights that credentials have over REST.
//!
//! Invariant: a call reaches a workspace only through [`access`].

use tonic::{Request, Response, Status};

use super::callers::{Work, access, answer, origin_of, principal};
use super::link_requests::limit;
use super::link_resolver::parsed;
use super::people_messages::{invitation, member, to_role, to_visitor_addresses, workspace};
use crate::domain::permission::{self, Operation};
use crate::http::pagination::QueryFingerprint;
use crate::infra::grpc::v1;
use crate::infra::grpc::v1::workspaces_server::Workspaces;
use crate::services::api_core::rest::{page_of, requested_page};
use crate::services::api_core::{ApiCore, InvitationDraft, MemberPatch, TransferDraft, WorkspaceDraft, WorkspacePatch};

/// The use cases of workspaces, which REST calls too.
pub(super) struct WorkspacesService(pub(super) ApiCore);

impl WorkspacesService {
    fn do_list_workspaces(&self, request: Request<v1::ListWorkspacesRequest>) -> Work<'_, v1::ListWorkspacesResponse> {
        Box::pin(async move {
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
        })
    }

    fn do_create_workspace(
        &self,
        request: Request<v1::CreateWorkspaceRequest>,
    ) -> Work<'_, v1::CreateWorkspaceResponse> {
        Box::pin(async move {
            let principal = principal(&self.0, &request).await?;
            principal.require(&permission::CreateWorkspace::PERMISSION.caller)?;
            let (person, _) = principal.session()?;
            let v1::CreateWorkspaceRequest { name, slug } = request.into_inner();
            let made = self.0.create_workspace(person, WorkspaceDraft { name, slug }).await?;
            Ok(v1::CreateWorkspaceResponse { workspace: Some(workspace(made)) })
        })
    }

    fn do_get_workspace(&self, request: Request<v1::GetWorkspaceRequest>) -> Work<'_, v1::GetWorkspaceResponse> {
        Box::pin(async move {
            let access =
                access(&self.0, &request, &request.get_ref().workspace_id, &permission::GetWorkspace::PERMISSION)
                    .await?;
            Ok(v1::GetWorkspaceResponse { workspace: Some(workspace(self.0.workspace(&access))) })
        })
    }

    fn do_update_workspace(
        &self,
        request: Request<v1::UpdateWorkspaceRequest>,
    ) -> Work<'_, v1::UpdateWorkspaceResponse> {
        Box::pin(async move {
            let access =
                access(&self.0, &request, &request.get_ref().workspace_id, &permission::UpdateWorkspace::PERMISSION)
                    .await?;
            let wanted = request.into_inner();
            let patch = WorkspacePatch {
                name: wanted.name,
                slug: wanted.slug,
                click_retention_days: wanted.click_retention_days,
                visitor_addresses: wanted.visitor_addresses.map(to_visitor_addresses).transpose()?,
                count_opted_out: wanted.count_opted_out,
            };
            let changed = self.0.update_workspace(&access, &wanted.version, patch).await?;
            Ok(v1::UpdateWorkspaceResponse { workspace: Some(workspace(changed)) })
        })
    }

    fn do_delete_workspace(
        &self,
        request: Request<v1::DeleteWorkspaceRequest>,
    ) -> Work<'_, v1::DeleteWorkspaceResponse> {
        Box::pin(async move {
            let access =
                access(&self.0, &request, &request.get_ref().workspace_id, &permission::DeleteWorkspace::PERMISSION)
                    .await?;
            self.0.delete_workspace(&access, &request.get_ref().version).await?;
            Ok(v1::DeleteWorkspaceResponse {})
        })
    }

    fn do_undelete_workspace(
        &self,
        request: Request<v1::UndeleteWorkspaceRequest>,
    ) -> Work<'_, v1::UndeleteWorkspaceResponse> {
        Box::pin(async move {
            let access =
                access(&self.0, &request, &request.get_ref().workspace_id, &permission::UndeleteWorkspace::PERMISSION)
                    .await?;
            let undeleted = self.0.undelete_workspace(&access).await?;
            Ok(v1::UndeleteWorkspaceResponse { workspace: Some(workspace(undeleted)) })
        })
    }

    fn do_transfer_workspace(
        &self,
        request: Request<v1::TransferWorkspaceRequest>,
    ) -> Work<'_, v1::TransferWorkspaceResponse> {
        Box::pin(async move {
            let access =
                access(&self.0, &request, &request.get_ref().workspace_id, &permission::TransferWorkspace::PERMISSION)
                    .await?;
            let user_id = parsed("user_id", &request.get_ref().user_id)?;
            let owner = self.0.transfer_workspace(&access, &TransferDraft { user_id }).await?;
            Ok(v1::TransferWorkspaceResponse { member: Some(member(owner)) })
        })
    }

    fn do_leave_workspace(&self, request: Request<v1::LeaveWorkspaceRequest>) -> Work<'_, v1::LeaveWorkspaceResponse> {
        Box::pin(async move {
            let access =
                access(&self.0, &request, &request.get_ref().workspace_id, &permission::LeaveWorkspace::PERMISSION)
                    .await?;
            self.0.leave_workspace(&access).await?;
            Ok(v1::LeaveWorkspaceResponse {})
        })
    }

    fn do_list_members(&self, request: Request<v1::ListMembersRequest>) -> Work<'_, v1::ListMembersResponse> {
        Box::pin(async move {
            let access =
                access(&self.0, &request, &request.get_ref().workspace_id, &permission::ListMembers::PERMISSION)
                    .await?;
            let v1::ListMembersRequest { limit: items, cursor, .. } = request.into_inner();
            let items = limit(items)?;
            let fingerprint = QueryFingerprint::of(&("members over gRPC", access.workspace_id()));
            let page = requested_page(items, cursor.as_deref(), fingerprint)?;
            let found = self.0.list_members(&access, page).await?;
            let page = page_of(found, items, fingerprint, |item| (item.created_at, item.user_id.as_uuid())).0;
            let members = page.data.into_iter().map(member).collect();
            Ok(v1::ListMembersResponse { members, next_cursor: page.next_cursor })
        })
    }

    fn do_get_member(&self, request: Request<v1::GetMemberRequest>) -> Work<'_, v1::GetMemberResponse> {
        Box::pin(async move {
            let access =
                access(&self.0, &request, &request.get_ref().workspace_id, &permission::GetMember::PERMISSION).await?;
            let found = self.0.find_member(&access, parsed("user_id", &request.get_ref().user_id)?).await?;
            Ok(v1::GetMemberResponse { member: Some(member(found)) })
        })
    }

    fn do_update_member(&self, request: Request<v1::UpdateMemberRequest>) -> Work<'_, v1::UpdateMemberResponse> {
        Box::pin(async move {
            let access =
                access(&self.0, &request, &request.get_ref().workspace_id, &permission::UpdateMember::PERMISSION)
                    .await?;
            let v1::UpdateMemberRequest { user_id, role, .. } = request.get_ref();
            let patch = MemberPatch { role: to_role(*role)? };
            let changed = self.0.update_member(&access, parsed("user_id", user_id)?, &patch).await?;
            Ok(v1::UpdateMemberResponse { member: Some(member(changed)) })
        })
    }

    fn do_remove_member(&self, request: Request<v1::RemoveMemberRequest>) -> Work<'_, v1::RemoveMemberResponse> {
        Box::pin(async move {
            let access =
                access(&self.0, &request, &request.get_ref().workspace_id, &permission::RemoveMember::PERMISSION)
                    .await?;
            self.0.remove_member(&access, parsed("user_id", &request.get_ref().user_id)?).await?;
            Ok(v1::RemoveMemberResponse {})
        })
    }

    fn do_list_invitations(
        &self,
        request: Request<v1::ListInvitationsRequest>,
    ) -> Work<'_, v1::ListInvitationsResponse> {
        Box::pin(async move {
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
        })
    }

    fn do_get_invitation(&self, request: Request<v1::GetInvitationRequest>) -> Work<'_, v1::GetInvitationResponse> {
        Box::pin(async move {
            let access =
                access(&self.0, &request, &request.get_ref().workspace_id, &permission::GetInvitation::PERMISSION)
                    .await?;
            let id = parsed("invitation_id", &request.get_ref().invitation_id)?;
            let found = self.0.find_invitation(&access, id).await?;
            Ok(v1::GetInvitationResponse { invitation: Some(invitation(found)) })
        })
    }

    fn do_create_invitation(
        &self,
        request: Request<v1::CreateInvitationRequest>,
    ) -> Work<'_, v1::CreateInvitationResponse> {
        Box::pin(async move {
            let access =
                access(&self.0, &request, &request.get_ref().workspace_id, &permission::CreateInvitation::PERMISSION)
                    .await?;
            let v1::CreateInvitationRequest { email, role, .. } = request.into_inner();
            let draft = InvitationDraft { email, role: to_role(role)? };
            let sent = self.0.create_invitation(&access, draft).await?;
            Ok(v1::CreateInvitationResponse { invitation: Some(invitation(sent)) })
        })
    }

    fn do_resend_invitation(
        &self,
        request: Request<v1::ResendInvitationRequest>,
    ) -> Work<'_, v1::ResendInvitationResponse> {
        Box::pin(async move {
            let access =
                access(&self.0, &request, &request.get_ref().workspace_id, &permission::ResendInvitation::PERMISSION)
                    .await?;
            let id = parsed("invitation_id", &request.get_ref().invitation_id)?;
            let sent = self.0.resend_invitation(&access, id).await?;
            Ok(v1::ResendInvitationResponse { invitation: Some(invitation(sent)) })
        })
    }

    fn do_revoke_invitation(
        &self,
        request: Request<v1::RevokeInvitationRequest>,
    ) -> Work<'_, v1::RevokeInvitationResponse> {
        Box::pin(async move {
            let access =
                access(&self.0, &request, &request.get_ref().workspace_id, &permission::RevokeInvitation::PERMISSION)
                    .await?;
            self.0.revoke_invitation(&access, parsed("invitation_id", &request.get_ref().invitation_id)?).await?;
            Ok(v1::RevokeInvitationResponse {})
        })
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
