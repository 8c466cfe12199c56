//! `elido.v1.ClickExports`: files of clicks, with the rights that credentials have over REST.
//!
//! Invariant: a call reaches a workspace only through [`access`].

use tonic::{Request, Response, Status};

use crate::domain::click_export::{ClickExportState, ExportFormat};
use crate::domain::permission::{self, Operation};
use crate::http::pagination::QueryFingerprint;
use crate::infra::grpc::v1;
use crate::infra::grpc::v1::click_exports_server::ClickExports;
use crate::services::analytics_api::Analytics;
use crate::services::analytics_api::click_exports::{ClickExport, ClickExportDraft};
use crate::services::analytics_api::rest::filters;
use crate::services::api_core::grpc::{Work, access, answer, limit, origin_of, parsed, time};
use crate::services::api_core::rest::{page_of, requested_page};

/// The use cases of click exports, which REST calls too.
pub(super) struct ClickExportsService(pub(super) Analytics);

impl ClickExportsService {
    fn create(&self, request: Request<v1::CreateClickExportRequest>) -> Work<'_, v1::CreateClickExportResponse> {
        Box::pin(async move {
            let workspace = &request.get_ref().workspace_id;
            let access = access(self.0.core(), &request, workspace, &permission::CreateClickExport::PERMISSION).await?;
            let request = request.into_inner();
            let format = match request.format() {
                v1::ClickExportFormat::Unspecified | v1::ClickExportFormat::Csv => ExportFormat::Csv,
                v1::ClickExportFormat::Ndjson => ExportFormat::Ndjson,
                v1::ClickExportFormat::Parquet => ExportFormat::Parquet,
            };
            let wanted = filters::of_export(&request.filters)?;
            let draft = ClickExportDraft { format, filters: request.filters };
            let export = self.0.create_click_export(&access, draft, wanted).await.map_err(filters::of_filters)?;
            Ok(v1::CreateClickExportResponse { click_export: Some(to_message(export)) })
        })
    }

    fn list(&self, request: Request<v1::ListClickExportsRequest>) -> Work<'_, v1::ListClickExportsResponse> {
        Box::pin(async move {
            let workspace = &request.get_ref().workspace_id;
            let access = access(self.0.core(), &request, workspace, &permission::ListClickExports::PERMISSION).await?;
            let v1::ListClickExportsRequest { limit: items, cursor, .. } = request.into_inner();
            let items = limit(items)?;
            let fingerprint = QueryFingerprint::of(&("click exports over gRPC", access.workspace_id()));
            let page = requested_page(items, cursor.as_deref(), fingerprint)?;
            let found = self.0.list_click_exports(&access, page).await?;
            let page = page_of(found, items, fingerprint, |item| (item.created_at, item.id.as_uuid())).0;
            let click_exports = page.data.into_iter().map(to_message).collect();
            Ok(v1::ListClickExportsResponse { click_exports, next_cursor: page.next_cursor })
        })
    }

    fn get(&self, request: Request<v1::GetClickExportRequest>) -> Work<'_, v1::GetClickExportResponse> {
        Box::pin(async move {
            let v1::GetClickExportRequest { workspace_id, click_export_id } = request.get_ref();
            let permission = &permission::GetClickExport::PERMISSION;
            let access = access(self.0.core(), &request, workspace_id, permission).await?;
            let export = self.0.find_click_export(&access, parsed("click_export_id", click_export_id)?).await?;
            Ok(v1::GetClickExportResponse { click_export: Some(to_message(export)) })
        })
    }

    fn link(&self, request: Request<v1::GetClickExportLinkRequest>) -> Work<'_, v1::GetClickExportLinkResponse> {
        Box::pin(async move {
            let v1::GetClickExportLinkRequest { workspace_id, click_export_id } = request.get_ref();
            let permission = &permission::GetClickExportLink::PERMISSION;
            let access = access(self.0.core(), &request, workspace_id, permission).await?;
            let link = self.0.link_click_export(&access, parsed("click_export_id", click_export_id)?).await?;
            Ok(v1::GetClickExportLinkResponse { url: link.url, expires_at: Some(time(link.expires_at)) })
        })
    }
}

fn to_message(export: ClickExport) -> v1::ClickExport {
    let state = match export.state {
        ClickExportState::Pending => v1::ClickExportState::Pending,
        ClickExportState::Ready => v1::ClickExportState::Ready,
        ClickExportState::Failed => v1::ClickExportState::Failed,
    };
    let format = match export.format {
        ExportFormat::Csv => v1::ClickExportFormat::Csv,
        ExportFormat::Ndjson => v1::ClickExportFormat::Ndjson,
        ExportFormat::Parquet => v1::ClickExportFormat::Parquet,
    };
    v1::ClickExport {
        id: export.id.to_string(),
        state: state.into(),
        format: format.into(),
        filters: export.filters,
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
impl ClickExports for ClickExportsService {
    async fn create_click_export(
        &self,
        request: Request<v1::CreateClickExportRequest>,
    ) -> Result<Response<v1::CreateClickExportResponse>, Status> {
        answer(origin_of(&request), self.create(request)).await
    }

    async fn list_click_exports(
        &self,
        request: Request<v1::ListClickExportsRequest>,
    ) -> Result<Response<v1::ListClickExportsResponse>, Status> {
        answer(origin_of(&request), self.list(request)).await
    }

    async fn get_click_export(
        &self,
        request: Request<v1::GetClickExportRequest>,
    ) -> Result<Response<v1::GetClickExportResponse>, Status> {
        answer(origin_of(&request), self.get(request)).await
    }

    async fn get_click_export_link(
        &self,
        request: Request<v1::GetClickExportLinkRequest>,
    ) -> Result<Response<v1::GetClickExportLinkResponse>, Status> {
        answer(origin_of(&request), self.link(request)).await
    }
}
