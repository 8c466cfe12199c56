//! `elido.v1.Tags`: labels on links, with the rights that credentials have over REST.
//!
//! Invariant: a call reaches a workspace only through [`access`].

use tonic::{Request, Response, Status};

use super::callers::{Work, access, answer, origin_of};
use super::link_requests::limit;
use super::link_resolver::parsed;
use super::link_responses::time;
use crate::domain::permission::{self, Operation};
use crate::http::pagination::QueryFingerprint;
use crate::infra::grpc::v1;
use crate::infra::grpc::v1::tags_server::Tags;
use crate::services::api_core::rest::{page_of, requested_page};
use crate::services::api_core::{ApiCore, Tag, TagDraft, TagPatch};

/// The use cases of tags, which REST calls too.
pub(super) struct TagsService(pub(super) ApiCore);

/// The message that says what a tag is.
fn to_message(tag: Tag) -> v1::Tag {
    v1::Tag {
        id: tag.id.to_string(),
        name: tag.name,
        color: tag.color,
        version: tag.version,
        created_at: Some(time(tag.created_at)),
        updated_at: Some(time(tag.updated_at)),
    }
}

impl TagsService {
    fn list(&self, request: Request<v1::ListTagsRequest>) -> Work<'_, v1::ListTagsResponse> {
        Box::pin(async move {
            let workspace = &request.get_ref().workspace_id;
            let access = access(&self.0, &request, workspace, &permission::ListTags::PERMISSION).await?;
            let v1::ListTagsRequest { limit: items, cursor, .. } = request.into_inner();
            let items = limit(items)?;
            let fingerprint = QueryFingerprint::of(&("tags over gRPC", access.workspace_id()));
            let page = requested_page(items, cursor.as_deref(), fingerprint)?;
            let found = self.0.list_tags(&access, page).await?;
            let page = page_of(found, items, fingerprint, |item| (item.created_at, item.id.as_uuid())).0;
            let tags = page.data.into_iter().map(to_message).collect();
            Ok(v1::ListTagsResponse { tags, next_cursor: page.next_cursor })
        })
    }

    fn create(&self, request: Request<v1::CreateTagRequest>) -> Work<'_, v1::CreateTagResponse> {
        Box::pin(async move {
            let workspace = &request.get_ref().workspace_id;
            let access = access(&self.0, &request, workspace, &permission::CreateTag::PERMISSION).await?;
            let v1::CreateTagRequest { name, color, .. } = request.into_inner();
            let tag = self.0.create_tag(&access, TagDraft { name, color }).await?;
            Ok(v1::CreateTagResponse { tag: Some(to_message(tag)) })
        })
    }

    fn get(&self, request: Request<v1::GetTagRequest>) -> Work<'_, v1::GetTagResponse> {
        Box::pin(async move {
            let v1::GetTagRequest { workspace_id, tag_id } = request.get_ref();
            let access = access(&self.0, &request, workspace_id, &permission::GetTag::PERMISSION).await?;
            let tag = self.0.find_tag(&access, parsed("tag_id", tag_id)?).await?;
            Ok(v1::GetTagResponse { tag: Some(to_message(tag)) })
        })
    }

    fn update(&self, request: Request<v1::UpdateTagRequest>) -> Work<'_, v1::UpdateTagResponse> {
        Box::pin(async move {
            let workspace = &request.get_ref().workspace_id;
            let access = access(&self.0, &request, workspace, &permission::UpdateTag::PERMISSION).await?;
            let v1::UpdateTagRequest { tag_id, version, name, color, .. } = request.into_inner();
            let id = parsed("tag_id", &tag_id)?;
            let tag = self.0.update_tag(&access, id, &version, TagPatch { name, color }).await?;
            Ok(v1::UpdateTagResponse { tag: Some(to_message(tag)) })
        })
    }

    fn delete(&self, request: Request<v1::DeleteTagRequest>) -> Work<'_, v1::DeleteTagResponse> {
        Box::pin(async move {
            let v1::DeleteTagRequest { workspace_id, tag_id, version } = request.get_ref();
            let access = access(&self.0, &request, workspace_id, &permission::DeleteTag::PERMISSION).await?;
            self.0.delete_tag(&access, parsed("tag_id", tag_id)?, version).await?;
            Ok(v1::DeleteTagResponse {})
        })
    }
}

#[tonic::async_trait]
impl Tags for TagsService {
    async fn list_tags(&self, request: Request<v1::ListTagsRequest>) -> Result<Response<v1::ListTagsResponse>, Status> {
        answer(origin_of(&request), self.list(request)).await
    }

    async fn create_tag(
        &self,
        request: Request<v1::CreateTagRequest>,
    ) -> Result<Response<v1::CreateTagResponse>, Status> {
        answer(origin_of(&request), self.create(request)).await
    }

    async fn get_tag(&self, request: Request<v1::GetTagRequest>) -> Result<Response<v1::GetTagResponse>, Status> {
        answer(origin_of(&request), self.get(request)).await
    }

    async fn update_tag(
        &self,
        request: Request<v1::UpdateTagRequest>,
    ) -> Result<Response<v1::UpdateTagResponse>, Status> {
        answer(origin_of(&request), self.update(request)).await
    }

    async fn delete_tag(
        &self,
        request: Request<v1::DeleteTagRequest>,
    ) -> Result<Response<v1::DeleteTagResponse>, Status> {
        answer(origin_of(&request), self.delete(request)).await
    }
}
