//! `/v1/workspaces/{workspace_id}/utm-templates`.

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
use crate::domain::id::{UtmTemplateId, WorkspaceId};
use crate::domain::permission;
use crate::http::etag::{IfMatch, IfNoneMatch, Tagged};
use crate::http::extract::{Json as Body, Query};
use crate::http::pagination::{Page, QueryFingerprint};
use crate::http::path::Path;
use crate::http::problem::Problem;
use crate::http::responses::{CreateProblems, DeleteProblems, EditProblems, ReadProblems};
use crate::services::api_core::{ApiCore, UtmTemplate, UtmTemplateDraft, UtmTemplatePatch, utm_templates};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "the workspace is read by the extractor that authorises")]
struct UtmTemplatePath {
    /// The workspace.
    workspace_id: WorkspaceId,
    /// The template.
    utm_template_id: UtmTemplateId,
}

pub(super) fn routes() -> OpenApiRouter<ApiCore> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(read, update, delete))
}

/// List the UTM templates of a workspace
///
/// Newest first.
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace_id}/utm-templates", operation_id = "list_utm_templates", tag = "utm-templates",
    params(WorkspacePath, PageQuery),
    responses((status = 200, description = "A page of templates.", body = Page<UtmTemplate>), ReadProblems)
)]
async fn list(
    State(core): State<ApiCore>,
    access: Authorized<permission::ListUtmTemplates>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<UtmTemplate>>, Problem> {
    let fingerprint = QueryFingerprint::of(&("utm templates", access.workspace_id()));
    let page = requested_page(query.limit, query.cursor.as_deref(), fingerprint)?;
    let templates = core.list_utm_templates(&access, page).await?;
    Ok(page_of(templates, query.limit, fingerprint, |item| (item.created_at, item.id.as_uuid())))
}

/// Create a UTM template
///
/// A link that is made with its `utm_template_id` takes the parameters over.
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace_id}/utm-templates", operation_id = "create_utm_template", tag = "utm-templates",
    extensions(("x-audit-action" = json!(utm_templates::CREATED.name()))),
    params(WorkspacePath, IdempotencyHeader), request_body = UtmTemplateDraft,
    responses((status = 201, description = "The new template.", body = UtmTemplate), CreateProblems)
)]
async fn create(
    State(core): State<ApiCore>,
    access: Authorized<permission::CreateUtmTemplate>,
    Body(draft): Body<UtmTemplateDraft>,
) -> Result<(StatusCode, [(http::HeaderName, String); 1], Tagged<Json<UtmTemplate>>), Problem> {
    let template = core.create_utm_template(&access, draft).await?;
    let location = [(LOCATION, format!("/v1/workspaces/{}/utm-templates/{}", access.workspace_id(), template.id))];
    Ok((StatusCode::CREATED, location, Tagged { version: template.version, body: Json(template) }))
}

/// Read a UTM template
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace_id}/utm-templates/{utm_template_id}", operation_id = "get_utm_template", tag = "utm-templates",
    params(UtmTemplatePath, IfNoneMatchHeader),
    responses(
        (status = 200, description = "The template.", body = UtmTemplate),
        (status = 304, description = "The caller has the current version."),
        ReadProblems
    )
)]
async fn read(
    State(core): State<ApiCore>,
    access: Authorized<permission::GetUtmTemplate>,
    Path(ids): Path<UtmTemplatePath>,
    if_none_match: IfNoneMatch,
) -> Result<Response, Problem> {
    let template = core.find_utm_template(&access, ids.utm_template_id).await?;
    Ok(if_none_match.answer(Tagged { version: template.version, body: Json(template) }))
}

/// Change a UTM template
///
/// Links that were made with it stay as they are.
#[utoipa::path(
    patch, path = "/v1/workspaces/{workspace_id}/utm-templates/{utm_template_id}", operation_id = "update_utm_template", tag = "utm-templates",
    extensions(("x-audit-action" = json!(utm_templates::UPDATED.name()))),
    params(UtmTemplatePath, IdempotencyHeader, IfMatchHeader), request_body = UtmTemplatePatch,
    responses((status = 200, description = "The template as it is now.", body = UtmTemplate), EditProblems)
)]
async fn update(
    State(core): State<ApiCore>,
    access: Authorized<permission::UpdateUtmTemplate>,
    Path(ids): Path<UtmTemplatePath>,
    if_match: IfMatch,
    Body(patch): Body<UtmTemplatePatch>,
) -> Result<Tagged<Json<UtmTemplate>>, Problem> {
    let template = core.update_utm_template(&access, ids.utm_template_id, &if_match, patch).await?;
    Ok(Tagged { version: template.version, body: Json(template) })
}

/// Delete a UTM template
///
/// Links that were made with it stay as they are.
#[utoipa::path(
    delete, path = "/v1/workspaces/{workspace_id}/utm-templates/{utm_template_id}", operation_id = "delete_utm_template", tag = "utm-templates",
    extensions(("x-audit-action" = json!(utm_templates::DELETED.name()))),
    params(UtmTemplatePath, IfMatchHeader),
    responses((status = 204, description = "It is gone."), DeleteProblems)
)]
async fn delete(
    State(core): State<ApiCore>,
    access: Authorized<permission::DeleteUtmTemplate>,
    Path(ids): Path<UtmTemplatePath>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    core.delete_utm_template(&access, ids.utm_template_id, &if_match).await?;
    Ok(StatusCode::NO_CONTENT)
}
