//! `elido.v1.LinkHistory`: what links were and how they become that again, with the rights that credentials have over REST.
//!
//! Invariant: a call reaches a workspace only through [`access`].

use tonic::{Request, Response, Status};

use super::callers::{Work, access, answer, origin_of};
use super::link_approvals::field_change;
use super::link_requests::limit;
use super::link_resolver::parsed;
use super::link_responses::{name, time, to_message};
use crate::domain::permission::{self, Operation};
use crate::http::pagination::{Cursor, Page, QueryFingerprint, SortKey};
use crate::infra::grpc::v1::link_history_server::LinkHistory;
use crate::infra::grpc::v1::{
    self, ListDeletedLinksRequest, ListDeletedLinksResponse, ListLinkVersionsRequest, ListLinkVersionsResponse,
    PurgeLinkRequest, PurgeLinkResponse, RestoreLinkRequest, RestoreLinkResponse, RevertLinkRequest,
    RevertLinkResponse, UndoLinkChangeRequest, UndoLinkChangeResponse,
};
use crate::services::api_core::rest::{page_of, requested_number, requested_page};
use crate::services::api_core::{ApiCore, DeletedLink, FieldChange, LinkVersion, RestoreDraft, RevertDraft, UndoDraft};

/// The use cases of histories and deleted links, which REST calls too.
pub(super) struct LinkHistoryService(pub(super) ApiCore);

impl LinkHistoryService {
    fn versions(&self, request: Request<ListLinkVersionsRequest>) -> Work<'_, ListLinkVersionsResponse> {
        Box::pin(async move {
            let permission = &permission::ListLinkVersions::PERMISSION;
            let access = access(&self.0, &request, &request.get_ref().workspace_id, permission).await?;
            let request = request.into_inner();
            let (limit, link) = (limit(request.limit)?, parsed("link_id", &request.link_id)?);
            let fingerprint = QueryFingerprint::of(&("link history over gRPC", access.workspace_id(), link));
            let below = requested_number(request.cursor.as_deref(), fingerprint)?;
            let one_more = u64::from(limit.get()).saturating_add(1);
            let versions = self.0.list_link_versions(&access, link, below, one_more).await?;
            let id = link.as_uuid();
            let cursor = |item: &LinkVersion| Cursor { sort_key: SortKey::Integer(item.version), id };
            let page = Page::from_overfetched(versions, limit, fingerprint, cursor);
            let versions = page.data.into_iter().map(to_version).collect();
            Ok(ListLinkVersionsResponse { versions, next_cursor: page.next_cursor })
        })
    }

    fn revert(&self, request: Request<RevertLinkRequest>) -> Work<'_, RevertLinkResponse> {
        Box::pin(async move {
            let permission = &permission::RevertLink::PERMISSION;
            let access = access(&self.0, &request, &request.get_ref().workspace_id, permission).await?;
            let RevertLinkRequest { link_id, version, current_version, confirm_printed, .. } = request.into_inner();
            let draft = RevertDraft { version, confirm_printed };
            let link = self.0.revert_link(&access, parsed("link_id", &link_id)?, &current_version, draft).await?;
            Ok(RevertLinkResponse { link: Some(to_message(link)?) })
        })
    }

    fn undo(&self, request: Request<UndoLinkChangeRequest>) -> Work<'_, UndoLinkChangeResponse> {
        Box::pin(async move {
            let permission = &permission::UndoLinkChange::PERMISSION;
            let access = access(&self.0, &request, &request.get_ref().workspace_id, permission).await?;
            let UndoLinkChangeRequest { change_id, confirm_printed, .. } = request.into_inner();
            let change_id = change_id.map(|id| parsed("change_id", &id)).transpose()?;
            let changed = self.0.undo_link_change(&access, UndoDraft { change_id, confirm_printed }).await?;
            let mut response =
                UndoLinkChangeResponse { change_id: changed.change_id.to_string(), ..Default::default() };
            for result in changed.results {
                match result {
                    Ok(link) => response.links.push(to_message(link)?),
                    Err(error) => {
                        response.failures.push(v1::LinkFailure { code: error.code.to_owned(), detail: error.message });
                    }
                }
            }
            Ok(response)
        })
    }

    fn deleted(&self, request: Request<ListDeletedLinksRequest>) -> Work<'_, ListDeletedLinksResponse> {
        Box::pin(async move {
            let permission = &permission::ListDeletedLinks::PERMISSION;
            let access = access(&self.0, &request, &request.get_ref().workspace_id, permission).await?;
            let request = request.into_inner();
            let limit = limit(request.limit)?;
            let fingerprint = QueryFingerprint::of(&("deleted links over gRPC", access.workspace_id()));
            let page = requested_page(limit, request.cursor.as_deref(), fingerprint)?;
            let links = self.0.list_deleted_links(&access, page).await?;
            let page = page_of(links, limit, fingerprint, |link| (link.deleted_at, link.id.as_uuid())).0;
            let deleted_links = page.data.into_iter().map(to_deleted).collect();
            Ok(ListDeletedLinksResponse { deleted_links, next_cursor: page.next_cursor })
        })
    }

    fn restore(&self, request: Request<RestoreLinkRequest>) -> Work<'_, RestoreLinkResponse> {
        Box::pin(async move {
            let permission = &permission::RestoreLink::PERMISSION;
            let access = access(&self.0, &request, &request.get_ref().workspace_id, permission).await?;
            let RestoreLinkRequest { link_id, slug, domain, .. } = request.into_inner();
            let draft = RestoreDraft { slug, domain };
            let link = self.0.restore_link(&access, parsed("link_id", &link_id)?, draft).await?;
            Ok(RestoreLinkResponse { link: Some(to_message(link)?) })
        })
    }

    fn purge(&self, request: Request<PurgeLinkRequest>) -> Work<'_, PurgeLinkResponse> {
        Box::pin(async move {
            let PurgeLinkRequest { workspace_id, link_id } = request.get_ref();
            let access = access(&self.0, &request, workspace_id, &permission::PurgeLink::PERMISSION).await?;
            self.0.purge_link(&access, parsed("link_id", link_id)?).await?;
            Ok(PurgeLinkResponse {})
        })
    }
}

fn to_version(version: LinkVersion) -> v1::LinkVersion {
    let fields =
        |changes: Vec<FieldChange>| v1::LinkVersionChanges { fields: changes.into_iter().map(field_change).collect() };
    v1::LinkVersion {
        version: version.version,
        action: name(&version.action),
        author: version.author.map(|author| author.to_string()),
        change_id: version.change_id.map(|change| change.to_string()),
        changes: version.changes.map(fields),
        created_at: Some(time(version.created_at)),
    }
}

fn to_deleted(link: DeletedLink) -> v1::DeletedLink {
    v1::DeletedLink {
        id: link.id.to_string(),
        domain: link.domain,
        slug: link.slug,
        destination_url: link.destination_url.to_string(),
        title: link.title,
        folder_id: link.folder_id.map(|folder| folder.to_string()),
        deleted_by: link.deleted_by.to_string(),
        change_id: link.change_id.to_string(),
        deleted_at: Some(time(link.deleted_at)),
        purge_at: Some(time(link.purge_at)),
    }
}

#[tonic::async_trait]
impl LinkHistory for LinkHistoryService {
    async fn list_link_versions(
        &self,
        request: Request<ListLinkVersionsRequest>,
    ) -> Result<Response<ListLinkVersionsResponse>, Status> {
        answer(origin_of(&request), self.versions(request)).await
    }

    async fn revert_link(&self, request: Request<RevertLinkRequest>) -> Result<Response<RevertLinkResponse>, Status> {
        answer(origin_of(&request), self.revert(request)).await
    }

    async fn undo_link_change(
        &self,
        request: Request<UndoLinkChangeRequest>,
    ) -> Result<Response<UndoLinkChangeResponse>, Status> {
        answer(origin_of(&request), self.undo(request)).await
    }

    async fn list_deleted_links(
        &self,
        request: Request<ListDeletedLinksRequest>,
    ) -> Result<Response<ListDeletedLinksResponse>, Status> {
        answer(origin_of(&request), self.deleted(request)).await
    }

    async fn restore_link(
        &self,
        request: Request<RestoreLinkRequest>,
    ) -> Result<Response<RestoreLinkResponse>, Status> {
        answer(origin_of(&request), self.restore(request)).await
    }

    async fn purge_link(&self, request: Request<PurgeLinkRequest>) -> Result<Response<PurgeLinkResponse>, Status> {
        answer(origin_of(&request), self.purge(request)).await
    }
}
