//! Links that are found by what they are known by: `…/links-by-external-id/{external_id}` and `…/links/duplicates`.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::authorized::{Authorized, WorkspacePath};
use super::listing::{PageQuery, requested_number};
use crate::domain::error::Result as DomainResult;
use crate::domain::id::WorkspaceId;
use crate::domain::permission;
use crate::http::etag::Tagged;
use crate::http::extract::{Json as Body, Query};
use crate::http::pagination::{Cursor, Limit, Page, QueryFingerprint, SortKey};
use crate::http::path::Path;
use crate::http::problem::Problem;
use crate::http::responses::{CreateProblems, ReadProblems};
use crate::services::api_core::{Access, ApiCore, DuplicateDestination, Link, LinkDraft, links};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "the workspace is read by the extractor that authorises")]
struct ExternalIdPath {
    /// The workspace.
    workspace_id: WorkspaceId,
    /// The link's name in another system, percent-encoded.
    #[param(min_length = 1, max_length = 255, example = "crm-7")]
    external_id: String,
}

pub(super) fn routes() -> OpenApiRouter<ApiCore> {
    OpenApiRouter::new().routes(routes!(read, put)).routes(routes!(list_duplicates))
}

/// Read a link by its external id
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace_id}/links-by-external-id/{external_id}",
    operation_id = "get_link_by_external_id", tag = "links",
    params(ExternalIdPath),
    responses((status = 200, description = "The link.", body = Link), ReadProblems)
)]
async fn read(
    State(core): State<ApiCore>,
    access: Authorized<permission::GetLinkByExternalId>,
    Path(ids): Path<ExternalIdPath>,
) -> Result<Tagged<Json<Link>>, Problem> {
    let link = core.find_link_by_external_id(&access, &ids.external_id).await?;
    Ok(Tagged { version: link.version, body: Json(link) })
}

/// Make the link with this external id what the body says
///
/// It is made if there is none, and changed if it differs; the same request once more changes nothing. What is absent gets the value
/// that new links on its domain have, apart from the slug, the domain, the password and `needs_approval`, which stay; a `null` takes the
/// password away.
#[utoipa::path(
    put, path = "/v1/workspaces/{workspace_id}/links-by-external-id/{external_id}",
    operation_id = "put_link_by_external_id", tag = "links",
    extensions(("x-audit-action" = json!(links::CREATED.name()))),
    params(ExternalIdPath), request_body = LinkDraft,
    responses(
        (status = 201, description = "The new link.", body = Link),
        (status = 200, description = "The link, which was there already.", body = Link),
        CreateProblems
    )
)]
async fn put(
    State(core): State<ApiCore>,
    access: Authorized<permission::PutLinkByExternalId>,
    Path(ids): Path<ExternalIdPath>,
    Body(draft): Body<LinkDraft>,
) -> Result<(StatusCode, Tagged<Json<Link>>), Problem> {
    let created = core.put_link(&access, &ids.external_id, draft).await?;
    let status = if created.existed { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Tagged { version: created.link.version, body: Json(created.link) }))
}

/// List destinations that several links have
///
/// Two are the same if they are equal once they are written as URLs are; a query or a fragment tells them apart. In an order that
/// means nothing.
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace_id}/links/duplicates", operation_id = "list_duplicate_destinations",
    tag = "links",
    params(WorkspacePath, PageQuery),
    responses((status = 200, description = "A page of destinations.", body = Page<DuplicateDestination>), ReadProblems)
)]
async fn list_duplicates(
    State(core): State<ApiCore>,
    access: Authorized<permission::ListDuplicateDestinations>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<DuplicateDestination>>, Problem> {
    let fingerprint = QueryFingerprint::of(&("duplicates", access.workspace_id()));
    Ok(Json(duplicates_page(&core, &access, query.limit, query.cursor.as_deref(), fingerprint).await?))
}

/// The page of destinations that a request asks for.
///
/// # Errors
/// Refuses a cursor that the same list did not give out; otherwise only those of the store.
pub(in crate::services::api_core) async fn duplicates_page(
    core: &ApiCore,
    access: &Access,
    limit: Limit,
    cursor: Option<&str>,
    query: QueryFingerprint,
) -> DomainResult<Page<DuplicateDestination>> {
    let after = requested_number(cursor, query)?;
    let found = core.list_duplicate_destinations(access, after, u64::from(limit.get()).saturating_add(1)).await?;
    let cursor = |item: &DuplicateDestination| Cursor { sort_key: SortKey::Integer(item.hash), id: Uuid::nil() };
    Ok(Page::from_overfetched(found, limit, query, cursor))
}
