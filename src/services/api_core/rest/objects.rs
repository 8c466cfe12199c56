//! `/v1/objects/{token}`: where links to objects in a folder lead. A bucket serves its own.

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use futures_util::TryStreamExt;
use http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::extract::Path;
use crate::http::problem::Problem;
use crate::http::responses::{GoneProblem, NotFoundProblem, PlainProblems};
use crate::services::api_core::ApiCore;

/// A browser that shows the file all the same runs nothing of it.
const SANDBOX: &str = "default-src 'none'; sandbox";

/// The last part of a link.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct LinkPath {
    /// The last part of the link.
    #[param(max_length = 2048)]
    token: String,
}

pub(super) fn routes() -> OpenApiRouter<ApiCore> {
    OpenApiRouter::new().routes(routes!(download))
}

/// Download a file by its link
///
/// Links come from the operations of what was kept, and hold for minutes. Whoever has one can read the file without a credential.
/// Where files are kept in a bucket, links lead there.
#[utoipa::path(
    get, path = "/v1/objects/{token}", operation_id = "download_object", tag = "objects", security(()),
    params(LinkPath),
    responses(
        (
            status = 200, description = "The file.",
            headers(("Content-Disposition" = String, description = "What a file of it is called.")),
            content((String = "application/octet-stream"))
        ),
        PlainProblems, NotFoundProblem, GoneProblem
    )
)]
async fn download(State(core): State<ApiCore>, Path(link): Path<LinkPath>) -> Result<Response, Problem> {
    let object = core.objects()?.follow(&link.token).await?;
    let headers = [
        (CONTENT_TYPE, object.content_type),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", object.file_name)),
        (CONTENT_LENGTH, object.bytes.to_string()),
        (CONTENT_SECURITY_POLICY, SANDBOX.to_owned()),
    ];
    let pieces = object
        .pieces
        .inspect_err(|error| tracing::error!(error = ?error, "the reading of an object broke off: {error}"));
    Ok((headers, Body::from_stream(pieces)).into_response())
}
