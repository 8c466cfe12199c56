//! One edit of all links that a filter finds: `…/links/bulk-edit` and `…/bulk-edits/{bulk_edit_id}`.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::authorized::{Authorized, WorkspacePath};
use super::headers::IdempotencyHeader;
use crate::domain::id::{BulkEditId, WorkspaceId};
use crate::domain::permission;
use crate::http::extract::Json as Body;
use crate::http::path::Path;
use crate::http::problem::Problem;
use crate::http::responses::{CreateProblems, ReadProblems};
use crate::services::api_core::{ApiCore, BulkEdit, BulkEditAnswer, BulkEditDraft, links};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "the workspace is read by the extractor that authorises")]
struct BulkEditPath {
    /// The workspace.
    workspace_id: WorkspaceId,
    /// The edit of many links.
    bulk_edit_id: BulkEditId,
}

pub(super) fn routes() -> OpenApiRouter<ApiCore> {
    OpenApiRouter::new().routes(routes!(edit)).routes(routes!(read))
}

/// Change all links that a filter finds
///
/// First with `dry_run`: that tells how many links there are, shows some of them before and after, and hands out a token. Then with the
/// token: what was shown is done, or nothing is, and the answer is 409 (`links_changed`). An edit of more than 1,000 links is
/// answered at once and goes on in batches; it tells how far it is at `…/bulk-edits/{bulk_edit_id}`. At most 100,000 links.
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace_id}/links/bulk-edit", operation_id = "bulk_edit_links", tag = "links",
    extensions(("x-audit-action" = json!(links::UPDATED.name()))),
    params(WorkspacePath, IdempotencyHeader), request_body = BulkEditDraft,
    responses((status = 200, description = "What would be done, or is done.", body = BulkEditAnswer), CreateProblems)
)]
async fn edit(
    State(core): State<ApiCore>,
    access: Authorized<permission::BulkEditLinks>,
    Body(draft): Body<BulkEditDraft>,
) -> Result<Json<BulkEditAnswer>, Problem> {
    Ok(Json(core.edit_links(&access, draft).await?))
}

/// Read how far an edit of many links is
///
/// For whoever made it, and for owners and admins. It is kept as long as deleted links are.
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace_id}/bulk-edits/{bulk_edit_id}", operation_id = "get_bulk_edit", tag = "links",
    params(BulkEditPath),
    responses((status = 200, description = "The edit.", body = BulkEdit), ReadProblems)
)]
async fn read(
    State(core): State<ApiCore>,
    access: Authorized<permission::GetBulkEdit>,
    Path(ids): Path<BulkEditPath>,
) -> Result<Json<BulkEdit>, Problem> {
    Ok(Json(core.find_bulk_edit(&access, ids.bulk_edit_id).await?))
}
