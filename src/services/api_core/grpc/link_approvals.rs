//! `elido.v1.LinkApprovals`: changes of links that need a second person, with the rights that credentials have over REST.
//!
//! Invariant: a call reaches a workspace only through [`access`].

use tonic::{Request, Response, Status};

use super::callers::{Work, access, answer, origin_of};
use super::link_requests::{limit, to_patch};
use super::link_resolver::parsed;
use super::link_responses::{name, time};
use crate::domain::change_request::ChangeRequestState;
use crate::domain::error::{Error, Result as DomainResult};
use crate::domain::id::LinkId;
use crate::domain::permission::{self, Operation};
use crate::http::pagination::QueryFingerprint;
use crate::infra::grpc::v1;
use crate::infra::grpc::v1::link_approvals_server::LinkApprovals;
use crate::services::api_core::rest::{page_of, requested_page};
use crate::services::api_core::{
    ApiCore, ApprovalDraft, ChangeRequest, ChangeRequestDraft, ChangeRequestQuery, FieldChange, RefusalDraft,
};

/// The use cases of approvals, which REST calls too.
pub(super) struct LinkApprovalsService(pub(super) ApiCore);

/// The message that says what is asked for.
fn to_message(request: ChangeRequest) -> v1::ChangeRequest {
    let state = match request.state {
        ChangeRequestState::Pending => v1::ChangeRequestState::Pending,
        ChangeRequestState::Approved => v1::ChangeRequestState::Approved,
        ChangeRequestState::Refused => v1::ChangeRequestState::Refused,
        ChangeRequestState::Withdrawn => v1::ChangeRequestState::Withdrawn,
        ChangeRequestState::Expired => v1::ChangeRequestState::Expired,
    };
    v1::ChangeRequest {
        id: request.id.to_string(),
        link_id: request.link_id.to_string(),
        link_version: request.link_version,
        deletes: request.deletes,
        changes: request.changes.into_iter().map(field_change).collect(),
        note: request.note,
        state: state.into(),
        author: request.author.to_string(),
        decided_by: request.decided_by.map(|id| id.to_string()),
        decided_at: request.decided_at.map(time),
        reason: request.reason,
        created_at: Some(time(request.created_at)),
        expires_at: Some(time(request.expires_at)),
        action: name(&request.action),
    }
}

/// A field that changes, with its values as JSON texts.
pub(super) fn field_change(change: FieldChange) -> v1::LinkFieldChange {
    v1::LinkFieldChange {
        field: change.field,
        before_json: change.before.to_string(),
        after_json: change.after.to_string(),
    }
}

/// The state that a query names; none if it is unspecified.
fn state(number: i32) -> DomainResult<Option<ChangeRequestState>> {
    let unknown = |_| Error::invalid_field("state", "invalid_value", "this enumeration has no such value");
    Ok(match v1::ChangeRequestState::try_from(number).map_err(unknown)? {
        v1::ChangeRequestState::Unspecified => None,
        v1::ChangeRequestState::Pending => Some(ChangeRequestState::Pending),
        v1::ChangeRequestState::Approved => Some(ChangeRequestState::Approved),
        v1::ChangeRequestState::Refused => Some(ChangeRequestState::Refused),
        v1::ChangeRequestState::Withdrawn => Some(ChangeRequestState::Withdrawn),
        v1::ChangeRequestState::Expired => Some(ChangeRequestState::Expired),
    })
}

/// A change to ask for. Without a mask no edit is asked for, as without `changes` over REST.
fn to_draft(request: v1::RequestLinkChangeRequest) -> DomainResult<ChangeRequestDraft> {
    let v1::RequestLinkChangeRequest { content, update_mask, delete, restore, purge, note, .. } = request;
    let changes = update_mask.map(|mask| to_patch(content.unwrap_or_default(), mask)).transpose()?;
    Ok(ChangeRequestDraft { changes, delete, restore, purge, note })
}

impl LinkApprovalsService {
    fn request(&self, request: Request<v1::RequestLinkChangeRequest>) -> Work<'_, v1::RequestLinkChangeResponse> {
        Box::pin(async move {
            let workspace = &request.get_ref().workspace_id;
            let access = access(&self.0, &request, workspace, &permission::RequestLinkChange::PERMISSION).await?;
            let request = request.into_inner();
            let link = parsed("link_id", &request.link_id)?;
            let asked = self.0.request_link_change(&access, link, to_draft(request)?).await?;
            Ok(v1::RequestLinkChangeResponse { change_request: Some(to_message(asked)) })
        })
    }

    fn list(&self, request: Request<v1::ListChangeRequestsRequest>) -> Work<'_, v1::ListChangeRequestsResponse> {
        Box::pin(async move {
            let workspace = &request.get_ref().workspace_id;
            let access = access(&self.0, &request, workspace, &permission::ListChangeRequests::PERMISSION).await?;
            let request = request.into_inner();
            let items = limit(request.limit)?;
            let link = request.link_id.map(|id| parsed::<LinkId>("link_id", &id)).transpose()?;
            let query = ChangeRequestQuery { link, state: state(request.state)? };
            let workspace = access.workspace_id();
            let fingerprint = QueryFingerprint::of(&("change requests over gRPC", workspace, query.link, query.state));
            let page = requested_page(items, request.cursor.as_deref(), fingerprint)?;
            let found = self.0.list_change_requests(&access, query, page).await?;
            let page = page_of(found, items, fingerprint, |item| (item.created_at, item.id.as_uuid())).0;
            let change_requests = page.data.into_iter().map(to_message).collect();
            Ok(v1::ListChangeRequestsResponse { change_requests, next_cursor: page.next_cursor })
        })
    }

    fn get(&self, request: Request<v1::GetChangeRequestRequest>) -> Work<'_, v1::GetChangeRequestResponse> {
        Box::pin(async move {
            let v1::GetChangeRequestRequest { workspace_id, change_request_id } = request.get_ref();
            let access = access(&self.0, &request, workspace_id, &permission::GetChangeRequest::PERMISSION).await?;
            let asked = self.0.find_change_request(&access, parsed("change_request_id", change_request_id)?).await?;
            Ok(v1::GetChangeRequestResponse { change_request: Some(to_message(asked)) })
        })
    }

    fn approve(&self, request: Request<v1::ApproveLinkChangeRequest>) -> Work<'_, v1::ApproveLinkChangeResponse> {
        Box::pin(async move {
            let v1::ApproveLinkChangeRequest { workspace_id, change_request_id, confirm_printed } = request.get_ref();
            let access = access(&self.0, &request, workspace_id, &permission::ApproveLinkChange::PERMISSION).await?;
            let id = parsed("change_request_id", change_request_id)?;
            let draft = ApprovalDraft { confirm_printed: *confirm_printed };
            let approved = self.0.approve_link_change(&access, id, draft).await?;
            Ok(v1::ApproveLinkChangeResponse { change_request: Some(to_message(approved)) })
        })
    }

    fn refuse(&self, request: Request<v1::RefuseLinkChangeRequest>) -> Work<'_, v1::RefuseLinkChangeResponse> {
        Box::pin(async move {
            let workspace = &request.get_ref().workspace_id;
            let access = access(&self.0, &request, workspace, &permission::RefuseLinkChange::PERMISSION).await?;
            let v1::RefuseLinkChangeRequest { change_request_id, reason, .. } = request.into_inner();
            let id = parsed("change_request_id", &change_request_id)?;
            let refused = self.0.refuse_link_change(&access, id, RefusalDraft { reason }).await?;
            Ok(v1::RefuseLinkChangeResponse { change_request: Some(to_message(refused)) })
        })
    }

    fn withdraw(&self, request: Request<v1::WithdrawLinkChangeRequest>) -> Work<'_, v1::WithdrawLinkChangeResponse> {
        Box::pin(async move {
            let v1::WithdrawLinkChangeRequest { workspace_id, change_request_id } = request.get_ref();
            let access = access(&self.0, &request, workspace_id, &permission::WithdrawLinkChange::PERMISSION).await?;
            self.0.withdraw_link_change(&access, parsed("change_request_id", change_request_id)?).await?;
            Ok(v1::WithdrawLinkChangeResponse {})
        })
    }
}

#[tonic::async_trait]
impl LinkApprovals for LinkApprovalsService {
    async fn request_link_change(
        &self,
        request: Request<v1::RequestLinkChangeRequest>,
    ) -> Result<Response<v1::RequestLinkChangeResponse>, Status> {
        answer(origin_of(&request), self.request(request)).await
    }

    async fn list_change_requests(
        &self,
        request: Request<v1::ListChangeRequestsRequest>,
    ) -> Result<Response<v1::ListChangeRequestsResponse>, Status> {
        answer(origin_of(&request), self.list(request)).await
    }

    async fn get_change_request(
        &self,
        request: Request<v1::GetChangeRequestRequest>,
    ) -> Result<Response<v1::GetChangeRequestResponse>, Status> {
        answer(origin_of(&request), self.get(request)).await
    }

    async fn approve_link_change(
        &self,
        request: Request<v1::ApproveLinkChangeRequest>,
    ) -> Result<Response<v1::ApproveLinkChangeResponse>, Status> {
        answer(origin_of(&request), self.approve(request)).await
    }

    async fn refuse_link_change(
        &self,
        request: Request<v1::RefuseLinkChangeRequest>,
    ) -> Result<Response<v1::RefuseLinkChangeResponse>, Status> {
        answer(origin_of(&request), self.refuse(request)).await
    }

    async fn withdraw_link_change(
        &self,
        request: Request<v1::WithdrawLinkChangeRequest>,
    ) -> Result<Response<v1::WithdrawLinkChangeResponse>, Status> {
        answer(origin_of(&request), self.withdraw(request)).await
    }
}
