//! `/v1/workspaces/{workspace_id}/links`.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use http::header::LOCATION;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::authorized::{Authenticated, Authorized, WorkspacePath};
use super::headers::{IdempotencyHeader, IfMatchHeader};
use super::link_path::LinkPath;
use super::listing::{page_of, requested_page};
use crate::domain::id::UserId;
use crate::domain::permission;
use crate::domain::time::Timestamp;
use crate::http::etag::{IfMatch, Tagged};
use crate::http::extract::{Json as Body, Query};
use crate::http::pagination::{Limit, Page, QueryFingerprint};
use crate::http::path::Path;
use crate::http::problem::Problem;
use crate::http::responses::{ConflictProblem, CreateProblems, DeleteProblems, EditProblems, ReadProblems};
use crate::services::api_core::{
    ApiCore, Link, LinkCount, LinkDraft, LinkPatch, LinkQuery, LinkSort, Resolution, ResolutionDraft, VisitorDraft,
    WorkspaceMoveDraft, links,
};

/// The order of a list of links.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
enum Sort {
    /// Newest first.
    #[default]
    #[serde(rename = "-created_at")]
    CreatedDescending,
    /// Oldest first.
    #[serde(rename = "created_at")]
    CreatedAscending,
    /// Last changed first.
    #[serde(rename = "-updated_at")]
    UpdatedDescending,
    /// Last changed last.
    #[serde(rename = "updated_at")]
    UpdatedAscending,
}

/// Which links, in which order, and which page of them.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// How many items a page may have.
    #[serde(default)]
    #[param(minimum = 1, maximum = 100, default = 50, value_type = u32)]
    limit: Limit,
    /// `next_cursor` of the page before; the first page if absent.
    #[serde(default)]
    #[param(max_length = 4096)]
    cursor: Option<String>,
    /// Only links on the domain of this host name.
    #[serde(default)]
    #[param(min_length = 1, max_length = 253, example = "go.example.com")]
    domain: Option<String>,
    /// Only links with the tag of this name, in any case.
    #[serde(default)]
    #[param(min_length = 1)]
    tag: Option<String>,
    /// Only links with this destination, once both are written as URLs are.
    #[serde(default)]
    #[param(min_length = 1, max_length = 8192, example = "https://example.com/")]
    destination_url: Option<String>,
    /// Only links in this folder; `none` for those that are in no folder.
    #[serde(default)]
    #[param(pattern = "^(none|fld_[0-9a-f]{32})$", example = "none")]
    folder: Option<String>,
    /// Only links that are archived (`true`), or are not (`false`).
    #[serde(default)]
    archived: Option<bool>,
    /// Only links that this person made.
    #[serde(default)]
    created_by: Option<UserId>,
    /// Only links whose slug, destination or title contains this text, in any case.
    #[serde(default)]
    #[param(min_length = 1, max_length = 200)]
    search: Option<String>,
    /// Only links made at this moment or later.
    #[serde(default)]
    created_from: Option<Timestamp>,
    /// Only links made before this moment.
    #[serde(default)]
    created_until: Option<Timestamp>,
    /// The order; a minus sign means descending. `-created_at` if absent.
    #[serde(default)]
    #[param(inline, required = false)]
    sort: Sort,
}

/// Which links.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct FilterQuery {
    /// Only links on the domain of this host name.
    #[serde(default)]
    #[param(min_length = 1, max_length = 253, example = "go.example.com")]
    domain: Option<String>,
    /// Only links with the tag of this name, in any case.
    #[serde(default)]
    #[param(min_length = 1)]
    tag: Option<String>,
    /// Only links with this destination, once both are written as URLs are.
    #[serde(default)]
    #[param(min_length = 1, max_length = 8192, example = "https://example.com/")]
    destination_url: Option<String>,
    /// Only links in this folder; `none` for those that are in no folder.
    #[serde(default)]
    #[param(pattern = "^(none|fld_[0-9a-f]{32})$", example = "none")]
    folder: Option<String>,
    /// Only links that are archived (`true`), or are not (`false`).
    #[serde(default)]
    archived: Option<bool>,
    /// Only links that this person made.
    #[serde(default)]
    created_by: Option<UserId>,
    /// Only links whose slug, destination or title contains this text, in any case.
    #[serde(default)]
    #[param(min_length = 1, max_length = 200)]
    search: Option<String>,
    /// Only links made at this moment or later.
    #[serde(default)]
    created_from: Option<Timestamp>,
    /// Only links made before this moment.
    #[serde(default)]
    created_until: Option<Timestamp>,
}

/// What else a deletion says.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct DeletionQuery {
    /// That its QR code may be in print is known: without this, such a link is not deleted (409 `printed`).
    confirm_printed: Option<bool>,
}

/// The place of a link.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct LookupQuery {
    /// The host name.
    #[param(min_length = 1, max_length = 253, example = "go.example.com")]
    domain: String,
    /// The part after the host.
    #[param(min_length = 1, max_length = 190, example = "summer-sale")]
    slug: String,
}

pub(super) fn routes() -> OpenApiRouter<ApiCore> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(count))
        .routes(routes!(look_up))
        .routes(routes!(read, update, delete))
        .routes(routes!(move_to_workspace))
        .routes(routes!(resolve))
        .routes(routes!(resolve_draft))
}

/// List links
///
/// Every link is on exactly one page while none is made or changed in between; with a sort by creation, also if some are.
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace_id}/links", operation_id = "list_links", tag = "links",
    params(WorkspacePath, ListQuery),
    responses((status = 200, description = "A page of links.", body = Page<Link>), ReadProblems)
)]
async fn list(
    State(core): State<ApiCore>,
    access: Authorized<permission::ListLinks>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<Link>>, Problem> {
    let (limit, cursor, sort) = (query.limit, query.cursor.clone(), query.sort);
    let filter = query.into_filter();
    let fingerprint = QueryFingerprint::of(&("links", access.workspace_id(), &filter, sort));
    let page = requested_page(limit, cursor.as_deref(), fingerprint)?;
    let sort = sort.to_order();
    let links = core.list_links(&access, filter, sort, page).await?;
    let time = |link: &Link| if sort.by_update { link.updated_at } else { link.created_at };
    Ok(page_of(links, limit, fingerprint, |link| (time(link), link.id.as_uuid())))
}

/// Create a link
///
/// Only `destination_url` is needed. With `if_exists`, an identical link is looked for first: 200 with that link, or 409.
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace_id}/links", operation_id = "create_link", tag = "links",
    extensions(("x-audit-action" = json!(links::CREATED.name()))),
    params(WorkspacePath, IdempotencyHeader), request_body = LinkDraft,
    responses(
        (status = 201, description = "The new link.", body = Link),
        (status = 200, description = "The identical link that was there already.", body = Link),
        CreateProblems
    )
)]
async fn create(
    State(core): State<ApiCore>,
    access: Authorized<permission::CreateLink>,
    Body(draft): Body<LinkDraft>,
) -> Result<(StatusCode, [(http::HeaderName, String); 1], Tagged<Json<Link>>), Problem> {
    let created = core.create_link(&access, draft).await?;
    let status = if created.existed { StatusCode::OK } else { StatusCode::CREATED };
    let link = created.link;
    let location = [(LOCATION, format!("/v1/workspaces/{}/links/{}", access.workspace_id(), link.id))];
    Ok((status, location, Tagged { version: link.version, body: Json(link) }))
}

/// Count links
///
/// With the filters of the list.
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace_id}/links/count", operation_id = "count_links", tag = "links",
    params(WorkspacePath, FilterQuery),
    responses((status = 200, description = "How many there are.", body = LinkCount), ReadProblems)
)]
async fn count(
    State(core): State<ApiCore>,
    access: Authorized<permission::CountLinks>,
    Query(query): Query<FilterQuery>,
) -> Result<Json<LinkCount>, Problem> {
    Ok(Json(core.count_links(&access, query.into_filter()).await?))
}

/// Find a link by its domain and slug
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace_id}/links/lookup", operation_id = "look_up_link", tag = "links",
    params(WorkspacePath, LookupQuery),
    responses((status = 200, description = "The link.", body = Link), ReadProblems)
)]
async fn look_up(
    State(core): State<ApiCore>,
    access: Authorized<permission::LookUpLink>,
    Query(query): Query<LookupQuery>,
) -> Result<Tagged<Json<Link>>, Problem> {
    let link = core.look_up_link(&access, &query.domain, &query.slug).await?;
    Ok(Tagged { version: link.version, body: Json(link) })
}

/// Read a link
///
/// Its `ETag` is for `If-Match`. The number of clicks changes without an edit and is no part of it.
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace_id}/links/{link_id}", operation_id = "get_link", tag = "links",
    params(LinkPath),
    responses((status = 200, description = "The link.", body = Link), ReadProblems)
)]
async fn read(
    State(core): State<ApiCore>,
    access: Authorized<permission::GetLink>,
    Path(ids): Path<LinkPath>,
) -> Result<Tagged<Json<Link>>, Problem> {
    let link = core.find_link(&access, ids.link_id).await?;
    Ok(Tagged { version: link.version, body: Json(link) })
}

/// Change a link
///
/// What is absent stays as it is, `null` clears. Within a second of the response no visitor is led by the old version.
#[utoipa::path(
    patch, path = "/v1/workspaces/{workspace_id}/links/{link_id}", operation_id = "update_link", tag = "links",
    extensions(("x-audit-action" = json!(links::UPDATED.name()))),
    params(LinkPath, IdempotencyHeader, IfMatchHeader), request_body = LinkPatch,
    responses((status = 200, description = "The link as it is now.", body = Link), EditProblems)
)]
async fn update(
    State(core): State<ApiCore>,
    access: Authorized<permission::UpdateLink>,
    Path(ids): Path<LinkPath>,
    if_match: IfMatch,
    Body(patch): Body<LinkPatch>,
) -> Result<Tagged<Json<Link>>, Problem> {
    let link = core.update_link(&access, ids.link_id, if_match, patch).await?;
    Ok(Tagged { version: link.version, body: Json(link) })
}

/// Move a link to another workspace
///
/// With its history, its comments and its tags, which are made there where they are missing; the clicks until then stay in the analytics of
/// this workspace. The caller has to be somebody in both. Nothing is left at its old address.
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace_id}/links/{link_id}/move", operation_id = "move_link", tag = "links",
    extensions(("x-audit-action" = json!(links::MOVED_OUT.name()))),
    params(LinkPath, IdempotencyHeader, IfMatchHeader), request_body = WorkspaceMoveDraft,
    responses((status = 200, description = "The link as it is in the other workspace.", body = Link), EditProblems)
)]
async fn move_to_workspace(
    State(core): State<ApiCore>,
    Authenticated(principal): Authenticated,
    access: Authorized<permission::MoveLink>,
    Path(ids): Path<LinkPath>,
    if_match: IfMatch,
    Body(draft): Body<WorkspaceMoveDraft>,
) -> Result<Tagged<Json<Link>>, Problem> {
    let link = Box::pin(core.move_link(&principal, &access, ids.link_id, &if_match, draft)).await?;
    Ok(Tagged { version: link.version, body: Json(link) })
}

/// Delete a link
///
/// Its clicks stay in the analytics. For some time it can be restored, and keeps its slug.
#[utoipa::path(
    delete, path = "/v1/workspaces/{workspace_id}/links/{link_id}", operation_id = "delete_link", tag = "links",
    extensions(("x-audit-action" = json!(links::DELETED.name()))),
    params(LinkPath, DeletionQuery, IfMatchHeader),
    responses((status = 204, description = "It is gone."), DeleteProblems, ConflictProblem)
)]
async fn delete(
    State(core): State<ApiCore>,
    access: Authorized<permission::DeleteLink>,
    Path(ids): Path<LinkPath>,
    Query(query): Query<DeletionQuery>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    core.delete_link(&access, ids.link_id, &if_match, query.confirm_printed.unwrap_or_default()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Explain where a described visitor would go
///
/// By the same rules as a redirect: which rule would decide, which variant the visitor would get, and what every condition
/// saw. Nothing is counted.
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace_id}/links/{link_id}/resolve", operation_id = "resolve_link", tag = "links",
    params(LinkPath, IdempotencyHeader), request_body = VisitorDraft,
    responses((status = 200, description = "Where, and why.", body = Resolution), CreateProblems)
)]
async fn resolve(
    State(core): State<ApiCore>,
    access: Authorized<permission::ResolveLink>,
    Path(ids): Path<LinkPath>,
    Body(visitor): Body<VisitorDraft>,
) -> Result<Json<Resolution>, Problem> {
    Ok(Json(core.resolve(&access, ids.link_id, visitor).await?))
}

/// Explain where a described visitor would go by a link that is not saved
///
/// As for one that is. Nothing is written.
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace_id}/resolve", operation_id = "resolve_draft", tag = "links",
    params(WorkspacePath, IdempotencyHeader), request_body = ResolutionDraft,
    responses((status = 200, description = "Where, and why.", body = Resolution), CreateProblems)
)]
async fn resolve_draft(
    State(core): State<ApiCore>,
    access: Authorized<permission::ResolveDraft>,
    Body(draft): Body<ResolutionDraft>,
) -> Result<Json<Resolution>, Problem> {
    Ok(Json(core.resolve_draft(&access, draft).await?))
}

impl Sort {
    const fn to_order(self) -> LinkSort {
        match self {
            Self::CreatedDescending => LinkSort { by_update: false, ascending: false },
            Self::CreatedAscending => LinkSort { by_update: false, ascending: true },
            Self::UpdatedDescending => LinkSort { by_update: true, ascending: false },
            Self::UpdatedAscending => LinkSort { by_update: true, ascending: true },
        }
    }
}

impl ListQuery {
    fn into_filter(self) -> LinkQuery {
        let Self {
            domain,
            tag,
            destination_url,
            folder,
            archived,
            created_by,
            search,
            created_from,
            created_until,
            ..
        } = self;
        FilterQuery { domain, tag, destination_url, folder, archived, created_by, search, created_from, created_until }
            .into_filter()
    }
}

impl FilterQuery {
    fn into_filter(self) -> LinkQuery {
        LinkQuery {
            domain: self.domain,
            tag: self.tag,
            destination_url: self.destination_url,
            folder: self.folder,
            archived: self.archived,
            created_by: self.created_by,
            search: self.search,
            created_from: self.created_from,
            created_until: self.created_until,
        }
    }
}
