//! `/v1/auth/registration`.

use axum::Json;
use axum::extract::State;
use http::{HeaderMap, StatusCode};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::IdentityApi;
use super::client::From;
use super::credential::{SignedIn, signed_in};
use crate::http::extract::Json as Body;
use crate::http::problem::Problem;
use crate::http::responses::{ForbiddenProblem, PlainBodyProblems};
use crate::http::session_cookie::SessionCookie;
use crate::services::api_core::REGISTERED;
use crate::services::identity::{Identity, RegistrationDraft, RegistrationRequest};

pub(super) fn routes() -> OpenApiRouter<IdentityApi> {
    OpenApiRouter::new().routes(routes!(request)).routes(routes!(register))
}

/// Ask for a code to make an account with
///
/// A code comes by mail, or word that the address has an account. The response is the same. 403 where people are invited.
#[utoipa::path(
    post, path = "/v1/auth/registration", operation_id = "requestRegistration", tag = "auth", security(()),
    request_body = RegistrationRequest,
    responses((status = 202, description = "A mail comes."), PlainBodyProblems, ForbiddenProblem)
)]
async fn request(
    State(identity): State<Identity>,
    From(client): From,
    Body(request): Body<RegistrationRequest>,
) -> Result<StatusCode, Problem> {
    identity.request_registration(request, client.address).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Make an account by a code from a mail
///
/// The account has the address that the code was sent to.
#[utoipa::path(
    post, path = "/v1/auth/registration/confirm", operation_id = "register", tag = "auth", security(()),
    extensions(("x-audit-action" = json!(REGISTERED.name()))),
    request_body = RegistrationDraft,
    responses(
        (status = 201, description = "The account, and a session of it.", body = SignedIn), PlainBodyProblems, ForbiddenProblem
    )
)]
async fn register(
    State(identity): State<Identity>,
    State(cookie): State<SessionCookie>,
    From(client): From,
    headers: HeaderMap,
    Body(draft): Body<RegistrationDraft>,
) -> Result<(StatusCode, HeaderMap, Json<SignedIn>), Problem> {
    let as_cookie = draft.cookie;
    if as_cookie {
        cookie.check_site(&headers)?;
    }
    let (headers, body) = signed_in(identity.register(draft, client).await?, as_cookie, &cookie)?;
    Ok((StatusCode::CREATED, headers, body))
}
