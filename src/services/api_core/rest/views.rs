//! `/v1/workspaces/{workspace_id}/views`.

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
use super::listing::{page_of, requested_page};
use crate::domain::id::{ViewId, WorkspaceId};
use crate::domain::permission;
use crate::domain::view::ViewPage;
use crate::http::etag::{IfMatch, IfNoneMatch, Tagged};
use crate::http::extract::{Json as Body, Query};
use crate::http::pagination::{Limit, Page, QueryFingerprint};
use crate::http::path::Path;
use crate::http::problem::Problem;
use crate::http::responses::{CreateProblems, DeleteProblems, EditProblems, ReadProblems};
use crate::services::api_core::{ApiCore, View, ViewDraft, ViewPatch, views};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "the workspace is read by the extractor that authorises")]
struct ViewPath {
    /// The workspace.
    workspace_id: WorkspaceId,
    /// The view.
    view_id: ViewId,
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ViewsQuery {
    /// Views of this page alone.
    #[param(inline, nullable = false)]
    page: Option<ViewPage>,
    /// How many items a page may have.
    #[serde(default)]
    #[param(minimum = 1, maximum = 100, default = 50, value_type = u32)]
    limit: Limit,
    /// `next_cursor` of the page before; the first page if absent.
    #[param(max_length = 4096)]
    cursor: Option<String>,
}

pub(super) fn routes() -> OpenApiRouter<ApiCore> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(read, update, delete))
}

/// List the saved views of a workspace
///
/// The caller's own and those that are shared, newest first.
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace_id}/views", operation_id = "list_views", tag = "views",
    params(WorkspacePath, ViewsQuery),
    responses((status = 200, description = "A page of views.", body = Page<View>), ReadProblems)
)]
async fn list(
    State(core): State<ApiCore>,
    access: Authorized<permission::ListViews>,
    Query(query): Query<ViewsQuery>,
) -> Result<Json<Page<View>>, Problem> {
    let fingerprint = QueryFingerprint::of(&("views", access.workspace_id(), query.page));
    let page = requested_page(query.limit, query.cursor.as_deref(), fingerprint)?;
    let views = core.list_views(&access, query.page, page).await?;
    Ok(page_of(views, query.limit, fingerprint, |item| (item.created_at, item.id.as_uuid())))
}

/// Create a saved view
///
/// A shared one is seen by everybody in the workspace; whoever shares it has to be able to change links.
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace_id}/views", operation_id = "create_view", tag = "views",
    extensions(("x-audit-action" = json!(views::CREATED.name()))),
    params(WorkspacePath, IdempotencyHeader), request_body = ViewDraft,
    responses((status = 201, description = "The new view.", body = View), CreateProblems)
)]
async fn create(
    State(core): State<ApiCore>,
    access: Authorized<permission::CreateView>,
    Body(draft): Body<ViewDraft>,
) -> Result<(StatusCode, [(http::HeaderName, String); 1], Tagged<Json<View>>), Problem> {
    let view = core.create_view(&access, draft).await?;
    let location = [(LOCATION, format!("/v1/workspaces/{}/views/{}", access.workspace_id(), view.id))];
    Ok((StatusCode::CREATED, location, Tagged { version: view.version, body: Json(view) }))
}

/// Read a saved view
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace_id}/views/{view_id}", operation_id = "get_view", tag = "views",
    params(ViewPath, IfNoneMatchHeader),
    responses(
        (status = 200, description = "The view.", body = View),
        (status = 304, description = "The caller has the current version."),
        ReadProblems
    )
)]
async fn read(
    State(core): State<ApiCore>,
    access: Authorized<permission::GetView>,
    Path(ids): Path<ViewPath>,
    if_none_match: IfNoneMatch,
) -> Result<Response, Problem> {
    let view = core.find_view(&access, ids.view_id).await?;
    Ok(if_none_match.answer(Tagged { version: view.version, body: Json(view) }))
}

/// Change a saved view
#[utoipa::path(
    patch, path = "/v1/workspaces/{workspace_id}/views/{view_id}", operation_id = "update_view", tag = "views",
    extensions(("x-audit-action" = json!(views::UPDATED.name()))),
    params(ViewPath, IdempotencyHeader, IfMatchHeader), request_body = ViewPatch,
    responses((status = 200, description = "The view as it is now.", body = View), EditProblems)
)]
async fn update(
    State(core): State<ApiCore>,
    access: Authorized<permission::UpdateView>,
    Path(ids): Path<ViewPath>,
    if_match: IfMatch,
    Body(patch): Body<ViewPatch>,
) -> Result<Tagged<Json<View>>, Problem> {
    let view = core.update_view(&access, ids.view_id, &if_match, patch).await?;
    Ok(Tagged { version: view.version, body: Json(view) })
}

/// Delete a saved view
#[utoipa::path(
    delete, path = "/v1/workspaces/{workspace_id}/views/{view_id}", operation_id = "delete_view", tag = "views",
    extensions(("x-audit-action" = json!(views::DELETED.name()))),
    params(ViewPath, IfMatchHeader),
    responses((status = 204, description = "It is gone."), DeleteProblems)
)]
async fn delete(
    State(core): State<ApiCore>,
    access: Authorized<permission::DeleteView>,
    Path(ids): Path<ViewPath>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    core.delete_view(&access, ids.view_id, &if_match).await?;
    Ok(StatusCode::NO_CONTENT)
}
