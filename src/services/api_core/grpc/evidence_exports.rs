//! `elido.v1.EvidenceExports`: parts of an audit trail as signed archives, with the rights that credentials have over REST.
//!
//! Invariant: a call reaches a workspace only through [`access`].

use tonic::{Request, Response, Status};

use super::callers::{Work, access, answer, origin_of};
use super::link_requests::{limit, moment};
use super::link_resolver::parsed;
use super::link_responses::time;
use crate::domain::evidence::EvidenceState;
use crate::domain::permission::{self, Operation};
use crate::http::pagination::QueryFingerprint;
use crate::infra::grpc::v1::evidence_exports_server::EvidenceExports;
use crate::infra::grpc::v1::{
    self, CreateEvidenceExportRequest, CreateEvidenceExportResponse, GetEvidenceExportLinkRequest,
    GetEvidenceExportLinkResponse, GetEvidenceExportRequest, GetEvidenceExportResponse, ListEvidenceExportsRequest,
    ListEvidenceExportsResponse,
};
use crate::services::api_core::rest::{page_of, requested_page};
use crate::services::api_core::{ApiCore, EvidenceDraft, EvidenceExport};

/// The use cases of evidence exports, which REST calls too.
pub(super) struct EvidenceExportsService(pub(super) ApiCore);

impl EvidenceExportsService {
    fn create(&self, request: Request<CreateEvidenceExportRequest>) -> Work<'_, CreateEvidenceExportResponse> {
        Box::pin(async move {
            let permission = &permission::CreateEvidenceExport::PERMISSION;
            let access = access(&self.0, &request, &request.get_ref().workspace_id, permission).await?;
            let CreateEvidenceExportRequest { after, through, from, until, .. } = request.into_inner();
            let draft = EvidenceDraft { after, through, from: moment("from", from)?, until: moment("until", until)? };
            let export = self.0.create_evidence_export(&access, &draft).await?;
            Ok(CreateEvidenceExportResponse { evidence_export: Some(to_message(export)) })
        })
    }

    fn list(&self, request: Request<ListEvidenceExportsRequest>) -> Work<'_, ListEvidenceExportsResponse> {
        Box::pin(async move {
            let permission = &permission::ListEvidenceExports::PERMISSION;
            let access = access(&self.0, &request, &request.get_ref().workspace_id, permission).await?;
            let request = request.into_inner();
            let limit = limit(request.limit)?;
            let fingerprint = QueryFingerprint::of(&("evidence exports over gRPC", access.workspace_id()));
            let page = requested_page(limit, request.cursor.as_deref(), fingerprint)?;
            let exports = self.0.list_evidence_exports(&access, page).await?;
            let page = page_of(exports, limit, fingerprint, |export| (export.created_at, export.id.as_uuid())).0;
            let evidence_exports = page.data.into_iter().map(to_message).collect();
            Ok(ListEvidenceExportsResponse { evidence_exports, next_cursor: page.next_cursor })
        })
    }

    fn get(&self, request: Request<GetEvidenceExportRequest>) -> Work<'_, GetEvidenceExportResponse> {
        Box::pin(async move {
            let permission = &permission::GetEvidenceExport::PERMISSION;
            let access = access(&self.0, &request, &request.get_ref().workspace_id, permission).await?;
            let id = parsed("evidence_export_id", &request.get_ref().evidence_export_id)?;
            let export = self.0.find_evidence_export(&access, id).await?;
            Ok(GetEvidenceExportResponse { evidence_export: Some(to_message(export)) })
        })
    }

    fn link(&self, request: Request<GetEvidenceExportLinkRequest>) -> Work<'_, GetEvidenceExportLinkResponse> {
        Box::pin(async move {
            let permission = &permission::GetEvidenceExportLink::PERMISSION;
            let access = access(&self.0, &request, &request.get_ref().workspace_id, permission).await?;
            let id = parsed("evidence_export_id", &request.get_ref().evidence_export_id)?;
            let link = self.0.link_evidence_export(&access, id).await?;
            Ok(GetEvidenceExportLinkResponse { url: link.url, expires_at: Some(time(link.expires_at)) })
        })
    }
}

fn to_message(export: EvidenceExport) -> v1::EvidenceExport {
    let state = match export.state {
        EvidenceState::Pending => v1::EvidenceState::Pending,
        EvidenceState::Ready => v1::EvidenceState::Ready,
        EvidenceState::Failed => v1::EvidenceState::Failed,
    };
    v1::EvidenceExport {
        id: export.id.to_string(),
        state: state.into(),
        after: export.after,
        through: export.through,
        bytes: export.bytes,
        sha256: export.sha256,
        error: export.error,
        created_by: export.created_by.to_string(),
        created_at: Some(time(export.created_at)),
        finished_at: export.finished_at.map(time),
        expires_at: Some(time(export.expires_at)),
    }
}

#[tonic::async_trait]
impl EvidenceExports for EvidenceExportsService {
    async fn create_evidence_export(
        &self,
        request: Request<CreateEvidenceExportRequest>,
    ) -> Result<Response<CreateEvidenceExportResponse>, Status> {
        answer(origin_of(&request), self.create(request)).await
    }

    async fn list_evidence_exports(
        &self,
        request: Request<ListEvidenceExportsRequest>,
    ) -> Result<Response<ListEvidenceExportsResponse>, Status> {
        answer(origin_of(&request), self.list(request)).await
    }

    async fn get_evidence_export(
        &self,
        request: Request<GetEvidenceExportRequest>,
    ) -> Result<Response<GetEvidenceExportResponse>, Status> {
        answer(origin_of(&request), self.get(request)).await
    }

    async fn get_evidence_export_link(
        &self,
        request: Request<GetEvidenceExportLinkRequest>,
    ) -> Result<Response<GetEvidenceExportLinkResponse>, Status> {
        answer(origin_of(&request), self.link(request)).await
    }
}
