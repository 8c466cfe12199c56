//! `/oauth/authorize`: a client sends a person here, who decides.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, LOCATION};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Deserialize;
use url::Url;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::browser::Browser;
use super::pages::{self, FormTarget};
use super::request_fields::{fields, query};
use crate::domain::error::{Error, Result};
use crate::http::extract::{Form, Query};
use crate::http::problem::Problem;
use crate::http::session_cookie::SessionCookie;
use crate::services::identity::Identity;
use crate::services::identity::oauth::{AuthorizationRequest, AuthorizationStep, Decision, GRANTED};
use crate::services::identity::rest::IdentityApi;

/// What the form of the page sends besides the request that it is about.
#[derive(Debug, Deserialize)]
struct Answer {
    decision: Decision,
    #[serde(default)]
    csrf_token: String,
}

/// The request that a person decides about, and what they decided.
#[derive(Debug, ToSchema)]
#[schema(as = OAuthDecision)]
#[allow(dead_code, reason = "it describes the form, which is read in two parts")]
struct DecisionForm {
    #[schema(inline)]
    #[serde(flatten)]
    request: AuthorizationRequest,
    /// What the person decided.
    decision: Decision,
    /// What proves that the form is from the page of this session.
    csrf_token: String,
}

pub(super) fn routes() -> OpenApiRouter<IdentityApi> {
    OpenApiRouter::new().routes(routes!(ask, decide))
}

/// Ask a person to let a client act for them
///
/// For browsers: the client sends the person here, who signs in where they are not, chooses a workspace, and is asked. They come back to
/// `redirect_uri` with `code`, `state` and `iss`, or with `error` in the place of `code`. What is wrong with `client_id` or `redirect_uri` is
/// told to the person, who goes nowhere then.
#[utoipa::path(
    get, path = "/oauth/authorize", operation_id = "requestAuthorization", tag = "oauth", security(()),
    params(AuthorizationRequest),
    responses(
        (status = 200, description = "A page that asks the person, or to sign in.", body = String, content_type = "text/html"),
        (status = 303, description = "Back to the client, with a code or an error."),
        (status = 400, description = "A page that tells what is wrong with `redirect_uri`.", body = String, content_type = "text/html"),
        (status = 404, description = "A page that tells that there is no such client.", body = String, content_type = "text/html"),
        (status = 429, description = "Too many requests. `Retry-After` says when to come back."),
        (status = 503, description = "A page that tells that something is not available.", body = String, content_type = "text/html"),
    )
)]
async fn ask(
    State(identity): State<Identity>,
    State(cookie): State<SessionCookie>,
    headers: HeaderMap,
    request: std::result::Result<Query<AuthorizationRequest>, Problem>,
) -> Response {
    match request {
        Ok(Query(request)) => next(&identity, &cookie, &headers, &request).await.unwrap_or_else(pages::failure),
        Err(problem) => pages::failure_of(problem),
    }
}

async fn next(
    identity: &Identity,
    cookie: &SessionCookie,
    headers: &HeaderMap,
    request: &AuthorizationRequest,
) -> Result<Response> {
    let browser = Browser::of(identity, cookie, headers).await?;
    let step = identity.authorize(browser.as_ref().map(|browser| browser.person), request).await?;
    Ok(match (step, &browser) {
        (AuthorizationStep::Return(url), _) => back(&url)?,
        (AuthorizationStep::Ask(question), Some(browser)) => {
            pages::consent(&question, &fields(request)?, &browser.csrf_token())
        }
        _ => {
            let target = FormTarget::of(request.redirect_uri.as_deref().unwrap_or_default());
            pages::sign_in(StatusCode::OK, None, &query(request)?, &target)
        }
    })
}

/// Decide whether a client may act for the person
///
/// The form of the page. It needs the session cookie, a page of this origin and the token of the session.
#[utoipa::path(
    post, path = "/oauth/authorize", operation_id = "decideAuthorization", tag = "oauth", security(()),
    extensions(("x-audit-action" = json!(GRANTED.name()))),
    request_body(content = DecisionForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "A page that asks to sign in, because the session is over.", body = String, content_type = "text/html"),
        (status = 303, description = "Back to the client, with a code or an error."),
        (status = 400, description = "A page that tells what is wrong.", body = String, content_type = "text/html"),
        (status = 403, description = "The form is not from a page of this session.", body = String, content_type = "text/html"),
        (status = 404, description = "A page that tells that there is no such client.", body = String, content_type = "text/html"),
        (status = 409, description = "The person lets too many programs act for them.", body = String, content_type = "text/html"),
        (status = 413, description = "The form is longer than 16 KiB.", body = String, content_type = "text/html"),
        (status = 415, description = "The body is no form.", body = String, content_type = "text/html"),
        (status = 429, description = "Too many requests. `Retry-After` says when to come back."),
        (status = 503, description = "A page that tells that something is not available.", body = String, content_type = "text/html"),
    )
)]
async fn decide(
    State(identity): State<Identity>,
    State(cookie): State<SessionCookie>,
    headers: HeaderMap,
    form: std::result::Result<Form, Problem>,
) -> Response {
    match form {
        Ok(form) => decided(&identity, &cookie, &headers, &form).await.unwrap_or_else(pages::failure),
        Err(problem) => pages::failure_of(problem),
    }
}

async fn decided(identity: &Identity, cookie: &SessionCookie, headers: &HeaderMap, form: &Form) -> Result<Response> {
    let (request, answer): (AuthorizationRequest, Answer) = (form.read()?, form.read()?);
    let Some(browser) = Browser::of(identity, cookie, headers).await? else {
        return next(identity, cookie, headers, &request).await;
    };
    browser.check(cookie, headers, &answer.csrf_token)?;
    back(&identity.decide(browser.person, &request, answer.decision).await?)
}

/// Away from here by GET, whatever brought the person here.
fn back(url: &Url) -> Result<Response> {
    let location = HeaderValue::try_from(url.as_str()).map_err(Error::internal)?;
    let headers = [(LOCATION, location), (CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    Ok((StatusCode::SEE_OTHER, headers).into_response())
}
