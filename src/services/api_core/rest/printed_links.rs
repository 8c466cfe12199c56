//! `/v1/workspaces/{workspace_id}/links/{link_id}/printed`: whether the QR code of a link may be in print.

use axum::Json;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::authorized::Authorized;
use super::link_path::LinkPath;
use crate::domain::permission;
use crate::http::path::Path;
use crate::http::problem::Problem;
use crate::http::responses::ReadProblems;
use crate::services::api_core::{ApiCore, Link, links};

pub(super) fn routes() -> OpenApiRouter<ApiCore> {
    OpenApiRouter::new().routes(routes!(mark, unmark))
}

/// Note that the QR code of a link may be in print
///
/// From then on it is only deleted, and its address, where it leads and whether it does only changed, with `confirm_printed`; without it the
/// answer is 409 (`printed`).
#[utoipa::path(
    put, path = "/v1/workspaces/{workspace_id}/links/{link_id}/printed", operation_id = "mark_link_printed",
    tag = "links",
    extensions(("x-audit-action" = json!(links::UPDATED.name()))),
    params(LinkPath),
    responses((status = 200, description = "The link as it is now.", body = Link), ReadProblems)
)]
async fn mark(
    State(core): State<ApiCore>,
    access: Authorized<permission::MarkLinkPrinted>,
    Path(ids): Path<LinkPath>,
) -> Result<Json<Link>, Problem> {
    Ok(Json(core.mark_printed(&access, ids.link_id, true).await?))
}

/// Note that the QR code of a link is not in print
#[utoipa::path(
    delete, path = "/v1/workspaces/{workspace_id}/links/{link_id}/printed", operation_id = "unmark_link_printed",
    tag = "links",
    extensions(("x-audit-action" = json!(links::UPDATED.name()))),
    params(LinkPath),
    responses((status = 200, description = "The link as it is now.", body = Link), ReadProblems)
)]
async fn unmark(
    State(core): State<ApiCore>,
    access: Authorized<permission::UnmarkLinkPrinted>,
    Path(ids): Path<LinkPath>,
) -> Result<Json<Link>, Problem> {
    Ok(Json(core.mark_printed(&access, ids.link_id, false).await?))
}
