//! `elido.v1.OfferedInvitations`: invitations as the invited see them.

use tonic::{Request, Response, Status};

use super::callers::{Work, answer, origin_of, principal};
use super::link_responses::time;
use super::people_messages::{role, workspace};
use crate::domain::error::Result as DomainResult;
use crate::domain::id::UserId;
use crate::infra::grpc::v1;
use crate::infra::grpc::v1::offered_invitations_server::OfferedInvitations;
use crate::services::api_core::{Acceptance, ApiCore, InvitationToken};

/// The use cases of the invited, which REST calls too.
pub(super) struct OfferedInvitationsService(pub(super) ApiCore);

impl OfferedInvitationsService {
    /// The person whose session comes with a call. Of an API key nobody is known who could join.
    async fn signed_in<T>(&self, request: &Request<T>) -> DomainResult<Option<UserId>> {
        if !request.metadata().contains_key("authorization") {
            return Ok(None);
        }
        let principal = principal(&self.0, request).await?;
        Ok(principal.session().ok().map(|(person, _)| person))
    }

    fn show(&self, request: v1::ShowInvitationRequest) -> Work<'_, v1::ShowInvitationResponse> {
        Box::pin(async move {
            let shown = self.0.show_invitation(&InvitationToken { token: request.token.into() }).await?;
            Ok(v1::ShowInvitationResponse {
                workspace_name: shown.workspace_name,
                email: shown.email,
                role: role(shown.role).into(),
                expires_at: Some(time(shown.expires_at)),
                has_account: shown.has_account,
            })
        })
    }

    fn accept(&self, request: Request<v1::AcceptInvitationRequest>) -> Work<'_, v1::AcceptInvitationResponse> {
        Box::pin(async move {
            let person = self.signed_in(&request).await?;
            let v1::AcceptInvitationRequest { token, name, password } = request.into_inner();
            let acceptance = Acceptance { token: token.into(), name, password: password.map(Into::into) };
            let joined = self.0.accept_invitation(person, acceptance).await?;
            Ok(v1::AcceptInvitationResponse {
                user_id: joined.user_id.to_string(),
                email: joined.email,
                role: role(joined.role).into(),
                is_new_account: joined.is_new_account,
                workspace: Some(workspace(joined.workspace)),
            })
        })
    }
}

#[tonic::async_trait]
impl OfferedInvitations for OfferedInvitationsService {
    async fn show_invitation(
        &self,
        request: Request<v1::ShowInvitationRequest>,
    ) -> Result<Response<v1::ShowInvitationResponse>, Status> {
        answer(origin_of(&request), self.show(request.into_inner())).await
    }

    async fn accept_invitation(
        &self,
        request: Request<v1::AcceptInvitationRequest>,
    ) -> Result<Response<v1::AcceptInvitationResponse>, Status> {
        answer(origin_of(&request), self.accept(request)).await
    }
}
