//! Failures as programs read them (RFC 6749, section 5.2).

use std::collections::BTreeMap;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::response::{Response as Described, ResponseBuilder};
use utoipa::openapi::{ComponentsBuilder, OpenApi, OpenApiBuilder, Ref, RefOr};
use utoipa::{IntoResponses, PartialSchema, ToSchema};

use crate::domain::error::Error;
use crate::http::problem::Problem;

/// The codes that clients know for a request that is at fault.
const CODES: [&str; 6] = [
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "invalid_scope",
    "unauthorized_client",
    "unsupported_grant_type",
];

/// What a client reads.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OAuthError)]
pub(super) struct OAuthError {
    /// The code, as RFC 6749 has it: what programs look at.
    #[schema(example = "invalid_grant")]
    error: String,
    /// What happened, for people.
    #[schema(
        example = "This code or refresh token does not work, or not any more, or not for this client. Ask the person again."
    )]
    error_description: String,
}

/// A failure on its way to a client.
#[derive(Debug)]
pub(super) struct Failure(Problem);

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(error.into())
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let document = self.0.to_document();
        let error = code(self.0.status(), &document.code).to_owned();
        // The status, the headers and the log line are those of every failure.
        let (mut parts, _) = self.0.into_response().into_parts();
        parts.headers.remove(CONTENT_TYPE);
        parts.headers.remove(CONTENT_LENGTH);
        if parts.status == StatusCode::UNAUTHORIZED {
            parts
                .headers
                .insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"elido\", charset=\"UTF-8\""));
        }
        let body = Json(OAuthError { error, error_description: document.detail });
        (parts.status, parts.headers, body).into_response()
    }
}

fn code(status: StatusCode, code: &str) -> &str {
    if CODES.contains(&code) {
        return code;
    }
    match status.as_u16() {
        429 | 503 | 504 => "temporarily_unavailable",
        500.. => "server_error",
        _ => "invalid_request",
    }
}

/// The failures of an operation that clients call.
pub(super) struct Failures;

impl IntoResponses for Failures {
    fn responses() -> BTreeMap<String, RefOr<Described>> {
        let listed = [
            (400, "The request is not in order, or names what is worth nothing."),
            (401, "There is no such client, or it did not prove itself."),
            (413, "The form is longer than 16 KiB."),
            (415, "The body is no form."),
            (429, "Too many requests, or too many that do not fit. `Retry-After` says when to come back."),
            (500, "A failure on our side."),
            (503, "A service that this needs is not available. Try again shortly."),
            (504, "This took longer than a request may take."),
        ];
        listed.into_iter().map(|(status, about)| (status.to_string(), RefOr::T(described(status, about)))).collect()
    }
}

/// The part of the document that [`Failures`] refer to.
pub(super) fn document() -> OpenApi {
    let components = ComponentsBuilder::new().schema(OAuthError::name(), OAuthError::schema()).build();
    OpenApiBuilder::new().components(Some(components)).build()
}

/// What stands before every operation of the API answers in its own way.
fn described(status: u16, about: &str) -> Described {
    let content = |name| ContentBuilder::new().schema(Some(Ref::from_schema_name(name))).build();
    let (own, common) = (("application/json", content("OAuthError")), ("application/problem+json", content("Problem")));
    let contents = match status {
        429 => vec![own, common],
        504 => vec![common],
        _ => vec![own],
    };
    let response = ResponseBuilder::new().description(about);
    contents.into_iter().fold(response, |response, (media, content)| response.content(media, content)).build()
}
