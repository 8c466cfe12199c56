//! `/v1/workspaces/{workspace_id}/deleted-links`: links that can be restored.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::authorized::{Authorized, WorkspacePath};
use super::headers::IdempotencyHeader;
use super::link_path::LinkPath;
use super::listing::{PageQuery, page_of, requested_page};
use crate::domain::permission;
use crate::http::etag::Tagged;
use crate::http::extract::{Json as Body, Query};
use crate::http::pagination::{Page, QueryFingerprint};
use crate::http::path::Path;
use crate::http::problem::Problem;
use crate::http::responses::{CreateProblems, ReadProblems};
use crate::services::api_core::{ApiCore, DeletedLink, Link, RestoreDraft, links};

pub(super) fn routes() -> OpenApiRouter<ApiCore> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(restore)).routes(routes!(purge))
}

/// List deleted links
///
/// Those that can be restored, last deleted first.
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace_id}/deleted-links", operation_id = "list_deleted_links", tag = "links",
    params(WorkspacePath, PageQuery),
    responses((status = 200, description = "A page of deleted links.", body = Page<DeletedLink>), ReadProblems)
)]
async fn list(
    State(core): State<ApiCore>,
    access: Authorized<permission::ListDeletedLinks>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<DeletedLink>>, Problem> {
    let fingerprint = QueryFingerprint::of(&("deleted links", access.workspace_id()));
    let page = requested_page(query.limit, query.cursor.as_deref(), fingerprint)?;
    let links = core.list_deleted_links(&access, page).await?;
    Ok(page_of(links, query.limit, fingerprint, |item| (item.deleted_at, item.id.as_uuid())))
}

/// Restore a deleted link
///
/// As it was, under its id, with its clicks and its history. Where its slug is another link's by now, the answer is 409, unless the
/// request names another slug; where its domain was deleted (`domain_gone`), unless it names a `domain`.
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace_id}/deleted-links/{link_id}/restore", operation_id = "restore_link",
    tag = "links",
    extensions(("x-audit-action" = json!(links::RESTORED.name()))),
    params(LinkPath, IdempotencyHeader), request_body = RestoreDraft,
    responses((status = 200, description = "The link as it is now.", body = Link), CreateProblems)
)]
async fn restore(
    State(core): State<ApiCore>,
    access: Authorized<permission::RestoreLink>,
    Path(ids): Path<LinkPath>,
    Body(draft): Body<RestoreDraft>,
) -> Result<Tagged<Json<Link>>, Problem> {
    let link = core.restore_link(&access, ids.link_id, draft).await?;
    Ok(Tagged { version: link.version, body: Json(link) })
}

/// Forget a deleted link before its time
///
/// It cannot be restored afterwards. Its clicks stay in the analytics.
#[utoipa::path(
    delete, path = "/v1/workspaces/{workspace_id}/deleted-links/{link_id}", operation_id = "purge_link", tag = "links",
    extensions(("x-audit-action" = json!(links::PURGED.name()))),
    params(LinkPath),
    responses((status = 204, description = "It is forgotten."), ReadProblems)
)]
async fn purge(
    State(core): State<ApiCore>,
    access: Authorized<permission::PurgeLink>,
    Path(ids): Path<LinkPath>,
) -> Result<StatusCode, Problem> {
    core.purge_link(&access, ids.link_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
