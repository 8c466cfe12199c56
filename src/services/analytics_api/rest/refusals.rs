//! What every operation of analytics may answer instead.

use utoipa::IntoResponses;

use crate::http::problem::ProblemDocument;

/// For the OpenAPI document.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "only its derived documentation is used")]
pub(super) enum Refusals {
    /// A parameter is not valid, or a series would have too many points.
    #[response(status = 400, content_type = "application/problem+json")]
    Invalid(#[to_schema] ProblemDocument),
    /// No credential, or one that does not hold.
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthenticated(#[to_schema] ProblemDocument),
    /// The credential does not cover `analytics:read`.
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(#[to_schema] ProblemDocument),
    /// No such workspace.
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(#[to_schema] ProblemDocument),
    /// Too many links carry the tags asked about.
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(#[to_schema] ProblemDocument),
    /// Too many requests.
    #[response(status = 429, content_type = "application/problem+json")]
    RateLimited(#[to_schema] ProblemDocument),
    /// The click store is away, or the report took too long.
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(#[to_schema] ProblemDocument),
}
