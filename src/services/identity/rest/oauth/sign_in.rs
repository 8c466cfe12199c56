//! `/oauth/sign-in`: the form of the page that asks somebody to sign in before they decide. It does what `/v1/auth/sign-in` does.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{LOCATION, SET_COOKIE};
use http::{HeaderMap, HeaderValue, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::pages::{self, FormTarget};
use super::request_fields::query;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::http::extract::{Form, parse_query};
use crate::http::problem::Problem;
use crate::http::session_cookie::SessionCookie;
use crate::services::identity::oauth::AuthorizationRequest;
use crate::services::identity::rest::IdentityApi;
use crate::services::identity::rest::client::From;
use crate::services::identity::sessions::STARTED;
use crate::services::identity::{Client, CodeSignIn, Identity, IssuedSession, SignIn, SignInStep};

/// What the pages that ask to sign in send: an address and a password, or a challenge and a code.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = OAuthSignIn)]
struct SignInForm {
    /// The request that the person comes back to, as a query.
    request: String,
    /// The address of the account.
    #[schema(nullable = false, max_length = 254)]
    email: Option<String>,
    /// The password.
    #[schema(value_type = Option<String>, nullable = false, max_length = 128)]
    password: Option<SecretString>,
    /// The challenge that a right password was answered with.
    #[schema(value_type = Option<String>, nullable = false, max_length = 100)]
    challenge: Option<SecretString>,
    /// A code of the authenticator, or a recovery code.
    #[schema(value_type = Option<String>, nullable = false, max_length = 40)]
    code: Option<SecretString>,
}

/// What came of an attempt.
enum Outcome {
    SignedIn(IssuedSession),
    /// A code has to follow.
    Challenged(SecretString),
}

pub(super) fn routes() -> OpenApiRouter<IdentityApi> {
    OpenApiRouter::new().routes(routes!(sign_in))
}

/// Sign in on the way to a client
///
/// The form of the pages that ask for that. Attempts are limited as those of `/v1/auth/sign-in` are.
#[utoipa::path(
    post, path = "/oauth/sign-in", operation_id = "signInToAuthorize", tag = "oauth", security(()),
    extensions(("x-audit-action" = json!(STARTED.name()))),
    request_body(content = SignInForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "A page that asks for a code of the second factor.", body = String, content_type = "text/html"),
        (status = 303, description = "Back to the request, with the session in a cookie."),
        (status = 400, description = "A page that tells what is wrong.", body = String, content_type = "text/html"),
        (status = 401, description = "The page once more: address, password or code is wrong.", body = String, content_type = "text/html"),
        (status = 403, description = "The form is from a page of another site, or the account is disabled.", body = String, content_type = "text/html"),
        (status = 404, description = "A page that tells that there is no such client.", body = String, content_type = "text/html"),
        (status = 413, description = "The form is longer than 16 KiB.", body = String, content_type = "text/html"),
        (status = 415, description = "The body is no form.", body = String, content_type = "text/html"),
        (status = 429, description = "Too many attempts. `Retry-After` says when to come back.", body = String, content_type = "text/html"),
        (status = 503, description = "A page that tells that something is not available.", body = String, content_type = "text/html"),
    )
)]
async fn sign_in(
    State(identity): State<Identity>,
    State(cookie): State<SessionCookie>,
    From(client): From,
    headers: HeaderMap,
    form: std::result::Result<Form, Problem>,
) -> Response {
    match form {
        Ok(form) => signed_in(&identity, &cookie, (&headers, client), &form).await.unwrap_or_else(pages::failure),
        Err(problem) => pages::failure_of(problem),
    }
}

async fn signed_in(
    identity: &Identity,
    cookie: &SessionCookie,
    (headers, client): (&HeaderMap, Client),
    form: &Form,
) -> Result<Response> {
    let form: SignInForm = form.read()?;
    let request: AuthorizationRequest = parse_query(&form.request)?;
    // Nobody signs in for a client that there is not, and the page below leads only to where a client has registered.
    identity.authorize(None, &request).await?;
    cookie.check_site(headers)?;
    let (request, target) = (query(&request)?, FormTarget::of(request.redirect_uri.as_deref().unwrap_or_default()));
    let challenge = form.challenge.clone();
    match attempt(identity, form, client).await {
        Ok(Outcome::SignedIn(issued)) => back_to(&request, &issued, cookie),
        Ok(Outcome::Challenged(challenge)) => {
            Ok(pages::second_factor(StatusCode::OK, None, (challenge.expose_secret(), &request), &target))
        }
        Err(error) if error.kind != ErrorKind::Unauthenticated => Err(error),
        Err(error) => Ok(match challenge.filter(|_| error.code == "wrong_code") {
            Some(challenge) => {
                let fields = (challenge.expose_secret(), request.as_str());
                pages::second_factor(StatusCode::UNAUTHORIZED, Some(&error.message), fields, &target)
            }
            None => pages::sign_in(StatusCode::UNAUTHORIZED, Some(&error.message), &request, &target),
        }),
    }
}

async fn attempt(identity: &Identity, form: SignInForm, client: Client) -> Result<Outcome> {
    if let Some(challenge) = form.challenge {
        let (code, recovery_code) = told_apart(form.code);
        let answer = CodeSignIn { challenge, code, recovery_code, cookie: true };
        return identity.sign_in_with_code(answer, client).await.map(Outcome::SignedIn);
    }
    let (email, password) = (form.email.unwrap_or_default(), form.password.unwrap_or_default());
    Ok(match identity.sign_in(SignIn { email, password, cookie: true }, client).await? {
        SignInStep::SignedIn(issued) => Outcome::SignedIn(issued),
        SignInStep::Challenged(challenge) => Outcome::Challenged(challenge.token),
    })
}

/// A code of an authenticator is digits alone; a recovery code has letters.
fn told_apart(code: Option<SecretString>) -> (Option<SecretString>, Option<SecretString>) {
    let code = code.unwrap_or_default();
    let is_shown = code.expose_secret().bytes().all(|byte| byte.is_ascii_digit() || byte == b' ');
    if is_shown { (Some(code), None) } else { (None, Some(code)) }
}

fn back_to(request: &str, issued: &IssuedSession, cookie: &SessionCookie) -> Result<Response> {
    let location = HeaderValue::try_from(format!("authorize?{request}")).map_err(Error::internal)?;
    let headers = [(LOCATION, location), (SET_COOKIE, cookie.set(&issued.token, issued.lifetime)?)];
    Ok((StatusCode::SEE_OTHER, headers).into_response())
}
