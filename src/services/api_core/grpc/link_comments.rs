//! `elido.v1.LinkComments`: what people say about links, with the rights that credentials have over REST.
//!
//! Invariant: a call reaches a workspace only through [`access`].

use tonic::{Request, Response, Status};

use super::callers::{Work, access, answer, origin_of};
use super::link_requests::limit;
use super::link_resolver::parsed;
use super::link_responses::time;
use crate::domain::id::LinkId;
use crate::domain::permission::{self, Operation};
use crate::http::pagination::QueryFingerprint;
use crate::infra::grpc::v1;
use crate::infra::grpc::v1::link_comments_server::LinkComments;
use crate::services::api_core::rest::{page_of, requested_page};
use crate::services::api_core::{ApiCore, LinkComment, LinkCommentDraft};

/// The use cases of comments, which REST calls too.
pub(super) struct LinkCommentsService(pub(super) ApiCore);

/// The message that says what a comment is.
fn to_message(comment: LinkComment) -> v1::LinkComment {
    v1::LinkComment {
        id: comment.id.to_string(),
        link_id: comment.link_id.to_string(),
        author: comment.author.to_string(),
        text: comment.text,
        version: comment.version,
        created_at: Some(time(comment.created_at)),
        updated_at: Some(time(comment.updated_at)),
    }
}

impl LinkCommentsService {
    fn list(&self, request: Request<v1::ListLinkCommentsRequest>) -> Work<'_, v1::ListLinkCommentsResponse> {
        Box::pin(async move {
            let workspace = &request.get_ref().workspace_id;
            let access = access(&self.0, &request, workspace, &permission::ListLinkComments::PERMISSION).await?;
            let v1::ListLinkCommentsRequest { link_id, limit: items, cursor, .. } = request.into_inner();
            let (items, link) = (limit(items)?, parsed::<LinkId>("link_id", &link_id)?);
            let fingerprint = QueryFingerprint::of(&("comments over gRPC", access.workspace_id(), link));
            let page = requested_page(items, cursor.as_deref(), fingerprint)?;
            let found = self.0.list_link_comments(&access, link, page).await?;
            let page = page_of(found, items, fingerprint, |item| (item.created_at, item.id.as_uuid())).0;
            let link_comments = page.data.into_iter().map(to_message).collect();
            Ok(v1::ListLinkCommentsResponse { link_comments, next_cursor: page.next_cursor })
        })
    }

    fn create(&self, request: Request<v1::CreateLinkCommentRequest>) -> Work<'_, v1::CreateLinkCommentResponse> {
        Box::pin(async move {
            let workspace = &request.get_ref().workspace_id;
            let access = access(&self.0, &request, workspace, &permission::CreateLinkComment::PERMISSION).await?;
            let v1::CreateLinkCommentRequest { link_id, text, .. } = request.into_inner();
            let link = parsed("link_id", &link_id)?;
            let comment = self.0.create_link_comment(&access, link, LinkCommentDraft { text }).await?;
            Ok(v1::CreateLinkCommentResponse { link_comment: Some(to_message(comment)) })
        })
    }

    fn update(&self, request: Request<v1::UpdateLinkCommentRequest>) -> Work<'_, v1::UpdateLinkCommentResponse> {
        Box::pin(async move {
            let workspace = &request.get_ref().workspace_id;
            let access = access(&self.0, &request, workspace, &permission::UpdateLinkComment::PERMISSION).await?;
            let v1::UpdateLinkCommentRequest { link_id, comment_id, version, text, .. } = request.into_inner();
            let ids = (parsed("link_id", &link_id)?, parsed("comment_id", &comment_id)?);
            let comment = self.0.update_link_comment(&access, ids, &version, LinkCommentDraft { text }).await?;
            Ok(v1::UpdateLinkCommentResponse { link_comment: Some(to_message(comment)) })
        })
    }

    fn delete(&self, request: Request<v1::DeleteLinkCommentRequest>) -> Work<'_, v1::DeleteLinkCommentResponse> {
        Box::pin(async move {
            let v1::DeleteLinkCommentRequest { workspace_id, link_id, comment_id, version } = request.get_ref();
            let access = access(&self.0, &request, workspace_id, &permission::DeleteLinkComment::PERMISSION).await?;
            let ids = (parsed("link_id", link_id)?, parsed("comment_id", comment_id)?);
            self.0.delete_link_comment(&access, ids, version).await?;
            Ok(v1::DeleteLinkCommentResponse {})
        })
    }
}

#[tonic::async_trait]
impl LinkComments for LinkCommentsService {
    async fn list_link_comments(
        &self,
        request: Request<v1::ListLinkCommentsRequest>,
    ) -> Result<Response<v1::ListLinkCommentsResponse>, Status> {
        answer(origin_of(&request), self.list(request)).await
    }

    async fn create_link_comment(
        &self,
        request: Request<v1::CreateLinkCommentRequest>,
    ) -> Result<Response<v1::CreateLinkCommentResponse>, Status> {
        answer(origin_of(&request), self.create(request)).await
    }

    async fn update_link_comment(
        &self,
        request: Request<v1::UpdateLinkCommentRequest>,
    ) -> Result<Response<v1::UpdateLinkCommentResponse>, Status> {
        answer(origin_of(&request), self.update(request)).await
    }

    async fn delete_link_comment(
        &self,
        request: Request<v1::DeleteLinkCommentRequest>,
    ) -> Result<Response<v1::DeleteLinkCommentResponse>, Status> {
        answer(origin_of(&request), self.delete(request)).await
    }
}
