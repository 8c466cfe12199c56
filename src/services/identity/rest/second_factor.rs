//! `/v1/me/second-factor`.

use axum::Json;
use axum::extract::{Extension, State};
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::IdentityApi;
use super::client::From;
use super::credential::{SignedIn, signed_in};
use crate::http::extract::Json as Body;
use crate::http::problem::Problem;
use crate::http::responses::{CreateProblems, ForbiddenProblem, PlainBodyProblems, PlainProblems};
use crate::http::session_cookie::{BySessionCookie, SessionCookie};
use crate::services::api_core::rest::{Authenticated, IdempotencyHeader};
use crate::services::identity::accounts::{RECOVERY_CODES_REPLACED, SECOND_FACTOR_DISABLED, SECOND_FACTOR_ENABLED};
use crate::services::identity::{Enrolment, Identity, PasswordProof, RecoveryCodes, SecondFactor, SecondFactorCode};

/// What follows from a right first code.
#[derive(Debug, Serialize, ToSchema)]
struct SecondFactorEnabled {
    /// The codes for whoever loses the authenticator. They are shown this once.
    #[serde(flatten)]
    codes: RecoveryCodes,
    /// The session with its new secret.
    session: SignedIn,
}

pub(super) fn routes() -> OpenApiRouter<IdentityApi> {
    OpenApiRouter::new()
        .routes(routes!(read, begin))
        .routes(routes!(confirm))
        .routes(routes!(disable))
        .routes(routes!(replace_recovery_codes))
}

/// Read whether sign-in asks for a second factor
#[utoipa::path(
    get, path = "/v1/me/second-factor", operation_id = "getSecondFactor", tag = "me",
    responses((status = 200, description = "The second factor.", body = SecondFactor), PlainProblems, ForbiddenProblem)
)]
async fn read(
    State(identity): State<Identity>,
    Authenticated(principal): Authenticated,
) -> Result<Json<SecondFactor>, Problem> {
    let (person, _) = principal.session()?;
    Ok(Json(identity.find_second_factor(person).await?))
}

/// Enrol an authenticator
///
/// Answers with its secret. Nothing changes until its first code is confirmed.
#[utoipa::path(
    post, path = "/v1/me/second-factor", operation_id = "beginSecondFactor", tag = "me",
    params(IdempotencyHeader), request_body = PasswordProof,
    responses((status = 201, description = "What the authenticator needs.", body = Enrolment), PlainBodyProblems, ForbiddenProblem)
)]
async fn begin(
    State(identity): State<Identity>,
    Authenticated(principal): Authenticated,
    From(client): From,
    Body(proof): Body<PasswordProof>,
) -> Result<(StatusCode, Json<Enrolment>), Problem> {
    let (person, _) = principal.session()?;
    Ok((StatusCode::CREATED, Json(identity.begin_enrolment(person, proof, client.address).await?)))
}

/// Switch the second factor on by a code of the authenticator
///
/// Answers with recovery codes. The session that asks gets a new secret, and all others end.
#[utoipa::path(
    post, path = "/v1/me/second-factor/confirm", operation_id = "confirmSecondFactor", tag = "me",
    extensions(("x-audit-action" = json!(SECOND_FACTOR_ENABLED.name()))),
    params(IdempotencyHeader), request_body = SecondFactorCode,
    responses((status = 200, description = "It is on.", body = SecondFactorEnabled), PlainBodyProblems, ForbiddenProblem)
)]
async fn confirm(
    State(identity): State<Identity>,
    State(cookie): State<SessionCookie>,
    Authenticated(principal): Authenticated,
    From(client): From,
    by_cookie: Option<Extension<BySessionCookie>>,
    Body(code): Body<SecondFactorCode>,
) -> Result<(HeaderMap, Json<SecondFactorEnabled>), Problem> {
    let (codes, issued) = identity.confirm_enrolment(principal.session()?, code, client.address).await?;
    let (headers, Json(session)) = signed_in(issued, by_cookie.is_some(), &cookie)?;
    Ok((headers, Json(SecondFactorEnabled { codes, session })))
}

/// Switch the second factor off
///
/// The session that asks gets a new secret, and all others end.
#[utoipa::path(
    post, path = "/v1/me/second-factor/disable", operation_id = "disableSecondFactor", tag = "me",
    extensions(("x-audit-action" = json!(SECOND_FACTOR_DISABLED.name()))),
    params(IdempotencyHeader), request_body = PasswordProof,
    responses((status = 200, description = "The session with its new secret.", body = SignedIn), CreateProblems)
)]
async fn disable(
    State(identity): State<Identity>,
    State(cookie): State<SessionCookie>,
    Authenticated(principal): Authenticated,
    From(client): From,
    by_cookie: Option<Extension<BySessionCookie>>,
    Body(proof): Body<PasswordProof>,
) -> Result<(HeaderMap, Json<SignedIn>), Problem> {
    let issued = identity.disable_second_factor(principal.session()?, proof, client.address).await?;
    signed_in(issued, by_cookie.is_some(), &cookie)
}

/// Get new recovery codes in the place of the old ones
#[utoipa::path(
    post, path = "/v1/me/second-factor/recovery-codes", operation_id = "replaceRecoveryCodes", tag = "me",
    extensions(("x-audit-action" = json!(RECOVERY_CODES_REPLACED.name()))),
    params(IdempotencyHeader), request_body = PasswordProof,
    responses((status = 200, description = "The new codes.", body = RecoveryCodes), CreateProblems)
)]
async fn replace_recovery_codes(
    State(identity): State<Identity>,
    Authenticated(principal): Authenticated,
    From(client): From,
    Body(proof): Body<PasswordProof>,
) -> Result<Json<RecoveryCodes>, Problem> {
    let (person, _) = principal.session()?;
    Ok(Json(identity.replace_recovery_codes(person, proof, client.address).await?))
}
