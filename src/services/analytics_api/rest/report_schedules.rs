//! `/v1/workspaces/{workspace_id}/report-schedules`.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use http::header::LOCATION;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::filters;
use crate::domain::id::{ReportScheduleId, WorkspaceId};
use crate::domain::permission;
use crate::http::etag::{IfMatch, IfNoneMatch, Tagged};
use crate::http::extract::{Json as Body, Query};
use crate::http::pagination::{Page, QueryFingerprint};
use crate::http::path::Path;
use crate::http::problem::Problem;
use crate::http::responses::{CreateProblems, DeleteProblems, EditProblems, ReadProblems};
use crate::services::analytics_api::Analytics;
use crate::services::analytics_api::report_schedules::{
    self, CreatedReportSchedule, ReportSchedule, ReportScheduleDraft, ReportSchedulePatch,
};
use crate::services::api_core::rest::{
    Authorized, IdempotencyHeader, IfMatchHeader, IfNoneMatchHeader, PageQuery, WorkspacePath, page_of, requested_page,
};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "the workspace is read by the extractor that authorises")]
struct SchedulePath {
    /// The workspace.
    workspace_id: WorkspaceId,
    /// The report.
    report_schedule_id: ReportScheduleId,
}

pub(super) fn routes() -> OpenApiRouter<Analytics> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(read, update, delete)).routes(routes!(test))
}

/// List the reports that come by mail or to a webhook
///
/// Newest first.
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace_id}/report-schedules", operation_id = "listReportSchedules", tag = "analytics",
    params(WorkspacePath, PageQuery),
    responses((status = 200, description = "A page of reports.", body = Page<ReportSchedule>), ReadProblems)
)]
async fn list(
    State(analytics): State<Analytics>,
    access: Authorized<permission::ListReportSchedules>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<ReportSchedule>>, Problem> {
    let fingerprint = QueryFingerprint::of(&("report-schedules", access.workspace_id()));
    let page = requested_page(query.limit, query.cursor.as_deref(), fingerprint)?;
    let schedules = analytics.list_report_schedules(&access, page).await?;
    Ok(page_of(schedules, query.limit, fingerprint, |item| (item.created_at, item.id.as_uuid())))
}

/// Have a report come by mail or to a webhook
///
/// A summary of every week or month, with the clicks of each day, to members of the workspace or to a webhook, an hour after the period is over. Links in
/// folders that are closed to members are in none. What is sent to a webhook is signed with the secret that this answers, as Standard Webhooks say.
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace_id}/report-schedules", operation_id = "createReportSchedule", tag = "analytics",
    extensions(("x-audit-action" = json!(report_schedules::CREATED.name()))),
    params(WorkspacePath, IdempotencyHeader), request_body = ReportScheduleDraft,
    responses((status = 201, description = "The report.", body = CreatedReportSchedule), CreateProblems)
)]
async fn create(
    State(analytics): State<Analytics>,
    access: Authorized<permission::CreateReportSchedule>,
    Body(draft): Body<ReportScheduleDraft>,
) -> Result<(StatusCode, [(http::HeaderName, String); 1], Tagged<Json<CreatedReportSchedule>>), Problem> {
    let wanted = filters::of_report(&draft.filters)?;
    let created = analytics.create_report_schedule(&access, draft, wanted).await?;
    let location = format!("/v1/workspaces/{}/report-schedules/{}", access.workspace_id(), created.schedule.id);
    Ok((StatusCode::CREATED, [(LOCATION, location)], Tagged { version: created.schedule.version, body: Json(created) }))
}

/// Read a report, and what came of the last one
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace_id}/report-schedules/{report_schedule_id}", operation_id = "getReportSchedule",
    tag = "analytics", params(SchedulePath, IfNoneMatchHeader),
    responses(
        (status = 200, description = "The report.", body = ReportSchedule),
        (status = 304, description = "The caller has the current version."),
        ReadProblems
    )
)]
async fn read(
    State(analytics): State<Analytics>,
    access: Authorized<permission::GetReportSchedule>,
    Path(ids): Path<SchedulePath>,
    if_none_match: IfNoneMatch,
) -> Result<Response, Problem> {
    let schedule = analytics.find_report_schedule(&access, ids.report_schedule_id).await?;
    Ok(if_none_match.answer(Tagged { version: schedule.version, body: Json(schedule) }))
}

/// Change, pause or resume a report
#[utoipa::path(
    patch, path = "/v1/workspaces/{workspace_id}/report-schedules/{report_schedule_id}",
    operation_id = "updateReportSchedule", tag = "analytics",
    extensions(("x-audit-action" = json!(report_schedules::UPDATED.name()))),
    params(SchedulePath, IdempotencyHeader, IfMatchHeader), request_body = ReportSchedulePatch,
    responses((status = 200, description = "The report as it is now.", body = ReportSchedule), EditProblems)
)]
async fn update(
    State(analytics): State<Analytics>,
    access: Authorized<permission::UpdateReportSchedule>,
    Path(ids): Path<SchedulePath>,
    if_match: IfMatch,
    Body(patch): Body<ReportSchedulePatch>,
) -> Result<Tagged<Json<ReportSchedule>>, Problem> {
    let schedule = analytics.update_report_schedule(&access, ids.report_schedule_id, &if_match, patch).await?;
    Ok(Tagged { version: schedule.version, body: Json(schedule) })
}

/// Call a report off
#[utoipa::path(
    delete, path = "/v1/workspaces/{workspace_id}/report-schedules/{report_schedule_id}",
    operation_id = "deleteReportSchedule", tag = "analytics",
    extensions(("x-audit-action" = json!(report_schedules::DELETED.name()))),
    params(SchedulePath, IfMatchHeader),
    responses((status = 204, description = "It is called off."), DeleteProblems)
)]
async fn delete(
    State(analytics): State<Analytics>,
    access: Authorized<permission::DeleteReportSchedule>,
    Path(ids): Path<SchedulePath>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    analytics.delete_report_schedule(&access, ids.report_schedule_id, &if_match).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Have a report sent now
///
/// The one of the last period that is over: by mail to the caller alone, or to the webhook; also where the report rests.
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace_id}/report-schedules/{report_schedule_id}/test",
    operation_id = "testReportSchedule", tag = "analytics", params(SchedulePath, IdempotencyHeader),
    responses((status = 202, description = "It is going to be sent."), CreateProblems)
)]
async fn test(
    State(analytics): State<Analytics>,
    access: Authorized<permission::TestReportSchedule>,
    Path(ids): Path<SchedulePath>,
) -> Result<StatusCode, Problem> {
    analytics.test_report_schedule(&access, ids.report_schedule_id).await?;
    Ok(StatusCode::ACCEPTED)
}
