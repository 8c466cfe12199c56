//! `/v1/auth/providers`: signing in through identity providers.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, LOCATION, SET_COOKIE};
use http::{HeaderMap, HeaderValue, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::IdentityApi;
use super::client::From;
use crate::domain::error::Error;
use crate::http::browser_cookie::BrowserCookie;
use crate::http::extract::Query;
use crate::http::path::Path;
use crate::http::problem::Problem;
use crate::http::responses::{ConflictProblem, ForbiddenProblem, NotFoundProblem, PlainProblems};
use crate::http::session_cookie::SessionCookie;
use crate::services::identity::{FinishedSignIn, Identity, ProviderAnswer, SIGN_IN_HOLDS_FOR, SignInStep};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct ProviderPath {
    /// What the operator calls the provider.
    provider: String,
}

/// Where to go on.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct BeginQuery {
    /// The path of this origin that the browser is sent to when it is signed in; `/` if absent.
    #[serde(default)]
    #[param(nullable = false, max_length = 1024, example = "/links?tag=new")]
    return_to: Option<String>,
}

/// What the provider sends along. It may send more, which is not looked at.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct CallbackQuery {
    /// What the browser was sent with.
    #[serde(default)]
    #[param(nullable = false, value_type = Option<String>, max_length = 1024)]
    state: Option<SecretString>,
    /// What is redeemed for the ID token.
    #[serde(default)]
    #[param(nullable = false, value_type = Option<String>, max_length = 4096)]
    code: Option<SecretString>,
    /// Whom the answer is from (RFC 9207).
    #[serde(default)]
    #[param(nullable = false, max_length = 1024)]
    iss: Option<String>,
    /// Why there is no code.
    #[serde(default)]
    #[param(nullable = false, max_length = 1024, example = "access_denied")]
    error: Option<String>,
}

/// A provider that people can sign in through.
#[derive(Debug, Serialize, ToSchema)]
struct ProviderView {
    /// What the operator calls it.
    #[schema(example = "corporate")]
    name: String,
    /// Where a browser goes to sign in. `?return_to=` names the path that it goes on at.
    #[schema(example = "/v1/auth/providers/corporate/sign-in")]
    sign_in_path: String,
}

/// All providers.
#[derive(Debug, Serialize, ToSchema)]
struct ProviderList {
    /// By name.
    #[schema(max_items = 32)]
    data: Vec<ProviderView>,
    /// Whether anybody may make an account with an address of their own (`requestRegistration`).
    open_registration: bool,
}

pub(super) fn routes() -> OpenApiRouter<IdentityApi> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(begin)).routes(routes!(finish))
}

/// List the identity providers that people can sign in through
#[utoipa::path(
    get, path = "/v1/auth/providers", operation_id = "listIdentityProviders", tag = "auth", security(()),
    responses((status = 200, description = "The providers.", body = ProviderList), PlainProblems)
)]
async fn list(State(identity): State<Identity>) -> Json<ProviderList> {
    let view = |name: String| ProviderView { sign_in_path: format!("/v1/auth/providers/{name}/sign-in"), name };
    let data = identity.provider_names().map(view).collect();
    Json(ProviderList { data, open_registration: identity.has_open_registration() })
}

/// Sign in through an identity provider
///
/// For browsers, which go here and are sent on to the provider.
#[utoipa::path(
    get, path = "/v1/auth/providers/{provider}/sign-in", operation_id = "beginProviderSignIn", tag = "auth", security(()),
    params(ProviderPath, BeginQuery),
    responses(
        (status = 303, description = "To the provider, with a cookie that the answer will need."),
        PlainProblems, NotFoundProblem,
    )
)]
async fn begin(
    State(identity): State<Identity>,
    State(cookie): State<BrowserCookie>,
    Path(path): Path<ProviderPath>,
    Query(query): Query<BeginQuery>,
) -> Result<Response, Problem> {
    let begun = identity.begin_provider_sign_in(&path.provider, query.return_to.as_deref()).await?;
    redirect(begun.url.as_str(), [cookie.set(&begun.kept, SIGN_IN_HOLDS_FOR)?])
}

/// Come back from an identity provider
///
/// Where providers send browsers to. The session goes into a cookie, as with `"cookie": true` at `/v1/auth/sign-in`, and the browser
/// to the path that the sign-in was begun with. Where the account has a second factor, that address gets `#challenge=…` in place of a
/// session; the page sends the challenge with a code to `/v1/auth/sign-in/second-factor`. Where somebody who is signed in links an identity,
/// nothing but that is done.
#[utoipa::path(
    get, path = "/v1/auth/providers/{provider}/callback", operation_id = "finishProviderSignIn", tag = "auth", security(()),
    params(ProviderPath, CallbackQuery),
    responses(
        (status = 303, description = "To where the sign-in was begun for, with the session in a cookie."),
        PlainProblems, ForbiddenProblem, NotFoundProblem, ConflictProblem,
    )
)]
async fn finish(
    State(api): State<IdentityApi>,
    From(client): From,
    Path(path): Path<ProviderPath>,
    Query(query): Query<CallbackQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let kept = api.sign_in_cookie.value(&headers);
    let answer = ProviderAnswer { state: query.state, code: query.code, issuer: query.iss, error: query.error };
    let finished = api.identity.finish_provider_sign_in(&path.provider, answer, kept, client).await;
    // Whatever came of it, the same answer counts no second time.
    let cleared = api.sign_in_cookie.clear()?;
    match finished {
        Ok(finished) => signed_in(&api.cookie, finished, cleared),
        Err(error) => Ok(([(SET_COOKIE, cleared)], Problem::from(error)).into_response()),
    }
}

fn signed_in(cookie: &SessionCookie, finished: FinishedSignIn, cleared: HeaderValue) -> Result<Response, Problem> {
    let mut return_to: Url = finished.return_to;
    match finished.step {
        None => redirect(return_to.as_str(), [cleared]),
        Some(SignInStep::SignedIn(issued)) => {
            let session = cookie.set(&issued.token, issued.lifetime)?;
            redirect(return_to.as_str(), [session, cleared])
        }
        Some(SignInStep::Challenged(challenge)) => {
            return_to.set_fragment(Some(&format!("challenge={}", challenge.token.expose_secret())));
            redirect(return_to.as_str(), [cleared])
        }
    }
}

fn redirect(to: &str, cookies: impl IntoIterator<Item = HeaderValue>) -> Result<Response, Problem> {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    headers.insert(LOCATION, HeaderValue::try_from(to).map_err(Error::internal)?);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    for cookie in cookies {
        headers.append(SET_COOKIE, cookie);
    }
    Ok(response)
}
