//! identity over REST.

use axum::Json;
use axum::extract::{DefaultBodyLimit, Extension, State};
use http::header::USER_AGENT;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Client, Identity, Person, Session, SignIn, SignedIn};
use crate::domain::id::{ApiKeyId, SessionId, WorkspaceId};
use crate::domain::role::Scope;
use crate::http::client_address::ClientAddress;
use crate::http::extract::{Json as Body, Query};
use crate::http::pagination::{Page, QueryFingerprint};
use crate::http::path::Path;
use crate::http::problem::Problem;
use crate::http::responses::{DeleteProblems, ForbiddenProblem, PlainBodyProblems, PlainProblems, ReadProblems};
use crate::services::api_core::Principal;
use crate::services::api_core::rest::{Authenticated, IdempotencyHeader, PageQuery, page_of, requested_page};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct SessionPath {
    /// The session.
    session_id: SessionId,
}

/// Whoever sends this credential.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Me {
    /// A person with a session.
    Person {
        /// Who.
        user: Person,
        /// By which session.
        session_id: SessionId,
    },
    /// An API key.
    ApiKey {
        /// Which.
        api_key_id: ApiKeyId,
        /// Where it works.
        workspace_id: WorkspaceId,
        /// What it may be used for.
        scopes: Vec<Scope>,
    },
}

/// The longest request to sign in, in bytes.
const SIGN_IN_BYTES_MAX: usize = 16 * 1024;

/// The sections of the API's document that are about this service: their names, and what they say.
pub const TAGS: &[(&str, &str)] = &[("auth", "Sessions, and who you are.")];

/// Every operation of the service, with its part of the OpenAPI document. All but signing in need the credential that
/// [`crate::services::api_core::rest::authenticate`] finds.
#[must_use]
pub fn operations() -> OpenApiRouter<Identity> {
    OpenApiRouter::new()
        .routes(routes!(sign_in))
        // Of somebody whom nobody knows, no more is read than an address and a password need.
        .layer(DefaultBodyLimit::max(SIGN_IN_BYTES_MAX))
        .routes(routes!(sign_out))
        .routes(routes!(list_sessions))
        .routes(routes!(end_session))
        .routes(routes!(me))
}

/// Sign in with a password
///
/// Repeated attempts are slowed down. An `Idempotency-Key` has no effect here, because nobody is known yet whose it could be.
#[utoipa::path(
    post, path = "/v1/auth/sign-in", operation_id = "signIn", tag = "auth", security(()),
    request_body = SignIn,
    responses((status = 200, description = "The new session.", body = SignedIn), PlainBodyProblems)
)]
async fn sign_in(
    State(identity): State<Identity>,
    address: Option<Extension<ClientAddress>>,
    headers: HeaderMap,
    Body(credentials): Body<SignIn>,
) -> Result<Json<SignedIn>, Problem> {
    let user_agent = headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let client = Client { address: address.map(|Extension(address)| address.0), user_agent: user_agent.to_owned() };
    Ok(Json(identity.sign_in(credentials, client).await?))
}

/// Sign out
///
/// Ends the session that asks.
#[utoipa::path(
    post, path = "/v1/auth/sign-out", operation_id = "signOut", tag = "auth",
    params(IdempotencyHeader),
    responses((status = 204, description = "The session is over."), PlainBodyProblems, ForbiddenProblem)
)]
async fn sign_out(
    State(identity): State<Identity>,
    Authenticated(principal): Authenticated,
) -> Result<StatusCode, Problem> {
    let (person, session) = principal.session()?;
    identity.end_session(person, session, session).await?;
    Ok(StatusCode::NO_CONTENT)
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

/// End one of the caller's sessions
#[utoipa::path(
    delete, path = "/v1/auth/sessions/{session_id}", operation_id = "endSession", tag = "auth",
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

/// Read who the caller is
#[utoipa::path(
    get, path = "/v1/me", operation_id = "getMe", tag = "auth",
    responses((status = 200, description = "The person or the key.", body = Me), PlainProblems)
)]
async fn me(State(identity): State<Identity>, Authenticated(principal): Authenticated) -> Result<Json<Me>, Problem> {
    Ok(Json(match principal {
        Principal::Person { user_id, session_id, .. } => {
            Me::Person { user: identity.find_person(user_id).await?, session_id }
        }
        Principal::ApiKey { key_id, workspace_id, scopes, .. } => {
            Me::ApiKey { api_key_id: key_id, workspace_id, scopes }
        }
    }))
}
