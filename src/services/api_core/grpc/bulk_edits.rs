//! `elido.v1.BulkEdits`: one edit of all links that a filter finds, with the rights that credentials have over REST.
//!
//! Invariants: a call reaches a workspace only through [`access`]. An edit becomes the body that REST would have got, so that the token of what
//! was shown over the one is worth the same over the other.

use serde_json::{Map, Value, json};
use tonic::{Request, Response, Status};

use super::callers::{Work, access, answer, origin_of};
use super::link_approvals::field_change;
use super::link_requests::{read_body, text, utm};
use super::link_resolver::parsed;
use super::link_responses::time;
use crate::domain::bulk_edit::BulkEditState;
use crate::domain::error::{Error, Result as DomainResult};
use crate::domain::permission::{self, Operation};
use crate::infra::grpc::v1;
use crate::infra::grpc::v1::bulk_edit_changes::{ExpiryChange, FolderChange};
use crate::infra::grpc::v1::bulk_edit_links_response::Answer;
use crate::infra::grpc::v1::bulk_edits_server::BulkEdits;
use crate::services::api_core::{
    ApiCore, BulkEdit, BulkEditAnswer, BulkEditDraft, BulkEditFailure, BulkEditPreview, BulkEditSample,
};

/// The use cases of edits of many links, which REST calls too.
pub(super) struct BulkEditsService(pub(super) ApiCore);

/// An edit, read as the body that REST would have got.
fn to_draft(request: v1::BulkEditLinksRequest) -> DomainResult<BulkEditDraft> {
    let mut body = Map::from_iter([
        ("filter".to_owned(), filter(request.filter.unwrap_or_default())),
        ("changes".to_owned(), changes(request.changes.unwrap_or_default())?),
        ("dry_run".to_owned(), json!(request.dry_run)),
    ]);
    body.extend(request.token.map(|token| ("token".to_owned(), json!(token))));
    read_body(&Value::Object(body))
}

fn filter(filter: v1::BulkEditFilter) -> Value {
    let fields = json!({
        "domain": filter.domain,
        "tag": filter.tag,
        "folder": filter.folder,
        "archived": filter.archived,
        "created_by": filter.created_by,
        "search": filter.search,
        "created_from": filter.created_from.map(text),
        "created_until": filter.created_until.map(text),
    });
    without_nulls(fields)
}

fn changes(changes: v1::BulkEditChanges) -> DomainResult<Value> {
    let replacement = changes
        .replace_in_destination
        .map(|replacement| json!({ "find": replacement.find, "replace_with": replacement.replace_with }));
    let mut fields = without_nulls(json!({
        "archived": changes.archived,
        "add_tags": changes.add_tags,
        "remove_tags": changes.remove_tags,
        "utm": changes.utm.map(utm),
        "replace_in_destination": replacement,
        "redirect_status": changes.redirect_status,
        "deleted": changes.deleted,
        "confirm_printed": changes.confirm_printed,
    }));
    let folder = match changes.folder_change {
        Some(FolderChange::FolderId(folder)) => Some(json!(folder)),
        Some(FolderChange::ClearFolder(is_cleared)) => Some(cleared("clear_folder", is_cleared)?),
        None => None,
    };
    let expiry = match changes.expiry_change {
        Some(ExpiryChange::ExpiresAt(time)) => Some(json!(text(time))),
        Some(ExpiryChange::ClearExpiry(is_cleared)) => Some(cleared("clear_expiry", is_cleared)?),
        None => None,
    };
    if let Value::Object(fields) = &mut fields {
        fields.extend(folder.map(|folder| ("folder_id".to_owned(), folder)));
        fields.extend(expiry.map(|expiry| ("expires_at".to_owned(), expiry)));
    }
    Ok(fields)
}

/// The value of a field that is to have none.
fn cleared(field: &str, is_cleared: bool) -> DomainResult<Value> {
    let message = "give the value instead, or leave it out";
    if is_cleared { Ok(Value::Null) } else { Err(Error::invalid_field(field, "invalid_value", message)) }
}

fn without_nulls(mut fields: Value) -> Value {
    if let Value::Object(fields) = &mut fields {
        fields.retain(|_, value| !value.is_null());
    }
    fields
}

fn preview(preview: BulkEditPreview) -> v1::BulkEditPreview {
    let BulkEditPreview { links, checked, refused, sample, token } = preview;
    let sample = sample.into_iter().map(|BulkEditSample { link_id, slug, changes, problem }| v1::BulkEditSample {
        link_id: link_id.to_string(),
        slug,
        changes: changes.into_iter().map(field_change).collect(),
        problem,
    });
    v1::BulkEditPreview { links, sample: sample.collect(), token, checked, refused }
}

/// The message that says how far an edit is.
fn to_message(edit: BulkEdit) -> v1::BulkEdit {
    let state = match edit.state {
        BulkEditState::Running => v1::BulkEditState::Running,
        BulkEditState::Done => v1::BulkEditState::Done,
        BulkEditState::Stopped => v1::BulkEditState::Stopped,
    };
    let failure =
        |BulkEditFailure { link_id, code, detail }| v1::BulkEditFailure { link_id: link_id.to_string(), code, detail };
    v1::BulkEdit {
        id: edit.id.to_string(),
        state: state.into(),
        change_id: edit.change_id.to_string(),
        total: edit.total,
        changed: edit.changed,
        unchanged: edit.unchanged,
        failed: edit.failed,
        failures: edit.failures.into_iter().map(failure).collect(),
        created_at: Some(time(edit.created_at)),
        finished_at: edit.finished_at.map(time),
    }
}

impl BulkEditsService {
    fn edit(&self, request: Request<v1::BulkEditLinksRequest>) -> Work<'_, v1::BulkEditLinksResponse> {
        Box::pin(async move {
            let workspace = &request.get_ref().workspace_id;
            let access = access(&self.0, &request, workspace, &permission::BulkEditLinks::PERMISSION).await?;
            let answer = match self.0.edit_links(&access, to_draft(request.into_inner())?).await? {
                BulkEditAnswer::Preview(shown) => Answer::Preview(preview(shown)),
                BulkEditAnswer::Edit(edit) => Answer::BulkEdit(to_message(edit)),
            };
            Ok(v1::BulkEditLinksResponse { answer: Some(answer) })
        })
    }

    fn get(&self, request: Request<v1::GetBulkEditRequest>) -> Work<'_, v1::GetBulkEditResponse> {
        Box::pin(async move {
            let v1::GetBulkEditRequest { workspace_id, bulk_edit_id } = request.get_ref();
            let access = access(&self.0, &request, workspace_id, &permission::GetBulkEdit::PERMISSION).await?;
            let edit = self.0.find_bulk_edit(&access, parsed("bulk_edit_id", bulk_edit_id)?).await?;
            Ok(v1::GetBulkEditResponse { bulk_edit: Some(to_message(edit)) })
        })
    }
}

#[tonic::async_trait]
impl BulkEdits for BulkEditsService {
    async fn bulk_edit_links(
        &self,
        request: Request<v1::BulkEditLinksRequest>,
    ) -> Result<Response<v1::BulkEditLinksResponse>, Status> {
        answer(origin_of(&request), self.edit(request)).await
    }

    async fn get_bulk_edit(
        &self,
        request: Request<v1::GetBulkEditRequest>,
    ) -> Result<Response<v1::GetBulkEditResponse>, Status> {
        answer(origin_of(&request), self.get(request)).await
    }
}
