//! `/v1/admin/jobs`.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::authorized::InstanceAdmin;
use super::headers::IdempotencyHeader;
use super::listing::{page_of, requested_page};
use crate::domain::id::JobId;
use crate::domain::job::JobState;
use crate::http::extract::Query;
use crate::http::pagination::{Limit, Page, QueryFingerprint};
use crate::http::path::Path;
use crate::http::problem::Problem;
use crate::http::responses::{CreateProblems, ForbiddenProblem, PlainProblems, ReadProblems};
use crate::services::api_core::{ApiCore, Job, JobQuery};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct JobPath {
    /// The job.
    job_id: JobId,
}

/// Which jobs, and which page of them.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Only jobs that are this far.
    #[serde(default)]
    #[param(nullable = false, inline)]
    state: Option<JobState>,
    /// Only jobs of this kind.
    #[serde(default)]
    #[param(nullable = false, min_length = 1, max_length = 100, example = "forget_sessions")]
    kind: Option<String>,
    /// How many items a page may have.
    #[serde(default)]
    #[param(minimum = 1, maximum = 100, default = 50, value_type = u32)]
    limit: Limit,
    /// `next_cursor` of the page before; the first page if absent.
    #[serde(default)]
    #[param(max_length = 4096)]
    cursor: Option<String>,
}

pub(super) fn routes() -> OpenApiRouter<ApiCore> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(read)).routes(routes!(retry)).routes(routes!(discard))
}

/// List jobs
///
/// Newest first. Only for administrators of the instance, with a session.
#[utoipa::path(
    get, path = "/v1/admin/jobs", operation_id = "list_jobs", tag = "jobs", params(ListQuery),
    responses((status = 200, description = "A page of jobs.", body = Page<Job>), PlainProblems, ForbiddenProblem)
)]
async fn list(
    State(core): State<ApiCore>,
    InstanceAdmin(access): InstanceAdmin,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<Job>>, Problem> {
    let wanted = JobQuery { state: query.state, kind: query.kind };
    let fingerprint = QueryFingerprint::of(&("jobs", &wanted));
    let page = requested_page(query.limit, query.cursor.as_deref(), fingerprint)?;
    let jobs = core.list_jobs(access, wanted, page).await?;
    Ok(page_of(jobs, query.limit, fingerprint, |job| (job.created_at, job.id.as_uuid())))
}

/// Read a job
///
/// Only for administrators of the instance, with a session.
#[utoipa::path(
    get, path = "/v1/admin/jobs/{job_id}", operation_id = "get_job", tag = "jobs", params(JobPath),
    responses((status = 200, description = "The job.", body = Job), ReadProblems)
)]
async fn read(
    State(core): State<ApiCore>,
    InstanceAdmin(access): InstanceAdmin,
    Path(ids): Path<JobPath>,
) -> Result<Json<Job>, Problem> {
    Ok(Json(core.find_job(access, ids.job_id).await?))
}

/// Try a job again that was given up
///
/// It is due at once and has all its attempts before it. Only for administrators of the instance, with a session.
#[utoipa::path(
    post, path = "/v1/admin/jobs/{job_id}/retry", operation_id = "retry_job", tag = "jobs",
    params(JobPath, IdempotencyHeader),
    responses((status = 200, description = "The job as it is now.", body = Job), CreateProblems)
)]
async fn retry(
    State(core): State<ApiCore>,
    InstanceAdmin(access): InstanceAdmin,
    Path(ids): Path<JobPath>,
) -> Result<Json<Job>, Problem> {
    Ok(Json(core.retry_job(access, ids.job_id).await?))
}

/// Delete a job that is not running
///
/// It is not done, and cannot be read any more. Only for administrators of the instance, with a session.
#[utoipa::path(
    post, path = "/v1/admin/jobs/{job_id}/discard", operation_id = "discard_job", tag = "jobs",
    params(JobPath, IdempotencyHeader),
    responses((status = 204, description = "It is gone."), CreateProblems)
)]
async fn discard(
    State(core): State<ApiCore>,
    InstanceAdmin(access): InstanceAdmin,
    Path(ids): Path<JobPath>,
) -> Result<StatusCode, Problem> {
    core.discard_job(access, ids.job_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
