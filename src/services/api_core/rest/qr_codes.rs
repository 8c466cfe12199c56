//! `/v1/workspaces/{workspace_id}/links/{link_id}/qr` and `/v1/workspaces/{workspace_id}/qr`: QR codes as files.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Method;
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::authorized::{Authorized, WorkspacePath};
use super::headers::IdempotencyHeader;
use super::link_path::LinkPath;
use crate::domain::permission;
use crate::http::extract::{Json as Body, Query};
use crate::http::path::Path;
use crate::http::problem::Problem;
use crate::http::responses::{CreateProblems, ReadProblems};
use crate::services::api_core::{ApiCore, ErrorCorrection, QrCodeDraft, QrFormat, QrImage, QrPreviewDraft, links};

/// A browser that shows an SVG by itself runs nothing of it and loads nothing for it.
const SANDBOX: &str = "default-src 'none'; img-src data:; sandbox";

/// How the code is to look.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct QrQuery {
    /// What sort of file; SVG if absent.
    #[param(nullable = false)]
    format: Option<QrFormat>,
    /// The side of the picture in pixels, in PDF in points of 1/72 inch; 512 if absent. A PNG needs two pixels for each module of the code.
    #[param(minimum = 64, maximum = 2048, nullable = false)]
    size: Option<u32>,
    /// The colour of the modules; black if absent. It has to be darker than the background, by a contrast of 3 at least (WCAG 2).
    #[param(pattern = "^#[0-9A-Fa-f]{6}$", example = "#1a2b3c", nullable = false)]
    foreground: Option<String>,
    /// The colour around and between them; white if absent.
    #[param(pattern = "^#[0-9A-Fa-f]{6}$", example = "#ffffff", nullable = false)]
    background: Option<String>,
    /// How much of the code may be unreadable; `medium` if absent.
    #[param(nullable = false)]
    error_correction: Option<ErrorCorrection>,
    /// How many modules wide the margin is; 4 if absent.
    #[param(minimum = 4, maximum = 16, nullable = false)]
    quiet_zone: Option<u32>,
}

impl From<QrQuery> for QrCodeDraft {
    fn from(query: QrQuery) -> Self {
        Self {
            format: query.format,
            size: query.size,
            foreground: query.foreground,
            background: query.background,
            error_correction: query.error_correction,
            quiet_zone: query.quiet_zone,
            logo: None,
        }
    }
}

pub(super) fn routes() -> OpenApiRouter<ApiCore> {
    OpenApiRouter::new().routes(routes!(download, draw)).routes(routes!(preview))
}

/// Download the QR code of a link
///
/// The code says the short link with `?qr=1`, so that scans are told from other clicks. Whoever downloads it may print it: the link has
/// `printed_at` from then on. To look at a code before, there is `POST …/qr` of the workspace.
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace_id}/links/{link_id}/qr", operation_id = "download_link_qr_code",
    tag = "links",
    extensions(("x-audit-action" = json!(links::UPDATED.name()))),
    params(LinkPath, QrQuery),
    responses(
        (
            status = 200, description = "The file.",
            content(
                (String = "image/svg+xml", example = json!("<svg/>")), (String = "image/png"), (String = "application/pdf")
            )
        ),
        ReadProblems
    )
)]
async fn download(
    State(core): State<ApiCore>,
    access: Authorized<permission::DownloadLinkQrCode>,
    Path(ids): Path<LinkPath>,
    Query(query): Query<QrQuery>,
    method: Method,
) -> Result<Response, Problem> {
    // Who asks for the head alone has nothing to print.
    let (link, image) = if method == Method::HEAD {
        core.draw_qr_code(&access, ids.link_id, query.into(), "").await?
    } else {
        core.download_qr_code(&access, ids.link_id, query.into(), "").await?
    };
    Ok(file(&link.slug, image))
}

/// Download the QR code of a link, with a logo
///
/// As `GET` does, from a body that has room for a logo.
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace_id}/links/{link_id}/qr", operation_id = "draw_link_qr_code", tag = "links",
    extensions(("x-audit-action" = json!(links::UPDATED.name()))),
    params(LinkPath, IdempotencyHeader), request_body = QrCodeDraft,
    responses(
        (
            status = 200, description = "The file.",
            content(
                (String = "image/svg+xml", example = json!("<svg/>")), (String = "image/png"), (String = "application/pdf")
            )
        ),
        CreateProblems
    )
)]
async fn draw(
    State(core): State<ApiCore>,
    access: Authorized<permission::DrawLinkQrCode>,
    Path(ids): Path<LinkPath>,
    Body(draft): Body<QrCodeDraft>,
) -> Result<Response, Problem> {
    let (link, image) = core.download_qr_code(&access, ids.link_id, draft, "/").await?;
    Ok(file(&link.slug, image))
}

/// Look at a QR code
///
/// Of a link that need not be there yet, and to choose colours and a logo. Nothing is noted.
#[utoipa::path(
    post, path = "/v1/workspaces/{workspace_id}/qr", operation_id = "preview_qr_code", tag = "links",
    params(WorkspacePath, IdempotencyHeader), request_body = QrPreviewDraft,
    responses(
        (
            status = 200, description = "The file.",
            content(
                (String = "image/svg+xml", example = json!("<svg/>")), (String = "image/png"), (String = "application/pdf")
            )
        ),
        CreateProblems
    )
)]
async fn preview(
    State(core): State<ApiCore>,
    access: Authorized<permission::PreviewQrCode>,
    Body(draft): Body<QrPreviewDraft>,
) -> Result<Response, Problem> {
    Ok(file("preview", core.preview_qr_code(&access, draft).await?))
}

fn file(slug: &str, image: QrImage) -> Response {
    let name: String = slug.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).collect();
    let headers = [
        (CONTENT_TYPE, image.format.content_type().to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.{}\"", image.format.extension())),
        (CONTENT_SECURITY_POLICY, SANDBOX.to_owned()),
        (CACHE_CONTROL, "private, no-store".to_owned()),
    ];
    (headers, image.bytes).into_response()
}
