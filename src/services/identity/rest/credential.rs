//! How a session's secret leaves: in the response, or in a cookie.

use axum::Json;
use http::HeaderMap;
use http::header::SET_COOKIE;
use secrecy::ExposeSecret;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::time::Timestamp;
use crate::http::problem::Problem;
use crate::http::session_cookie::{SessionCookie, csrf_token};
use crate::services::identity::{IssuedSession, Person};

/// A session that has just begun, or has a new secret.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SignedIn {
    /// What to send as `Authorization: Bearer`. It is shown this once. Absent where the session is in a cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "session_Ab3dE5gH7jK9mN2pQ4sT6vW8yZ1bC3dF5hJ7lM9oP0q")]
    pub(super) token: Option<String>,
    /// What to send as `X-CSRF-Token` with every request that changes something. Only where the session is in a cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) csrf_token: Option<String>,
    /// The session ends then.
    pub(super) expires_at: Timestamp,
    /// Whose it is.
    pub(super) user: Person,
}

/// The headers and the body that carry the session.
pub(super) fn signed_in(
    issued: IssuedSession,
    as_cookie: bool,
    cookie: &SessionCookie,
) -> Result<(HeaderMap, Json<SignedIn>), Problem> {
    let mut headers = HeaderMap::new();
    let (mut token, mut csrf) = (None, None);
    if as_cookie {
        headers.insert(SET_COOKIE, cookie.set(&issued.token, issued.lifetime)?);
        csrf = Some(csrf_token(&issued.token));
    } else {
        token = Some(issued.token.expose_secret().to_owned());
    }
    Ok((headers, Json(SignedIn { token, csrf_token: csrf, expires_at: issued.expires_at, user: issued.user })))
}
