//! `/v1/workspaces/{workspace_id}/evidence-exports`, and the key that tells whether their archives are by this instance.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use http::header::LOCATION;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::authorized::{Authorized, WorkspacePath};
use super::headers::IdempotencyHeader;
use super::listing::{PageQuery, page_of, requested_page};
use crate::domain::id::{EvidenceExportId, WorkspaceId};
use crate::domain::permission;
use crate::http::extract::{Json as Body, Query};
use crate::http::pagination::{Page, QueryFingerprint};
use crate::http::path::Path;
use crate::http::problem::Problem;
use crate::http::responses::{ConflictProblem, CreateProblems, PlainProblems, ReadProblems};
use crate::services::api_core::{ApiCore, EvidenceDraft, EvidenceExport, EvidenceKey, EvidenceLink, evidence};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "the workspace is read by the extractor that authorises")]
struct ExportPath {
    /// The workspace.
    workspace_id: WorkspaceId,
    /// The evidence export.
    evidence_export_id: EvidenceExportId,
}

pub(super) fn routes() -> OpenApiRouter<ApiCore> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(read)).routes(routes!(link)).routes(routes!(key))
}

/// List evidence exports
///
/// Newest first. An export is gone 30 days after it was asked for.
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace_id}/evidence-exports", operation_id = "list_evidence_exports", tag = "audit",
    params(WorkspacePath, PageQuery),
    responses((status = 200, description = "A page of evidence exports.", body = Page<EvidenceExport>), ReadProblems)
)]
async fn list(
    State(core): State<ApiCore>,
    access: Authorized<permission::ListEvidenceExports>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<EvidenceExport>>, Problem> {
    let fingerprint = QueryFingerprint::of(&("evidence-exports", access.workspace_id()));
    let page = requested_page(query.limit, query.cursor.as_deref(), fingerprint)?;
    let exports = core.list_evidence_exports(&access, page).await?;
    Ok(page_of(exports, query.limit, fingerprint, |item| (item.created_at, item.id.as_uuid())))
}

/// Export a part of the audit trail as evidence
///
/// A signed archive is written, which `elido audit verify` checks without a server: with the rows, a manifest that says which they are, and
/// a signature. It goes on after the response; read the export until its `state` is `ready`. At most five are written at once.
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace_id}/evidence-exports", operation_id = "create_evidence_export", tag = "audit",
    extensions(("x-audit-action" = json!(evidence::CREATED.name()))),
    params(WorkspacePath, IdempotencyHeader), request_body = EvidenceDraft,
    responses((status = 202, description = "The export, which is going to be written.", body = EvidenceExport), CreateProblems)
)]
async fn create(
    State(core): State<ApiCore>,
    access: Authorized<permission::CreateEvidenceExport>,
    Body(draft): Body<EvidenceDraft>,
) -> Result<(StatusCode, [(http::HeaderName, String); 1], Json<EvidenceExport>), Problem> {
    let export = core.create_evidence_export(&access, &draft).await?;
    let location = format!("/v1/workspaces/{}/evidence-exports/{}", access.workspace_id(), export.id);
    Ok((StatusCode::ACCEPTED, [(LOCATION, location)], Json(export)))
}

/// Read an evidence export
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace_id}/evidence-exports/{evidence_export_id}", operation_id = "get_evidence_export",
    tag = "audit", params(ExportPath),
    responses((status = 200, description = "The export and how far it is.", body = EvidenceExport), ReadProblems)
)]
async fn read(
    State(core): State<ApiCore>,
    access: Authorized<permission::GetEvidenceExport>,
    Path(ids): Path<ExportPath>,
) -> Result<Json<EvidenceExport>, Problem> {
    Ok(Json(core.find_evidence_export(&access, ids.evidence_export_id).await?))
}

/// Get a link to the archive of an evidence export
///
/// Whoever has the link can read the archive without a credential, for 15 minutes. 409 with the code `not_ready` while there is no archive.
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace_id}/evidence-exports/{evidence_export_id}/link",
    operation_id = "get_evidence_export_link", tag = "audit", params(ExportPath),
    responses((status = 200, description = "The link.", body = EvidenceLink), ReadProblems, ConflictProblem)
)]
async fn link(
    State(core): State<ApiCore>,
    access: Authorized<permission::GetEvidenceExportLink>,
    Path(ids): Path<ExportPath>,
) -> Result<Json<EvidenceLink>, Problem> {
    Ok(Json(core.link_evidence_export(&access, ids.evidence_export_id).await?))
}

/// Read the key that evidence is signed with
///
/// Note it once, and give it to `elido audit verify --public-key`: it tells whether an archive is by this instance.
#[utoipa::path(
    get, path = "/.well-known/elido-evidence-key", operation_id = "get_evidence_key", tag = "audit", security(()),
    responses((status = 200, description = "The public key.", body = EvidenceKey), PlainProblems)
)]
async fn key(State(core): State<ApiCore>) -> Result<Json<EvidenceKey>, Problem> {
    Ok(Json(core.evidence_key()?))
}
