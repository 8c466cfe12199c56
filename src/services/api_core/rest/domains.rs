//! `/v1/workspaces/{workspace_id}/domains`.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::authorized::{Authorized, WorkspacePath};
use super::headers::{IdempotencyHeader, IfMatchHeader, IfNoneMatchHeader};
use super::listing::{PageQuery, page_of, requested_page};
use crate::domain::id::{DomainId, WorkspaceId};
use crate::domain::permission;
use crate::http::etag::{IfMatch, IfNoneMatch, Tagged};
use crate::http::extract::{Json as Body, Query};
use crate::http::pagination::{Page, QueryFingerprint};
use crate::http::path::Path;
use crate::http::problem::Problem;
use crate::http::responses::{EditProblems, ReadProblems};
use crate::services::api_core::{ApiCore, Domain, DomainPatch, domains};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "the workspace is read by the extractor that authorises")]
struct DomainPath {
    /// The workspace.
    workspace_id: WorkspaceId,
    /// The domain.
    domain_id: DomainId,
}

pub(super) fn routes() -> OpenApiRouter<ApiCore> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(read, update))
}

/// List the domains that a workspace may use
///
/// Newest first. The instance's default domain is among them.
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace_id}/domains", operation_id = "list_domains", tag = "domains",
    params(WorkspacePath, PageQuery),
    responses((status = 200, description = "A page of domains.", body = Page<Domain>), ReadProblems)
)]
async fn list(
    State(core): State<ApiCore>,
    access: Authorized<permission::ListDomains>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Domain>>, Problem> {
    let fingerprint = QueryFingerprint::of(&("domains", access.workspace_id()));
    let page = requested_page(query.limit, query.cursor.as_deref(), fingerprint)?;
    let domains = core.list_domains(&access, page).await?;
    Ok(page_of(domains, query.limit, fingerprint, |item| (item.created_at, item.id.as_uuid())))
}

/// Read a domain
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace_id}/domains/{domain_id}", operation_id = "get_domain", tag = "domains",
    params(DomainPath, IfNoneMatchHeader),
    responses(
        (status = 200, description = "The domain.", body = Domain),
        (status = 304, description = "The caller has the current version."),
        ReadProblems
    )
)]
async fn read(
    State(core): State<ApiCore>,
    access: Authorized<permission::GetDomain>,
    Path(ids): Path<DomainPath>,
    if_none_match: IfNoneMatch,
) -> Result<Response, Problem> {
    let domain = core.find_domain(&access, ids.domain_id).await?;
    Ok(if_none_match.answer(Tagged { version: domain.version, body: Json(domain) }))
}

/// Change a domain
///
/// The default domain may only be changed by the administrators of the instance.
#[utoipa::path(
    patch, path = "/v1/workspaces/{workspace_id}/domains/{domain_id}", operation_id = "update_domain", tag = "domains",
    extensions(("x-audit-action" = json!(domains::UPDATED.name()))),
    params(DomainPath, IdempotencyHeader, IfMatchHeader), request_body = DomainPatch,
    responses((status = 200, description = "The domain as it is now.", body = Domain), EditProblems)
)]
async fn update(
    State(core): State<ApiCore>,
    access: Authorized<permission::UpdateDomain>,
    Path(ids): Path<DomainPath>,
    if_match: IfMatch,
    Body(patch): Body<DomainPatch>,
) -> Result<Tagged<Json<Domain>>, Problem> {
    let domain = core.update_domain(&access, ids.domain_id, &if_match, patch).await?;
    Ok(Tagged { version: domain.version, body: Json(domain) })
}
