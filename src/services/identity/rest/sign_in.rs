//! `/v1/auth/sign-in` and its second step.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use secrecy::ExposeSecret;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::IdentityApi;
use super::client::From;
use super::credential::{SignedIn, signed_in};
use crate::domain::time::Timestamp;
use crate::http::extract::Json as Body;
use crate::http::problem::Problem;
use crate::http::responses::{ForbiddenProblem, PlainBodyProblems};
use crate::http::session_cookie::SessionCookie;
use crate::services::identity::sessions::STARTED;
use crate::services::identity::{Challenge, CodeSignIn, Identity, SignIn, SignInStep};

/// The password was right, and a code has to follow.
#[derive(Debug, Serialize, ToSchema)]
struct SecondFactorNeeded {
    /// What to send with the code.
    #[schema(example = "challenge_Ab3dE5gH7jK9mN2pQ4sT6vW8yZ1bC3dF5hJ7lM9oP0q")]
    challenge: String,
    /// The code has to come before this moment, and among the first five.
    expires_at: Timestamp,
}

pub(super) fn routes() -> OpenApiRouter<IdentityApi> {
    OpenApiRouter::new().routes(routes!(sign_in)).routes(routes!(sign_in_with_code))
}

/// Sign in with a password
///
/// Answers 202 where the account has a second factor: send the challenge with a code to `/v1/auth/sign-in/second-factor`. Repeated
/// attempts are slowed down. An `Idempotency-Key` has no effect here, because nobody is known yet whose it could be.
#[utoipa::path(
    post, path = "/v1/auth/sign-in", operation_id = "signIn", tag = "auth", security(()),
    extensions(("x-audit-action" = json!(STARTED.name()))),
    request_body = SignIn,
    responses(
        (status = 200, description = "The new session.", body = SignedIn),
        (status = 202, description = "A code of the second factor has to follow.", body = SecondFactorNeeded),
        PlainBodyProblems, ForbiddenProblem,
    )
)]
async fn sign_in(
    State(identity): State<Identity>,
    State(cookie): State<SessionCookie>,
    From(client): From,
    headers: HeaderMap,
    Body(credentials): Body<SignIn>,
) -> Result<Response, Problem> {
    let as_cookie = credentials.cookie;
    guard_cookie(as_cookie, &cookie, &headers)?;
    Ok(match identity.sign_in(credentials, client).await? {
        SignInStep::SignedIn(issued) => signed_in(issued, as_cookie, &cookie)?.into_response(),
        SignInStep::Challenged(challenge) => (StatusCode::ACCEPTED, Json(needed(&challenge))).into_response(),
    })
}

/// Sign in with a code of the second factor, after the password
///
/// Takes a code of the authenticator or a recovery code; each works once.
#[utoipa::path(
    post, path = "/v1/auth/sign-in/second-factor", operation_id = "signInWithCode", tag = "auth", security(()),
    extensions(("x-audit-action" = json!(STARTED.name()))),
    request_body = CodeSignIn,
    responses((status = 200, description = "The new session.", body = SignedIn), PlainBodyProblems, ForbiddenProblem)
)]
async fn sign_in_with_code(
    State(identity): State<Identity>,
    State(cookie): State<SessionCookie>,
    From(client): From,
    headers: HeaderMap,
    Body(answer): Body<CodeSignIn>,
) -> Result<(HeaderMap, Json<SignedIn>), Problem> {
    let as_cookie = answer.cookie;
    guard_cookie(as_cookie, &cookie, &headers)?;
    let issued = identity.sign_in_with_code(answer, client).await?;
    signed_in(issued, as_cookie, &cookie)
}

/// No page of another site signs a browser in, such as to an account of its own.
fn guard_cookie(as_cookie: bool, cookie: &SessionCookie, headers: &HeaderMap) -> Result<(), Problem> {
    if as_cookie {
        cookie.check_site(headers)?;
    }
    Ok(())
}

fn needed(challenge: &Challenge) -> SecondFactorNeeded {
    SecondFactorNeeded { challenge: challenge.token.expose_secret().to_owned(), expires_at: challenge.expires_at }
}
