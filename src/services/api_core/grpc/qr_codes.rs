//! `elido.v1.QrCodes`: QR codes of links that need not be there yet, and which may be in print, with the rights that credentials have over
//! REST.
//!
//! Invariant: a call reaches a workspace only through [`access`].

use serde_json::json;
use tonic::{Request, Response, Status};

use super::callers::{Work, access, answer, origin_of};
use super::link_requests::{qr_code, read_body};
use super::link_resolver::parsed;
use super::link_responses;
use crate::domain::permission::{self, Operation};
use crate::infra::grpc::v1;
use crate::infra::grpc::v1::qr_codes_server::QrCodes;
use crate::services::api_core::ApiCore;

/// The use cases of QR codes, which REST calls too.
pub(super) struct QrCodesService(pub(super) ApiCore);

impl QrCodesService {
    fn preview(&self, request: Request<v1::PreviewQrCodeRequest>) -> Work<'_, v1::PreviewQrCodeResponse> {
        Box::pin(async move {
            let workspace = &request.get_ref().workspace_id;
            let access = access(&self.0, &request, workspace, &permission::PreviewQrCode::PERMISSION).await?;
            let v1::PreviewQrCodeRequest { domain, slug, style, .. } = request.into_inner();
            let style = qr_code(style.unwrap_or_default());
            let draft = read_body(&json!({ "domain": domain, "slug": slug, "style": style }))?;
            let image = self.0.preview_qr_code(&access, draft).await?;
            Ok(v1::PreviewQrCodeResponse { content_type: image.format.content_type().to_owned(), file: image.bytes })
        })
    }

    fn mark(&self, request: Request<v1::MarkLinkPrintedRequest>) -> Work<'_, v1::MarkLinkPrintedResponse> {
        Box::pin(async move {
            let v1::MarkLinkPrintedRequest { workspace_id, link_id } = request.get_ref();
            let access = access(&self.0, &request, workspace_id, &permission::MarkLinkPrinted::PERMISSION).await?;
            let link = self.0.mark_printed(&access, parsed("link_id", link_id)?, true).await?;
            Ok(v1::MarkLinkPrintedResponse { link: Some(link_responses::to_message(link)?) })
        })
    }

    fn unmark(&self, request: Request<v1::UnmarkLinkPrintedRequest>) -> Work<'_, v1::UnmarkLinkPrintedResponse> {
        Box::pin(async move {
            let v1::UnmarkLinkPrintedRequest { workspace_id, link_id } = request.get_ref();
            let access = access(&self.0, &request, workspace_id, &permission::UnmarkLinkPrinted::PERMISSION).await?;
            let link = self.0.mark_printed(&access, parsed("link_id", link_id)?, false).await?;
            Ok(v1::UnmarkLinkPrintedResponse { link: Some(link_responses::to_message(link)?) })
        })
    }
}

#[tonic::async_trait]
impl QrCodes for QrCodesService {
    async fn preview_qr_code(
        &self,
        request: Request<v1::PreviewQrCodeRequest>,
    ) -> Result<Response<v1::PreviewQrCodeResponse>, Status> {
        answer(origin_of(&request), self.preview(request)).await
    }

    async fn mark_link_printed(
        &self,
        request: Request<v1::MarkLinkPrintedRequest>,
    ) -> Result<Response<v1::MarkLinkPrintedResponse>, Status> {
        answer(origin_of(&request), self.mark(request)).await
    }

    async fn unmark_link_printed(
        &self,
        request: Request<v1::UnmarkLinkPrintedRequest>,
    ) -> Result<Response<v1::UnmarkLinkPrintedResponse>, Status> {
        answer(origin_of(&request), self.unmark(request)).await
    }
}
