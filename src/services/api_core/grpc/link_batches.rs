//! `elido.v1.LinkBatches`: many links in one call, with the rights that credentials have over REST.
//!
//! Invariants: a call reaches a workspace only through [`access`]. Items are counted before any is read. Results are short, so that no answer
//! is too long for what was done.

use tonic::{Request, Response, Status};

use super::callers::{Work, access, answer, origin_of};
use super::link_requests::{to_draft, to_patch};
use super::link_resolver::parsed;
use crate::domain::error::{Error, ErrorKind, FieldError, Result as DomainResult};
use crate::domain::id::LinkId;
use crate::domain::permission::{self, Operation};
use crate::infra::grpc::v1;
use crate::infra::grpc::v1::link_batches_server::LinkBatches;
use crate::services::api_core::{ApiCore, BULK_ITEMS_MAX, BulkItem, BulkPatch, Created, Link, LinkDraft, LinkPatch};

/// The use cases of many links at once, which REST calls too.
pub(super) struct LinkBatchesService(pub(super) ApiCore);

/// Reads each item. Errors point to it.
fn each<T, U>(list: &str, items: Vec<T>, read: impl Fn(T) -> DomainResult<U>) -> DomainResult<Vec<U>> {
    if items.len() > BULK_ITEMS_MAX {
        let message = format!("One request takes at most {BULK_ITEMS_MAX} items.");
        return Err(Error::new(ErrorKind::TooLarge, "bulk_too_large", message));
    }
    let item = |(index, item)| read(item).map_err(|error| at(&format!("/{list}/{index}"), error));
    items.into_iter().enumerate().map(item).collect()
}

/// The same error of an item at this place.
fn at(place: &str, error: Error) -> Error {
    if error.fields.is_empty() {
        return error;
    }
    let within = |field: FieldError| {
        let pointer = format!("{place}/{}", field.pointer.trim_start_matches('/'));
        FieldError { pointer: pointer.trim_end_matches('/').to_owned(), ..field }
    };
    Error::invalid_fields(error.fields.into_iter().map(within).collect())
}

fn draft(link: v1::NewLink) -> DomainResult<LinkDraft> {
    to_draft(v1::CreateLinkRequest {
        workspace_id: String::new(),
        domain: link.domain,
        if_exists: link.if_exists,
        content: link.content.map(|content| *content),
        on_duplicate: link.on_duplicate,
        utm_template_id: link.utm_template_id,
    })
}

fn edit(edit: v1::LinkEdit) -> DomainResult<BulkPatch> {
    let content = edit.content.map(|content| *content).unwrap_or_default();
    let patch = to_patch(content, edit.update_mask.unwrap_or_default())?;
    let changes = LinkPatch { domain: edit.domain, confirm_printed: edit.confirm_printed, ..patch };
    Ok(BulkPatch { id: parsed("link_id", &edit.link_id)?, version: edit.version, changes })
}

/// What became of each item.
fn results<T>(items: Vec<BulkItem<T>>, done: impl Fn(T) -> v1::LinkResult) -> Vec<v1::LinkResult> {
    items.into_iter().map(|item| item.map_or_else(failed, &done)).collect()
}

fn link_result(outcome: v1::LinkOutcome, link: Link) -> v1::LinkResult {
    v1::LinkResult {
        outcome: outcome.into(),
        link_id: Some(link.id.to_string()),
        short_url: Some(link.short_url),
        version: Some(link.version),
        ..Default::default()
    }
}

fn created(created: Created) -> v1::LinkResult {
    let outcome = if created.existed { v1::LinkOutcome::Existing } else { v1::LinkOutcome::Created };
    link_result(outcome, created.link)
}

fn deleted(id: LinkId) -> v1::LinkResult {
    let outcome = v1::LinkOutcome::Deleted.into();
    v1::LinkResult { outcome, link_id: Some(id.to_string()), ..Default::default() }
}

fn failed(error: Error) -> v1::LinkResult {
    let wrong = |FieldError { pointer, code, message }| v1::WrongField { pointer, code: code.to_owned(), message };
    v1::LinkResult {
        outcome: v1::LinkOutcome::Failed.into(),
        failure: Some(v1::LinkFailure { code: error.code.to_owned(), detail: error.message }),
        wrong_fields: error.fields.into_iter().map(wrong).collect(),
        ..Default::default()
    }
}

impl LinkBatchesService {
    fn create(&self, request: Request<v1::CreateLinksRequest>) -> Work<'_, v1::CreateLinksResponse> {
        Box::pin(async move {
            let workspace = &request.get_ref().workspace_id;
            let access = access(&self.0, &request, workspace, &permission::CreateLinks::PERMISSION).await?;
            let drafts = each("links", request.into_inner().links, draft)?;
            let links = self.0.create_links(&access, drafts).await?;
            Ok(v1::CreateLinksResponse { results: results(links, created) })
        })
    }

    fn update(&self, request: Request<v1::UpdateLinksRequest>) -> Work<'_, v1::UpdateLinksResponse> {
        Box::pin(async move {
            let workspace = &request.get_ref().workspace_id;
            let access = access(&self.0, &request, workspace, &permission::UpdateLinks::PERMISSION).await?;
            let patches = each("links", request.into_inner().links, edit)?;
            let changed = self.0.update_links(&access, patches).await?;
            let updated = |link| link_result(v1::LinkOutcome::Updated, link);
            let results = results(changed.results, updated);
            Ok(v1::UpdateLinksResponse { results, change_id: changed.change_id.to_string() })
        })
    }

    fn delete(&self, request: Request<v1::DeleteLinksRequest>) -> Work<'_, v1::DeleteLinksResponse> {
        Box::pin(async move {
            let workspace = &request.get_ref().workspace_id;
            let access = access(&self.0, &request, workspace, &permission::DeleteLinks::PERMISSION).await?;
            let v1::DeleteLinksRequest { link_ids, confirm_printed, .. } = request.into_inner();
            let ids = each("ids", link_ids, |id| parsed("", &id))?;
            let changed = self.0.delete_links(&access, ids, confirm_printed).await?;
            let results = results(changed.results, deleted);
            Ok(v1::DeleteLinksResponse { results, change_id: changed.change_id.to_string() })
        })
    }
}

#[tonic::async_trait]
impl LinkBatches for LinkBatchesService {
    async fn create_links(
        &self,
        request: Request<v1::CreateLinksRequest>,
    ) -> Result<Response<v1::CreateLinksResponse>, Status> {
        answer(origin_of(&request), self.create(request)).await
    }

    async fn update_links(
        &self,
        request: Request<v1::UpdateLinksRequest>,
    ) -> Result<Response<v1::UpdateLinksResponse>, Status> {
        answer(origin_of(&request), self.update(request)).await
    }

    async fn delete_links(
        &self,
        request: Request<v1::DeleteLinksRequest>,
    ) -> Result<Response<v1::DeleteLinksResponse>, Status> {
        answer(origin_of(&request), self.delete(request)).await
    }
}
