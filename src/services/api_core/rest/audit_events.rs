//! `/v1/workspaces/{workspace_id}/audit-events` and `/v1/admin/audit-events`.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use futures_util::TryStreamExt;
use http::HeaderName;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::authorized::{Authorized, InstanceAdmin, WorkspacePath};
use super::listing::requested_number;
use crate::domain::audit::AuditEvent;
use crate::domain::error::{Error, Result};
use crate::domain::permission;
use crate::domain::recorded::Author;
use crate::domain::time::Timestamp;
use crate::http::extract::Query;
use crate::http::pagination::{Cursor, Limit, Page, QueryFingerprint, SortKey};
use crate::http::problem::Problem;
use crate::http::responses::{ForbiddenProblem, PlainProblems, ReadProblems};
use crate::infra::store::audit::AuditFilter;
use crate::services::api_core::{ApiCore, AuditExport, AuditExportFormat, Trail};

/// Where an export says which row of the chain is its last: the number, a space and the hash.
const AUDIT_HEAD: HeaderName = HeaderName::from_static("elido-audit-head");

/// The longest action and the longest id of a target that a list is asked for.
const FILTER_LENGTH_MAX: usize = 64;

/// Which rows of the trail, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct AuditQuery {
    /// How many items a page may have.
    #[serde(default)]
    #[param(minimum = 1, maximum = 100, default = 50, value_type = u32)]
    limit: Limit,
    /// `next_cursor` of the page before; the first page if absent.
    #[serde(default)]
    #[param(max_length = 4096)]
    cursor: Option<String>,
    /// Only what this person, this key or the instance itself did.
    #[serde(default)]
    actor: Option<Author>,
    /// Only this action.
    #[serde(default)]
    #[param(min_length = 1, max_length = 64, example = "link.updated")]
    action: Option<String>,
    /// Only what was done to the thing of this id.
    #[serde(default)]
    #[param(min_length = 1, max_length = 64, example = "lnk_01976a3e5d7c7f3a9b1c2d4e6f8a0b1c")]
    target: Option<String>,
    /// Only what was done at this moment or later.
    #[serde(default)]
    from: Option<Timestamp>,
    /// Only what was done before this moment.
    #[serde(default)]
    until: Option<Timestamp>,
}

/// Which part of the trail as a file.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ExportQuery {
    /// The form of the file.
    #[serde(default)]
    #[param(inline, required = false)]
    format: AuditExportFormat,
    /// Only the rows behind this one: the last of the file before.
    #[serde(default)]
    #[param(default = 0, required = false)]
    after: u64,
}

pub(super) fn routes() -> OpenApiRouter<ApiCore> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(export))
        .routes(routes!(list_of_instance))
        .routes(routes!(export_of_instance))
}

/// List the audit trail of a workspace
///
/// Newest first. It tells every change, for ever.
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace_id}/audit-events", operation_id = "list_audit_events", tag = "audit",
    params(WorkspacePath, AuditQuery),
    responses((status = 200, description = "A page of the trail.", body = Page<AuditEvent>), ReadProblems)
)]
async fn list(
    State(core): State<ApiCore>,
    access: Authorized<permission::ListAuditEvents>,
    Query(query): Query<AuditQuery>,
) -> std::result::Result<Json<Page<AuditEvent>>, Problem> {
    Ok(page(&core, Trail::of(&access), query).await?)
}

/// Read the audit trail of a workspace as a file
///
/// Oldest first. A file of NDJSON begins with a line that names the chain and its head, and `elido audit verify` tells without a server
/// whether it is whole and as it was written. A transfer that breaks off is not complete.
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace_id}/audit-events/export", operation_id = "export_audit_events", tag = "audit",
    params(WorkspacePath, ExportQuery),
    responses(
        (
            status = 200, description = "The file.",
            headers(("Elido-Audit-Head" = String, description = "The last row of the chain: its number, a space and its hash.")),
            content((AuditEvent = "application/x-ndjson"), (String = "text/csv")),
        ),
        ReadProblems
    )
)]
async fn export(
    State(core): State<ApiCore>,
    access: Authorized<permission::ExportAuditEvents>,
    Query(query): Query<ExportQuery>,
) -> std::result::Result<Response, Problem> {
    let export = core
        .export_audit_events(Trail::of(&access), i64::try_from(query.after).unwrap_or(i64::MAX), query.format)
        .await?;
    Ok(file(export, query.format))
}

/// List the audit trail of the instance
///
/// Newest first: accounts, sessions, workspaces that were deleted. For administrators of the instance.
#[utoipa::path(
    get, path = "/v1/admin/audit-events", operation_id = "list_instance_audit_events", tag = "audit",
    params(AuditQuery),
    responses(
        (status = 200, description = "A page of the trail.", body = Page<AuditEvent>), PlainProblems, ForbiddenProblem
    )
)]
async fn list_of_instance(
    State(core): State<ApiCore>,
    InstanceAdmin(admin): InstanceAdmin,
    Query(query): Query<AuditQuery>,
) -> std::result::Result<Json<Page<AuditEvent>>, Problem> {
    Ok(page(&core, Trail::of_instance(admin), query).await?)
}

/// Read the audit trail of the instance as a file
///
/// As that of a workspace. For administrators of the instance.
#[utoipa::path(
    get, path = "/v1/admin/audit-events/export", operation_id = "export_instance_audit_events", tag = "audit",
    params(ExportQuery),
    responses(
        (
            status = 200, description = "The file.",
            headers(("Elido-Audit-Head" = String, description = "The last row of the chain: its number, a space and its hash.")),
            content((AuditEvent = "application/x-ndjson"), (String = "text/csv")),
        ),
        PlainProblems, ForbiddenProblem
    )
)]
async fn export_of_instance(
    State(core): State<ApiCore>,
    InstanceAdmin(admin): InstanceAdmin,
    Query(query): Query<ExportQuery>,
) -> std::result::Result<Response, Problem> {
    let export = core
        .export_audit_events(Trail::of_instance(admin), i64::try_from(query.after).unwrap_or(i64::MAX), query.format)
        .await?;
    Ok(file(export, query.format))
}

async fn page(core: &ApiCore, trail: Trail, query: AuditQuery) -> Result<Json<Page<AuditEvent>>> {
    let filter = AuditFilter {
        actor: query.actor,
        action: query.action,
        target: query.target,
        from: query.from,
        until: query.until,
    };
    Ok(Json(page_of_trail(core, trail, &filter, query.limit, query.cursor.as_deref()).await?))
}

/// A page of a trail, as callers read it.
///
/// # Errors
/// Refuses filters that fit nothing, and a cursor that the same list did not give out; those of the store.
pub(in crate::services::api_core) async fn page_of_trail(
    core: &ApiCore,
    trail: Trail,
    filter: &AuditFilter,
    limit: Limit,
    cursor: Option<&str>,
) -> Result<Page<AuditEvent>> {
    for (field, value) in [("action", &filter.action), ("target", &filter.target)] {
        if value.as_ref().is_some_and(|value| !(1..=FILTER_LENGTH_MAX).contains(&value.chars().count())) {
            return Err(Error::invalid_field(
                field,
                "invalid_value",
                format!("expected 1 to {FILTER_LENGTH_MAX} characters"),
            ));
        }
    }
    let fingerprint = QueryFingerprint::of(&("audit-events", trail.chain(), filter));
    let before = requested_number(cursor, fingerprint)?;
    let found = core.list_audit_events(trail, filter, before, limit.get().into()).await?;
    let cursor = |row: &AuditEvent| Cursor { sort_key: SortKey::Integer(row.sequence), id: row.id.as_uuid() };
    Ok(Page::new(found.rows, found.has_more, fingerprint, cursor))
}

fn file(export: AuditExport, format: AuditExportFormat) -> Response {
    let head = format!("{} {}", export.header.head.sequence, export.header.head.hash);
    let disposition = format!("attachment; filename=\"{}\"", format.file_name());
    let headers =
        [(CONTENT_TYPE, format.media_type().to_owned()), (CONTENT_DISPOSITION, disposition), (AUDIT_HEAD, head)];
    let pieces = export
        .pieces()
        .inspect_err(|error| tracing::error!(error = ?error, "an export of the audit trail broke off: {error}"));
    (headers, Body::from_stream(pieces)).into_response()
}
