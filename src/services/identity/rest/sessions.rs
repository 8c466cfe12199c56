//! `/v1/auth/sessions`, signing out, and the token against forged requests.

use axum::Json;
use axum::extract::{Extension, State};
use http::header::SET_COOKIE;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::IdentityApi;
use crate::domain::error::{Error, ErrorKind};
use crate::domain::id::SessionId;
use crate::domain::permission;
use crate::http::extract::Query;
use crate::http::pagination::{Page, QueryFingerprint};
use crate::http::path::Path;
use crate::http::problem::Problem;
use crate::http::responses::{DeleteProblems, ForbiddenProblem, PlainBodyProblems, PlainProblems, ReadProblems};
use crate::http::session_cookie::{BySessionCookie, SessionCookie, csrf_token};
use crate::services::api_core::rest::{
    Authenticated, ByForeignSession, IdempotencyHeader, PageQuery, Permitted, page_of, requested_page,
};
use crate::services::identity::sessions::ENDED;
use crate::services::identity::{Identity, Session};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct SessionPath {
    /// The session.
    session_id: SessionId,
}

/// What proves that a request was made by a page of this origin.
#[derive(Debug, Serialize, ToSchema)]
struct CsrfToken {
    /// What to send as `X-CSRF-Token` with every request that changes something, until the session has a new secret.
    csrf_token: String,
}

pub(super) fn routes() -> OpenApiRouter<IdentityApi> {
    OpenApiRouter::new()
        .routes(routes!(sign_out))
        .routes(routes!(read_csrf_token))
        .routes(routes!(list_sessions, end_other_sessions))
        .routes(routes!(end_session))
}

/// Sign out
///
/// Ends the session that asks, and takes its cookie away. A session of Ory Kratos ends there too.
#[utoipa::path(
    post, path = "/v1/auth/sign-out", operation_id = "signOut", tag = "auth",
    extensions(("x-audit-action" = json!(ENDED.name()))),
    params(IdempotencyHeader),
    responses((status = 204, description = "The session is over."), PlainBodyProblems, ForbiddenProblem)
)]
async fn sign_out(
    State(identity): State<Identity>,
    State(cookie): State<SessionCookie>,
    Authenticated(principal): Authenticated,
    by_cookie: Option<Extension<BySessionCookie>>,
    by_foreign_session: Option<Extension<ByForeignSession>>,
) -> Result<(StatusCode, HeaderMap), Problem> {
    let (person, session) = principal.session()?;
    identity.end_session(person, session, session).await?;
    if let Some(Extension(ByForeignSession(foreign))) = by_foreign_session {
        identity.end_foreign_session(&foreign).await;
    }
    let mut headers = HeaderMap::new();
    if by_cookie.is_some() {
        headers.insert(SET_COOKIE, cookie.clear()?);
    }
    Ok((StatusCode::NO_CONTENT, headers))
}

/// Read the token that requests with a session cookie need
///
/// For sessions in a cookie alone. No other site can read the response.
#[utoipa::path(
    get, path = "/v1/auth/csrf-token", operation_id = "getCsrfToken", tag = "auth",
    responses((status = 200, description = "The token.", body = CsrfToken), PlainProblems, ForbiddenProblem)
)]
async fn read_csrf_token(
    _: Permitted<permission::GetCsrfToken>,
    by_cookie: Option<Extension<BySessionCookie>>,
) -> Result<Json<CsrfToken>, Problem> {
    let Some(Extension(BySessionCookie(token))) = by_cookie else {
        let message = "Only sessions in a cookie need such a token. With Authorization: Bearer, send none.";
        return Err(Error::new(ErrorKind::Forbidden, "cookie_required", message).into());
    };
    Ok(Json(CsrfToken { csrf_token: csrf_token(&token) }))
}

/// List the caller's sessions
///
/// Newest first.
#[utoipa::path(
    get, path = "/v1/auth/sessions", operation_id = "listSessions", tag = "auth",
    params(PageQuery),
    responses((status = 200, description = "A page of sessions.", body = Page<Session>), ReadProblems)
)]
async fn list_sessions(
    State(identity): State<Identity>,
    Authenticated(principal): Authenticated,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Session>>, Problem> {
    let (person, session) = principal.session()?;
    let fingerprint = QueryFingerprint::of(&("sessions", person));
    let page = requested_page(query.limit, query.cursor.as_deref(), fingerprint)?;
    let sessions = identity.list_sessions(person, session, page).await?;
    Ok(page_of(sessions, query.limit, fingerprint, |item| (item.created_at, item.id.as_uuid())))
}

/// End all of the caller's sessions but the one that asks
#[utoipa::path(
    delete, path = "/v1/auth/sessions", operation_id = "endOtherSessions", tag = "auth",
    extensions(("x-audit-action" = json!(ENDED.name()))),
    responses((status = 204, description = "The others are over."), PlainProblems, ForbiddenProblem)
)]
async fn end_other_sessions(
    State(identity): State<Identity>,
    Authenticated(principal): Authenticated,
) -> Result<StatusCode, Problem> {
    let (person, session) = principal.session()?;
    identity.end_other_sessions(person, session).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End one of the caller's sessions
#[utoipa::path(
    delete, path = "/v1/auth/sessions/{session_id}", operation_id = "endSession", tag = "auth",
    extensions(("x-audit-action" = json!(ENDED.name()))),
    params(SessionPath),
    responses((status = 204, description = "The session is over."), DeleteProblems)
)]
async fn end_session(
    State(identity): State<Identity>,
    Authenticated(principal): Authenticated,
    Path(path): Path<SessionPath>,
) -> Result<StatusCode, Problem> {
    let (person, current) = principal.session()?;
    identity.end_session(person, current, path.session_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
