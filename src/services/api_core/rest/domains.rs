//! `/v1/workspaces/{workspace_id}/domains`.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use http::header::LOCATION;
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
use crate::http::responses::{ConflictProblem, CreateProblems, DeleteProblems, EditProblems, ReadProblems};
use crate::services::api_core::{ApiCore, Domain, DomainDeletion, DomainDraft, DomainPatch, domains};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "the workspace is read by the extractor that authorises")]
struct DomainPath {
    /// The workspace.
    workspace_id: WorkspaceId,
    /// The domain.
    domain_id: DomainId,
}

/// What else a deletion says.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct DeletionQuery {
    /// Whether links that are on the domain are deleted with it; refused if absent and there are any.
    delete_links: Option<bool>,
    /// That QR codes of these links may be in print is known: without this, such links keep the domain from being deleted (409 `printed`).
    confirm_printed: Option<bool>,
}

pub(super) fn routes() -> OpenApiRouter<ApiCore> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(read, update, delete)).routes(routes!(verify))
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

/// Claim a host name for short links
///
/// The domain is `pending` until its DNS records are found: those of `records`, a TXT record that shows whose the domain is, and either a
/// CNAME record or A and AAAA records that bring its visitors here. They are looked for every minute at first, and at once by
/// `POST …/verify`. Several workspaces may claim a name that none of them uses; the first whose records are found has it.
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace_id}/domains", operation_id = "create_domain", tag = "domains",
    extensions(("x-audit-action" = json!(domains::CREATED.name()))),
    params(WorkspacePath, IdempotencyHeader), request_body = DomainDraft,
    responses((status = 201, description = "The domain, with the records to set.", body = Domain), CreateProblems)
)]
async fn create(
    State(core): State<ApiCore>,
    access: Authorized<permission::CreateDomain>,
    Body(draft): Body<DomainDraft>,
) -> Result<(StatusCode, [(http::HeaderName, String); 1], Tagged<Json<Domain>>), Problem> {
    let domain = core.create_domain(&access, draft).await?;
    let location = [(LOCATION, format!("/v1/workspaces/{}/domains/{}", access.workspace_id(), domain.id))];
    Ok((StatusCode::CREATED, location, Tagged { version: domain.version, body: Json(domain) }))
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
    let domain = Box::pin(core.update_domain(&access, ids.domain_id, &if_match, patch)).await?;
    Ok(Tagged { version: domain.version, body: Json(domain) })
}

/// Delete a domain
///
/// Its name is free then, for whoever shows that it is theirs. Links on it keep it from being deleted, unless `delete_links` says that they go
/// with it, of which there may be a thousand.
#[utoipa::path(
    delete, path = "/v1/workspaces/{workspace_id}/domains/{domain_id}", operation_id = "delete_domain", tag = "domains",
    extensions(("x-audit-action" = json!(domains::DELETED.name()))),
    params(DomainPath, DeletionQuery, IfMatchHeader),
    responses((status = 204, description = "It is gone."), DeleteProblems, ConflictProblem)
)]
async fn delete(
    State(core): State<ApiCore>,
    access: Authorized<permission::DeleteDomain>,
    Path(ids): Path<DomainPath>,
    Query(query): Query<DeletionQuery>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    let deletion = DomainDeletion {
        with_links: query.delete_links.unwrap_or_default(),
        confirm_printed: query.confirm_printed.unwrap_or_default(),
    };
    core.delete_domain(&access, ids.domain_id, &if_match, deletion).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Look at the DNS records of a domain at once
///
/// The answer has what was found beside each record that the domain needs. A `pending` or `quarantined` domain whose records are there is
/// `active` from then on. Some ten times a minute a workspace may ask.
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace_id}/domains/{domain_id}/verify", operation_id = "verify_domain", tag = "domains",
    extensions(("x-audit-action" = json!(domains::VERIFIED.name()))),
    params(DomainPath, IdempotencyHeader),
    responses((status = 200, description = "The domain as it is now.", body = Domain), CreateProblems)
)]
async fn verify(
    State(core): State<ApiCore>,
    access: Authorized<permission::VerifyDomain>,
    Path(ids): Path<DomainPath>,
) -> Result<Tagged<Json<Domain>>, Problem> {
    let domain = core.verify_domain(&access, ids.domain_id).await?;
    Ok(Tagged { version: domain.version, body: Json(domain) })
}
