//! `/v1/me/email` and `/v1/auth/email/confirm`.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::IdentityApi;
use super::client::From;
use crate::http::extract::Json as Body;
use crate::http::problem::Problem;
use crate::http::responses::{ForbiddenProblem, PlainBodyProblems};
use crate::services::api_core::rest::{Authenticated, IdempotencyHeader};
use crate::services::identity::accounts::EMAIL_VERIFIED;
use crate::services::identity::{ConfirmEmail, ConfirmedEmail, EmailChange, Identity};

pub(super) fn confirmation_routes() -> OpenApiRouter<IdentityApi> {
    OpenApiRouter::new().routes(routes!(confirm))
}

pub(super) fn routes() -> OpenApiRouter<IdentityApi> {
    OpenApiRouter::new().routes(routes!(verify)).routes(routes!(change))
}

/// Confirm an address by a code from a mail
///
/// Takes the codes of `/v1/me/email/verification` and of `/v1/me/email`. No session is needed.
#[utoipa::path(
    post, path = "/v1/auth/email/confirm", operation_id = "confirmEmail", tag = "auth", security(()),
    extensions(("x-audit-action" = json!(EMAIL_VERIFIED.name()))),
    request_body = ConfirmEmail,
    responses(
        (status = 200, description = "The address of the account.", body = ConfirmedEmail), PlainBodyProblems, ForbiddenProblem
    )
)]
async fn confirm(
    State(identity): State<Identity>,
    From(client): From,
    Body(request): Body<ConfirmEmail>,
) -> Result<Json<ConfirmedEmail>, Problem> {
    Ok(Json(identity.confirm_email(request, client.address).await?))
}

/// Ask for a code that confirms one's address
///
/// It comes by mail, unless the address is confirmed already.
#[utoipa::path(
    post, path = "/v1/me/email/verification", operation_id = "requestEmailVerification", tag = "me",
    params(IdempotencyHeader),
    responses((status = 202, description = "A mail comes, if it is needed."), PlainBodyProblems, ForbiddenProblem)
)]
async fn verify(
    State(identity): State<Identity>,
    Authenticated(principal): Authenticated,
    From(client): From,
) -> Result<StatusCode, Problem> {
    let (person, _) = principal.session()?;
    identity.request_verification(person, client.address).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Change one's address
///
/// A code comes by mail to the new address, which is the account's once the code is confirmed; then the old address is told. Where the
/// new address has an account, its owner is told in place of a code, and the response is the same.
#[utoipa::path(
    post, path = "/v1/me/email", operation_id = "requestEmailChange", tag = "me",
    params(IdempotencyHeader), request_body = EmailChange,
    responses((status = 202, description = "A mail comes."), PlainBodyProblems, ForbiddenProblem)
)]
async fn change(
    State(identity): State<Identity>,
    Authenticated(principal): Authenticated,
    From(client): From,
    Body(change): Body<EmailChange>,
) -> Result<StatusCode, Problem> {
    let (person, _) = principal.session()?;
    identity.request_email_change(person, change, client.address).await?;
    Ok(StatusCode::ACCEPTED)
}
