//! `/v1/auth/password-reset` and `/v1/me/password`.

use axum::Json;
use axum::extract::{Extension, State};
use http::{HeaderMap, StatusCode};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::IdentityApi;
use super::client::From;
use super::credential::{SignedIn, signed_in};
use crate::http::extract::Json as Body;
use crate::http::problem::Problem;
use crate::http::responses::{ForbiddenProblem, PlainBodyProblems};
use crate::http::session_cookie::{BySessionCookie, SessionCookie};
use crate::services::api_core::rest::Authenticated;
use crate::services::identity::accounts::{PASSWORD_CHANGED, PASSWORD_RESET};
use crate::services::identity::{Identity, NewPassword, PasswordChange, ResetRequest};

pub(super) fn reset_routes() -> OpenApiRouter<IdentityApi> {
    OpenApiRouter::new().routes(routes!(request_reset)).routes(routes!(reset))
}

pub(super) fn routes() -> OpenApiRouter<IdentityApi> {
    OpenApiRouter::new().routes(routes!(change))
}

/// Ask for a code to choose a new password with
///
/// If the address has an account, a code comes by mail. The response is the same if it has none.
#[utoipa::path(
    post, path = "/v1/auth/password-reset", operation_id = "requestPasswordReset", tag = "auth", security(()),
    request_body = ResetRequest,
    responses((status = 202, description = "A code comes by mail, if the address has an account."), PlainBodyProblems)
)]
async fn request_reset(
    State(identity): State<Identity>,
    From(client): From,
    Body(request): Body<ResetRequest>,
) -> Result<StatusCode, Problem> {
    identity.request_reset(request, client.address).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Choose a new password by a code from a mail
///
/// Every session of the account ends. Its second factor stays.
#[utoipa::path(
    post, path = "/v1/auth/password-reset/confirm", operation_id = "resetPassword", tag = "auth", security(()),
    extensions(("x-audit-action" = json!(PASSWORD_RESET.name()))),
    request_body = NewPassword,
    responses(
        (status = 204, description = "The account has the new password."), PlainBodyProblems, ForbiddenProblem
    )
)]
async fn reset(
    State(identity): State<Identity>,
    From(client): From,
    Body(request): Body<NewPassword>,
) -> Result<StatusCode, Problem> {
    identity.reset_password(request, client.address).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Change one's password
///
/// The session that asks gets a new secret, and all others end.
#[utoipa::path(
    put, path = "/v1/me/password", operation_id = "changePassword", tag = "me",
    extensions(("x-audit-action" = json!(PASSWORD_CHANGED.name()))),
    request_body = PasswordChange,
    responses(
        (status = 200, description = "The session with its new secret.", body = SignedIn), PlainBodyProblems, ForbiddenProblem
    )
)]
async fn change(
    State(identity): State<Identity>,
    State(cookie): State<SessionCookie>,
    Authenticated(principal): Authenticated,
    From(client): From,
    by_cookie: Option<Extension<BySessionCookie>>,
    Body(change): Body<PasswordChange>,
) -> Result<(HeaderMap, Json<SignedIn>), Problem> {
    let issued = identity.change_password(principal.session()?, change, client.address).await?;
    signed_in(issued, by_cookie.is_some(), &cookie)
}
