//! Failures as RFC 9457 `application/problem+json`.
//!
//! Invariants: this is the one place that gives a failure its status, and the
//! one that logs its cause. What clients read comes from the error's own
//! message and never from its cause.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::request_id;
use crate::domain::error::{Error, ErrorKind, FieldError};

/// The media type of every failure.
pub const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");
/// What the `type` of every problem starts with; its code follows.
const TYPE_PREFIX: &str = "urn:elido:problem:";

/// A failure on its way to the client. Handlers return `Result<_, Problem>`, and `?` turns a use case's error into one.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    error: Error,
}

/// A failure as clients read it (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemDocument {
    /// Names the sort of problem; stable, and not meant to be fetched.
    #[serde(rename = "type")]
    #[schema(example = "urn:elido:problem:not_found")]
    pub type_uri: String,
    /// The status in words.
    #[schema(example = "Not Found")]
    pub title: String,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599, example = 404)]
    pub status: u16,
    /// Stable code of the problem, `snake_case`: what programs look at.
    #[schema(example = "not_found")]
    pub code: String,
    /// What happened, for people.
    #[schema(example = "There is no such link.")]
    pub detail: String,
    /// The fields at fault, if any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ProblemField>,
    /// Names this request in the server's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// One field at fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProblemField {
    /// An RFC 6901 JSON pointer into the body, or the name of a parameter.
    #[schema(example = "/destination_url")]
    pub pointer: String,
    /// Stable code of the error, `snake_case`.
    #[schema(example = "missing")]
    pub code: String,
    /// What is wrong and what would be right, for people.
    #[schema(example = "this field is required")]
    pub detail: String,
}

impl Problem {
    /// A failure that only HTTP knows, such as an unsupported media type. Everything else comes from a use case's [`Error`].
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, error: Error::new(ErrorKind::Invalid, code, message) }
    }

    /// The status that it answers.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// What clients shall read, in the request fresh.
    #[must_use]
    pub fn to_document(&self) -> ProblemDocument {
        ProblemDocument {
            type_uri: format!("{TYPE_PREFIX}{}", self.error.code),
            title: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            status: self.status.as_u16(),
            code: self.error.code.to_owned(),
            detail: self.error.message.clone(),
            errors: self.error.fields.iter().map(ProblemField::from).collect(),
            request_id: request_id::current(),
        }
    }

    fn log(&self) {
        let Some(source) = &self.error.source else { return };
        let status = self.status.as_u16();
        let chain = Chain(source.as_ref());
        if self.status.is_server_error() {
            tracing::error!(status, code = self.error.code, error = %chain, "request failed: {chain}");
        } else {
            tracing::info!(status, code = self.error.code, error = %chain, "request refused: {chain}");
        }
    }
}

/// A cause and the causes of the cause, in one line.
struct Chain<'a>(&'a (dyn std::error::Error + Send + Sync));

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}", self.0)?;
        let mut next = self.0.source();
        while let Some(cause) = next {
            write!(formatter, ": {cause}")?;
            next = cause.source();
        }
        Ok(())
    }
}

impl From<&FieldError> for ProblemField {
    fn from(field: &FieldError) -> Self {
        Self { pointer: field.pointer.clone(), code: field.code.to_owned(), detail: field.message.clone() }
    }
}

/// The status of each kind of failure.
const fn status_of(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::Invalid => StatusCode::BAD_REQUEST,
        ErrorKind::Unauthenticated => StatusCode::UNAUTHORIZED,
        ErrorKind::Forbidden => StatusCode::FORBIDDEN,
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::Gone => StatusCode::GONE,
        ErrorKind::Conflict => StatusCode::CONFLICT,
        ErrorKind::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
        ErrorKind::Unprocessable => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorKind::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self { status: status_of(error.kind), error }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.log();
        let mut response = (self.status, axum::Json(self.to_document())).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, PROBLEM_JSON);
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(wait) = self.error.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(whole_seconds(wait)));
        }
        response
    }
}

/// Seconds, rounded up, because a client that comes a moment too early is refused again. At least one.
#[must_use]
pub(super) fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs().saturating_add(u64::from(duration.subsec_nanos() > 0)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_own_status() {
        let kinds = [
            ErrorKind::Invalid,
            ErrorKind::Unauthenticated,
            ErrorKind::Forbidden,
            ErrorKind::NotFound,
            ErrorKind::Gone,
            ErrorKind::Conflict,
            ErrorKind::PreconditionFailed,
            ErrorKind::Unprocessable,
            ErrorKind::TooLarge,
            ErrorKind::RateLimited,
            ErrorKind::Unavailable,
            ErrorKind::Internal,
        ];
        let statuses: std::collections::HashSet<_> = kinds.into_iter().map(status_of).collect();
        assert_eq!(statuses.len(), kinds.len());
    }

    #[tokio::test]
    async fn the_cause_stays_inside() {
        let error = Error::internal("SELECT secret FROM table").caused_by("no such table: users");
        let response = Problem::from(error).into_response();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(response.headers()[CONTENT_TYPE], PROBLEM_JSON);
        let body = axum::body::to_bytes(response.into_body(), 10_000).await.expect("a short body");
        let text = String::from_utf8(body.to_vec()).expect("JSON is UTF-8");
        assert!(!text.contains("table"), "{text}");
        let document: ProblemDocument = serde_json::from_str(&text).expect("a problem document");
        assert_eq!(document.code, "internal_error");
    }

    #[test]
    fn waiting_times_are_rounded_up() {
        let mut error = Error::new(ErrorKind::RateLimited, "rate_limited", "Slow down.");
        error.retry_after = Some(Duration::from_millis(1200));
        assert_eq!(Problem::from(error).into_response().headers()[RETRY_AFTER], "2");
    }

    #[test]
    fn a_missing_credential_names_the_scheme() {
        let error = Error::new(ErrorKind::Unauthenticated, "unauthenticated", "Sign in first.");
        assert_eq!(Problem::from(error).into_response().headers()[WWW_AUTHENTICATE], "Bearer");
    }
}
