//! What links were, and how they become that again: `…/links/{link_id}/history`, `…/links/{link_id}/revert` and `…/links/undo`.

use axum::Json;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::authorized::{Authorized, WorkspacePath};
use super::bulk_results::{BulkResult, BulkResults};
use super::headers::{IdempotencyHeader, IfMatchHeader};
use super::link_path::LinkPath;
use super::listing::{PageQuery, requested_number};
use crate::domain::permission;
use crate::http::etag::{IfMatch, Tagged};
use crate::http::extract::{Json as Body, Query};
use crate::http::pagination::{Cursor, Page, QueryFingerprint, SortKey};
use crate::http::path::Path;
use crate::http::problem::Problem;
use crate::http::responses::{CreateProblems, EditProblems, ReadProblems};
use crate::services::api_core::{ApiCore, Link, LinkVersion, RevertDraft, UndoDraft, links};

pub(super) fn routes() -> OpenApiRouter<ApiCore> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(revert)).routes(routes!(undo))
}

/// List the versions of a link
///
/// Newest first: who made each, when, and in which fields it differs from the one before. The settings say how many are kept, and
/// how long.
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace_id}/links/{link_id}/history", operation_id = "list_link_versions",
    tag = "links",
    params(LinkPath, PageQuery),
    responses((status = 200, description = "A page of versions.", body = Page<LinkVersion>), ReadProblems)
)]
async fn list(
    State(core): State<ApiCore>,
    access: Authorized<permission::ListLinkVersions>,
    Path(ids): Path<LinkPath>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<LinkVersion>>, Problem> {
    let fingerprint = QueryFingerprint::of(&("link history", access.workspace_id(), ids.link_id));
    let below = requested_number(query.cursor.as_deref(), fingerprint)?;
    let limit = u64::from(query.limit.get()).saturating_add(1);
    let versions = core.list_link_versions(&access, ids.link_id, below, limit).await?;
    let link = ids.link_id.as_uuid();
    let cursor = |item: &LinkVersion| Cursor { sort_key: SortKey::Integer(item.version), id: link };
    Ok(Json(Page::from_overfetched(versions, query.limit, fingerprint, cursor)))
}

/// Make a link again what it was
///
/// As a new version that is equal to an old one, its password, tags and folder included. A revert of a revert is the original.
/// Where the slug or the external id is another link's by now, nothing changes and the answer is 409.
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace_id}/links/{link_id}/revert", operation_id = "revert_link", tag = "links",
    extensions(("x-audit-action" = json!(links::UPDATED.name()))),
    params(LinkPath, IdempotencyHeader, IfMatchHeader), request_body = RevertDraft,
    responses((status = 200, description = "The link as it is now.", body = Link), EditProblems)
)]
async fn revert(
    State(core): State<ApiCore>,
    access: Authorized<permission::RevertLink>,
    Path(ids): Path<LinkPath>,
    if_match: IfMatch,
    Body(draft): Body<RevertDraft>,
) -> Result<Tagged<Json<Link>>, Problem> {
    let link = core.revert_link(&access, ids.link_id, &if_match, draft).await?;
    Ok(Tagged { version: link.version, body: Json(link) })
}

/// Undo the caller's last change of links
///
/// Or, within the time that the settings say, an earlier one by its `change_id`, which bulk requests answer and histories tell:
/// edited links become what they were before it, and deleted ones come back. What somebody changed since is left as it is, and is
/// that link's result. Undoing is a change itself, so that undoing once more does it again.
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace_id}/links/undo", operation_id = "undo_link_change", tag = "links",
    extensions(("x-audit-action" = json!(links::UPDATED.name()))),
    params(WorkspacePath, IdempotencyHeader), request_body = UndoDraft,
    responses((status = 200, description = "What became of every link of the change.", body = BulkResults), CreateProblems)
)]
async fn undo(
    State(core): State<ApiCore>,
    access: Authorized<permission::UndoLinkChange>,
    Body(draft): Body<UndoDraft>,
) -> Result<Json<BulkResults>, Problem> {
    let changed = core.undo_link_change(&access, draft).await?;
    Ok(Json(BulkResults::of(changed, |link| BulkResult::Updated { link: Box::new(link) })))
}
