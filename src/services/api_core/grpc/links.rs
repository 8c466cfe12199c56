//! `elido.v1.Links`: links for programs of the cluster, with the rights that their credentials have over REST.
//!
//! Invariant: a call reaches a workspace only through [`access`].

use prost::Message;
use tonic::{Request, Response, Status};

use super::callers::{Work, access, answer, origin_of, principal};
use super::link_requests::{limit, moment, order, to_draft, to_patch, to_put, to_qr_code};
use super::link_resolver::parsed;
use super::link_responses::to_message;
use crate::domain::error::Result as DomainResult;
use crate::domain::id::UserId;
use crate::domain::permission::{
    CountLinks, CreateLink, DeleteLink, DrawLinkQrCode, GetLink, GetLinkByExternalId, ListDuplicateDestinations,
    ListLinks, LookUpLink, MoveLink, Operation, PutLinkByExternalId, UpdateLink,
};
use crate::http::pagination::QueryFingerprint;
use crate::infra::grpc::v1::links_server::Links;
use crate::infra::grpc::v1::{
    CountLinksRequest, CountLinksResponse, CreateLinkRequest, CreateLinkResponse, DeleteLinkRequest,
    DeleteLinkResponse, DrawQrCodeRequest, DrawQrCodeResponse, DuplicateDestination as DuplicateMessage,
    FindLinkRequest, FindLinkResponse, GetLinkByExternalIdRequest, GetLinkByExternalIdResponse, GetLinkRequest,
    GetLinkResponse, ListDuplicateDestinationsRequest, ListDuplicateDestinationsResponse, ListLinksRequest,
    ListLinksResponse, MoveLinkRequest, MoveLinkResponse, PutLinkByExternalIdRequest, PutLinkByExternalIdResponse,
    UpdateLinkRequest, UpdateLinkResponse,
};
use crate::services::api_core::rest::{duplicates_page, page_of, requested_page};
use crate::services::api_core::{ApiCore, DuplicateDestination, Link, LinkPatch, LinkQuery, WorkspaceMoveDraft};

/// The use cases of links, which REST calls too.
pub(super) struct LinksService(pub(super) ApiCore);

impl LinksService {
    fn create(&self, request: Request<CreateLinkRequest>) -> Work<'_, CreateLinkResponse> {
        Box::pin(async move {
            let access = access(&self.0, &request, &request.get_ref().workspace_id, &CreateLink::PERMISSION).await?;
            let created = self.0.create_link(&access, to_draft(request.into_inner())?).await?;
            Ok(CreateLinkResponse { link: Some(to_message(created.link)?), existed: created.existed })
        })
    }

    fn get(&self, request: Request<GetLinkRequest>) -> Work<'_, GetLinkResponse> {
        Box::pin(async move {
            let GetLinkRequest { workspace_id, link_id } = request.get_ref();
            let access = access(&self.0, &request, workspace_id, &GetLink::PERMISSION).await?;
            let link = self.0.find_link(&access, parsed("link_id", link_id)?).await?;
            Ok(GetLinkResponse { link: Some(to_message(link)?) })
        })
    }

    fn get_by_external_id(
        &self,
        request: Request<GetLinkByExternalIdRequest>,
    ) -> Work<'_, GetLinkByExternalIdResponse> {
        Box::pin(async move {
            let GetLinkByExternalIdRequest { workspace_id, external_id } = request.get_ref();
            let access = access(&self.0, &request, workspace_id, &GetLinkByExternalId::PERMISSION).await?;
            let link = self.0.find_link_by_external_id(&access, external_id).await?;
            Ok(GetLinkByExternalIdResponse { link: Some(to_message(link)?) })
        })
    }

    fn put_by_external_id(
        &self,
        request: Request<PutLinkByExternalIdRequest>,
    ) -> Work<'_, PutLinkByExternalIdResponse> {
        Box::pin(async move {
            let workspace = &request.get_ref().workspace_id;
            let access = access(&self.0, &request, workspace, &PutLinkByExternalId::PERMISSION).await?;
            let request = request.into_inner();
            let external_id = request.external_id.clone();
            let put = self.0.put_link(&access, &external_id, to_put(request)?).await?;
            Ok(PutLinkByExternalIdResponse { link: Some(to_message(put.link)?), existed: put.existed })
        })
    }

    fn find(&self, request: Request<FindLinkRequest>) -> Work<'_, FindLinkResponse> {
        Box::pin(async move {
            let FindLinkRequest { workspace_id, domain, slug } = request.get_ref();
            let access = access(&self.0, &request, workspace_id, &LookUpLink::PERMISSION).await?;
            let link = self.0.look_up_link(&access, domain, slug).await?;
            Ok(FindLinkResponse { link: Some(to_message(link)?) })
        })
    }

    fn update(&self, request: Request<UpdateLinkRequest>) -> Work<'_, UpdateLinkResponse> {
        Box::pin(async move {
            let access = access(&self.0, &request, &request.get_ref().workspace_id, &UpdateLink::PERMISSION).await?;
            let UpdateLinkRequest { link_id, version, content, update_mask, confirm_printed, domain, .. } =
                request.into_inner();
            let patch = to_patch(content.unwrap_or_default(), update_mask.unwrap_or_default())?;
            let patch = LinkPatch { domain, confirm_printed, ..patch };
            let link = self.0.update_link(&access, parsed("link_id", &link_id)?, version, patch).await?;
            Ok(UpdateLinkResponse { link: Some(to_message(link)?) })
        })
    }

    fn move_to(&self, request: Request<MoveLinkRequest>) -> Work<'_, MoveLinkResponse> {
        Box::pin(async move {
            let principal = principal(&self.0, &request).await?;
            let workspace = parsed("workspace_id", &request.get_ref().workspace_id)?;
            let access = self.0.authorize(&principal, workspace, &MoveLink::PERMISSION).await?;
            let request = request.into_inner();
            let link = parsed("link_id", &request.link_id)?;
            let draft = WorkspaceMoveDraft {
                workspace_id: parsed("to_workspace_id", &request.to_workspace_id)?,
                domain: request.domain,
                slug: request.slug,
                folder_id: request.folder_id.map(|id| parsed("folder_id", &id)).transpose()?,
                confirm_printed: request.confirm_printed,
            };
            let link = Box::pin(self.0.move_link(&principal, &access, link, &request.version, draft)).await?;
            Ok(MoveLinkResponse { link: Some(to_message(link)?) })
        })
    }

    fn list_duplicates(
        &self,
        request: Request<ListDuplicateDestinationsRequest>,
    ) -> Work<'_, ListDuplicateDestinationsResponse> {
        Box::pin(async move {
            let workspace = &request.get_ref().workspace_id;
            let access = access(&self.0, &request, workspace, &ListDuplicateDestinations::PERMISSION).await?;
            let ListDuplicateDestinationsRequest { limit: items, cursor, .. } = request.into_inner();
            let items = limit(items)?;
            let fingerprint = QueryFingerprint::of(&("duplicates over gRPC", access.workspace_id()));
            let page = duplicates_page(&self.0, &access, items, cursor.as_deref(), fingerprint).await?;
            let destinations = page.data.into_iter().map(duplicate).collect();
            Ok(ListDuplicateDestinationsResponse { destinations, next_cursor: page.next_cursor })
        })
    }

    fn draw(&self, request: Request<DrawQrCodeRequest>) -> Work<'_, DrawQrCodeResponse> {
        Box::pin(async move {
            let workspace = &request.get_ref().workspace_id;
            let access = access(&self.0, &request, workspace, &DrawLinkQrCode::PERMISSION).await?;
            let request = request.into_inner();
            let link = parsed("link_id", &request.link_id)?;
            let (_, image) = self.0.download_qr_code(&access, link, to_qr_code(request)?, "/").await?;
            Ok(DrawQrCodeResponse { content_type: image.format.content_type().to_owned(), file: image.bytes })
        })
    }

    fn delete(&self, request: Request<DeleteLinkRequest>) -> Work<'_, DeleteLinkResponse> {
        Box::pin(async move {
            let DeleteLinkRequest { workspace_id, link_id, version, confirm_printed } = request.get_ref();
            let access = access(&self.0, &request, workspace_id, &DeleteLink::PERMISSION).await?;
            self.0.delete_link(&access, parsed("link_id", link_id)?, version, *confirm_printed).await?;
            Ok(DeleteLinkResponse {})
        })
    }

    fn list(&self, request: Request<ListLinksRequest>) -> Work<'_, ListLinksResponse> {
        Box::pin(async move {
            let access = access(&self.0, &request, &request.get_ref().workspace_id, &ListLinks::PERMISSION).await?;
            let mut request = request.into_inner();
            let (limit, cursor) = (limit(request.limit.take())?, request.cursor.take());
            // What is left of the message decides what the list holds.
            let fingerprint = QueryFingerprint::of(&("links over gRPC", request.encode_to_vec()));
            let page = requested_page(limit, cursor.as_deref(), fingerprint)?;
            let sort = order(request.order)?;
            let links = self.0.list_links(&access, to_query(request)?, sort, page).await?;
            let time = |link: &Link| if sort.by_update { link.updated_at } else { link.created_at };
            let page = page_of(links, limit, fingerprint, |link| (time(link), link.id.as_uuid())).0;
            let links = page.data.into_iter().map(to_message).collect::<DomainResult<_>>()?;
            Ok(ListLinksResponse { links, next_cursor: page.next_cursor })
        })
    }

    fn count(&self, request: Request<CountLinksRequest>) -> Work<'_, CountLinksResponse> {
        Box::pin(async move {
            let access = access(&self.0, &request, &request.get_ref().workspace_id, &CountLinks::PERMISSION).await?;
            let query = to_query(listed(request.into_inner()))?;
            Ok(CountLinksResponse { links: self.0.count_links(&access, query).await?.links })
        })
    }
}

/// The list whose links are counted.
fn listed(request: CountLinksRequest) -> ListLinksRequest {
    ListLinksRequest {
        domain: request.domain,
        tag: request.tag,
        archived: request.archived,
        created_by: request.created_by,
        search: request.search,
        created_from: request.created_from,
        created_until: request.created_until,
        folder: request.folder,
        destination_url: request.destination_url,
        ..Default::default()
    }
}

fn duplicate(destination: DuplicateDestination) -> DuplicateMessage {
    DuplicateMessage {
        destination_url: destination.destination_url.to_string(),
        link_ids: destination.link_ids.iter().map(ToString::to_string).collect(),
    }
}

fn to_query(request: ListLinksRequest) -> DomainResult<LinkQuery> {
    let created_by = request.created_by.map(|id| parsed::<UserId>("created_by", &id)).transpose()?;
    Ok(LinkQuery {
        domain: request.domain,
        tag: request.tag,
        destination_url: request.destination_url,
        folder: request.folder,
        archived: request.archived,
        created_by,
        search: request.search,
        created_from: moment("created_from", request.created_from)?,
        created_until: moment("created_until", request.created_until)?,
    })
}

#[tonic::async_trait]
impl Links for LinksService {
    async fn create_link(&self, request: Request<CreateLinkRequest>) -> Result<Response<CreateLinkResponse>, Status> {
        answer(origin_of(&request), self.create(request)).await
    }

    async fn get_link(&self, request: Request<GetLinkRequest>) -> Result<Response<GetLinkResponse>, Status> {
        answer(origin_of(&request), self.get(request)).await
    }

    async fn get_link_by_external_id(
        &self,
        request: Request<GetLinkByExternalIdRequest>,
    ) -> Result<Response<GetLinkByExternalIdResponse>, Status> {
        answer(origin_of(&request), self.get_by_external_id(request)).await
    }

    async fn put_link_by_external_id(
        &self,
        request: Request<PutLinkByExternalIdRequest>,
    ) -> Result<Response<PutLinkByExternalIdResponse>, Status> {
        answer(origin_of(&request), self.put_by_external_id(request)).await
    }

    async fn find_link(&self, request: Request<FindLinkRequest>) -> Result<Response<FindLinkResponse>, Status> {
        answer(origin_of(&request), self.find(request)).await
    }

    async fn update_link(&self, request: Request<UpdateLinkRequest>) -> Result<Response<UpdateLinkResponse>, Status> {
        answer(origin_of(&request), self.update(request)).await
    }

    async fn delete_link(&self, request: Request<DeleteLinkRequest>) -> Result<Response<DeleteLinkResponse>, Status> {
        answer(origin_of(&request), self.delete(request)).await
    }

    async fn move_link(&self, request: Request<MoveLinkRequest>) -> Result<Response<MoveLinkResponse>, Status> {
        answer(origin_of(&request), self.move_to(request)).await
    }

    async fn list_duplicate_destinations(
        &self,
        request: Request<ListDuplicateDestinationsRequest>,
    ) -> Result<Response<ListDuplicateDestinationsResponse>, Status> {
        answer(origin_of(&request), self.list_duplicates(request)).await
    }

    async fn draw_qr_code(&self, request: Request<DrawQrCodeRequest>) -> Result<Response<DrawQrCodeResponse>, Status> {
        answer(origin_of(&request), self.draw(request)).await
    }

    async fn count_links(&self, request: Request<CountLinksRequest>) -> Result<Response<CountLinksResponse>, Status> {
        answer(origin_of(&request), self.count(request)).await
    }

    async fn list_links(&self, request: Request<ListLinksRequest>) -> Result<Response<ListLinksResponse>, Status> {
        answer(origin_of(&request), self.list(request)).await
    }
}
