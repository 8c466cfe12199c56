//! `/v1/workspaces/{workspace_id}/shares`, and what whoever has the address of one reads.

use std::net::IpAddr;

use axum::Json;
use axum::extract::{DefaultBodyLimit, Extension, State};
use axum::response::Response;
use http::StatusCode;
use http::header::LOCATION;
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::parameters::ShareFilters;
use crate::domain::id::{ShareId, WorkspaceId};
use crate::domain::permission;
use crate::domain::time::Timestamp;
use crate::http::client_address::ClientAddress;
use crate::http::etag::{IfMatch, IfNoneMatch, Tagged};
use crate::http::extract::{Json as Body, Query, parse_query};
use crate::http::pagination::{Page, QueryFingerprint};
use crate::http::path::Path;
use crate::http::problem::Problem;
use crate::http::responses::{
    CreateProblems, DeleteProblems, EditProblems, GoneProblem, NotFoundProblem, PlainBodyProblems, ReadProblems,
};
use crate::services::analytics_api::Analytics;
use crate::services::analytics_api::calendar::Interval;
use crate::services::analytics_api::request::ReportRequest;
use crate::services::analytics_api::shared_report::{SharedReport, in_filters};
use crate::services::api_core::rest::{
    Authorized, IdempotencyHeader, IfMatchHeader, IfNoneMatchHeader, PageQuery, WorkspacePath, page_of, requested_page,
};
use crate::services::api_core::{CreatedShare, Share, ShareDraft, SharePatch, shares};

/// The longest request of a visitor, in bytes: nobody may be known who sends it.
const BYTES_MAX: usize = 16 * 1024;
const TIME_ZONE_DEFAULT: &str = "UTC";

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "the workspace is read by the extractor that authorises")]
struct SharePath {
    /// The workspace.
    workspace_id: WorkspaceId,
    /// The share.
    share_id: ShareId,
}

/// Which page, and which period of it.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SharedReportRequest {
    /// The secret of the page's address.
    #[schema(value_type = String, max_length = 100, example = "share_Ab3dE5gH7jK9mN2pQ4sT6vW8yZ1bC3dF5hJ7lM9oP0q")]
    token: SecretString,
    /// The password of the page, where it has one.
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false, max_length = 128, format = "password")]
    password: Option<SecretString>,
    /// The first moment of the period; thirty days before `to` if absent.
    #[serde(default)]
    #[schema(nullable = false)]
    from: Option<Timestamp>,
    /// The first moment after the period; now if absent.
    #[serde(default)]
    #[schema(nullable = false)]
    to: Option<Timestamp>,
    /// How long the buckets of the series are; a day if absent.
    #[serde(default)]
    #[schema(required = false)]
    interval: Interval,
    /// Whose hours, days, weeks and months they are: an IANA name; UTC if absent.
    #[serde(default)]
    #[schema(nullable = false, max_length = 100, example = "Europe/Berlin")]
    time_zone: Option<String>,
}

pub(super) fn routes() -> OpenApiRouter<Analytics> {
    let of_visitors = OpenApiRouter::new().routes(routes!(report)).layer(DefaultBodyLimit::max(BYTES_MAX));
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(read, update, revoke)).merge(of_visitors)
}

/// List the pages of statistics that a workspace shares
///
/// Newest first, without those that were revoked.
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace_id}/shares", operation_id = "listShares", tag = "shares",
    params(WorkspacePath, PageQuery),
    responses((status = 200, description = "A page of shares.", body = Page<Share>), ReadProblems)
)]
async fn list(
    State(analytics): State<Analytics>,
    access: Authorized<permission::ListShares>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Share>>, Problem> {
    let fingerprint = QueryFingerprint::of(&("shares", access.workspace_id()));
    let page = requested_page(query.limit, query.cursor.as_deref(), fingerprint)?;
    let shares = analytics.core().list_shares(&access, page).await?;
    Ok(page_of(shares, query.limit, fingerprint, |item| (item.created_at, item.id.as_uuid())))
}

/// Share a page of statistics
///
/// Whoever has its address sees counts of the clicks that the filters let through, without an account. The filters stay as they are
/// now. Links in folders that are closed to some members are never counted.
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace_id}/shares", operation_id = "createShare", tag = "shares",
    extensions(("x-audit-action" = json!(shares::CREATED.name()))),
    params(WorkspacePath, IdempotencyHeader), request_body = ShareDraft,
    responses((status = 201, description = "The new share with its address.", body = CreatedShare), CreateProblems)
)]
async fn create(
    State(analytics): State<Analytics>,
    access: Authorized<permission::CreateShare>,
    Body(draft): Body<ShareDraft>,
) -> Result<(StatusCode, [(http::HeaderName, String); 1], Tagged<Json<CreatedShare>>), Problem> {
    let request = filters_of(&draft.filters)?;
    let created = analytics.share(&access, draft, &request).await?;
    let location = format!("/v1/workspaces/{}/shares/{}", access.workspace_id(), created.share.id);
    Ok((StatusCode::CREATED, [(LOCATION, location)], Tagged { version: created.share.version, body: Json(created) }))
}

/// Read a share, without its address
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace_id}/shares/{share_id}", operation_id = "getShare", tag = "shares",
    params(SharePath, IfNoneMatchHeader),
    responses(
        (status = 200, description = "The share.", body = Share),
        (status = 304, description = "The caller has the current version."),
        ReadProblems
    )
)]
async fn read(
    State(analytics): State<Analytics>,
    access: Authorized<permission::GetShare>,
    Path(ids): Path<SharePath>,
    if_none_match: IfNoneMatch,
) -> Result<Response, Problem> {
    let share = analytics.core().find_share(&access, ids.share_id).await?;
    Ok(if_none_match.answer(Tagged { version: share.version, body: Json(share) }))
}

/// Change the name, the password or the end of a share
///
/// Its address and what it is about stay.
#[utoipa::path(
    patch, path = "/v1/workspaces/{workspace_id}/shares/{share_id}", operation_id = "updateShare", tag = "shares",
    extensions(("x-audit-action" = json!(shares::UPDATED.name()))),
    params(SharePath, IdempotencyHeader, IfMatchHeader), request_body = SharePatch,
    responses((status = 200, description = "The share as it is now.", body = Share), EditProblems)
)]
async fn update(
    State(analytics): State<Analytics>,
    access: Authorized<permission::UpdateShare>,
    Path(ids): Path<SharePath>,
    if_match: IfMatch,
    Body(patch): Body<SharePatch>,
) -> Result<Tagged<Json<Share>>, Problem> {
    let share = analytics.core().update_share(&access, ids.share_id, &if_match, patch).await?;
    Ok(Tagged { version: share.version, body: Json(share) })
}

/// Take a share back, at once and for good
#[utoipa::path(
    delete, path = "/v1/workspaces/{workspace_id}/shares/{share_id}", operation_id = "revokeShare", tag = "shares",
    extensions(("x-audit-action" = json!(shares::REVOKED.name()))),
    params(SharePath, IfMatchHeader),
    responses((status = 204, description = "It is revoked."), DeleteProblems)
)]
async fn revoke(
    State(analytics): State<Analytics>,
    access: Authorized<permission::RevokeShare>,
    Path(ids): Path<SharePath>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    analytics.core().revoke_share(&access, ids.share_id, &if_match).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Read the statistics of a shared page
///
/// For whoever has its address. It is a POST, so that no log of addresses has the secret.
#[utoipa::path(
    post, path = "/v1/shared-reports", operation_id = "getSharedReport", tag = "shares", security(()),
    request_body = SharedReportRequest,
    responses(
        (status = 200, description = "The statistics.", body = SharedReport),
        PlainBodyProblems, NotFoundProblem, GoneProblem
    )
)]
async fn report(
    State(analytics): State<Analytics>,
    address: Option<Extension<ClientAddress>>,
    Body(asked): Body<SharedReportRequest>,
) -> Result<Json<SharedReport>, Problem> {
    let address: Option<IpAddr> = address.map(|Extension(address)| address.0);
    let open = analytics.core().open_share(&asked.token, asked.password, address).await?;
    let request = ReportRequest { from: asked.from, to: asked.to, ..filters_of(&open.share.filters)? };
    let zone = asked.time_zone.as_deref().unwrap_or(TIME_ZONE_DEFAULT);
    Ok(Json(analytics.shared_report(open, &request, asked.interval, zone).await?))
}

fn filters_of(query: &str) -> Result<ReportRequest, Problem> {
    let filters: ShareFilters = parse_query(query.trim()).map_err(in_filters)?;
    Ok(filters.report())
}
