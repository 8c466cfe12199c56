//! `/v1/workspaces/{workspace_id}/links/bulk`: up to 1,000 links in one request.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::authorized::{Authorized, WorkspacePath};
use super::bulk_results::{BulkResult, BulkResults, results};
use super::headers::IdempotencyHeader;
use crate::domain::id::LinkId;
use crate::domain::permission;
use crate::http::extract::Json as Body;
use crate::http::problem::Problem;
use crate::http::responses::CreateProblems;
use crate::services::api_core::{ApiCore, BulkPatch, LinkDraft, links};

/// Links to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BulkCreate {
    /// The links, 1 to 1,000; at most 100 of them with a password.
    #[schema(min_items = 1, max_items = 1000)]
    links: Vec<LinkDraft>,
}

/// Edits of links.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BulkUpdate {
    /// The edits, 1 to 1,000, each of another link; at most 100 of them with a password.
    #[schema(min_items = 1, max_items = 1000)]
    links: Vec<BulkPatch>,
}

/// Links to delete.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BulkDelete {
    /// The links, 1 to 1,000.
    #[schema(min_items = 1, max_items = 1000)]
    ids: Vec<LinkId>,
    /// That QR codes of the links may be in print is known; without this, such links are not deleted.
    #[serde(default)]
    confirm_printed: bool,
}

pub(super) fn routes() -> OpenApiRouter<ApiCore> {
    OpenApiRouter::new().routes(routes!(create, update)).routes(routes!(delete))
}

/// Create many links
///
/// In one transaction. An error in the content of one link is that link's result, with pointers into the whole body, and
/// does not keep the others from being made. A body that does not have the documented form is refused as a whole.
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace_id}/links/bulk", operation_id = "create_links", tag = "links",
    extensions(("x-audit-action" = json!(links::CREATED.name()))),
    params(WorkspacePath, IdempotencyHeader), request_body = BulkCreate,
    responses((status = 200, description = "What became of every link.", body = BulkResults), CreateProblems)
)]
async fn create(
    State(core): State<ApiCore>,
    access: Authorized<permission::CreateLinks>,
    Body(body): Body<BulkCreate>,
) -> Result<Json<BulkResults>, Problem> {
    let results = results(core.create_links(&access, body.links).await?, BulkResult::created);
    Ok(Json(BulkResults::of_new(results)))
}

/// Change many links
///
/// In one transaction. An error in one edit is that edit's result and does not keep the others from being made.
#[utoipa::path(
    patch, path = "/v1/workspaces/{workspace_id}/links/bulk", operation_id = "update_links", tag = "links",
    extensions(("x-audit-action" = json!(links::UPDATED.name()))),
    params(WorkspacePath, IdempotencyHeader), request_body = BulkUpdate,
    responses((status = 200, description = "What became of every edit.", body = BulkResults), CreateProblems)
)]
async fn update(
    State(core): State<ApiCore>,
    access: Authorized<permission::UpdateLinks>,
    Body(body): Body<BulkUpdate>,
) -> Result<Json<BulkResults>, Problem> {
    let updated = |link| BulkResult::Updated { link: Box::new(link) };
    Ok(Json(BulkResults::of(core.update_links(&access, body.links).await?, updated)))
}

/// Delete many links
///
/// In one transaction. A link that the workspace does not have is that item's result.
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace_id}/links/bulk/delete", operation_id = "delete_links", tag = "links",
    extensions(("x-audit-action" = json!(links::DELETED.name()))),
    params(WorkspacePath, IdempotencyHeader), request_body = BulkDelete,
    responses((status = 200, description = "What became of every link.", body = BulkResults), CreateProblems)
)]
async fn delete(
    State(core): State<ApiCore>,
    access: Authorized<permission::DeleteLinks>,
    Body(body): Body<BulkDelete>,
) -> Result<Json<BulkResults>, Problem> {
    let deleted = core.delete_links(&access, body.ids, body.confirm_printed).await?;
    Ok(Json(BulkResults::of(deleted, |id| BulkResult::Deleted { id })))
}
