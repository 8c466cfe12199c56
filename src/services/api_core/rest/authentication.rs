//! Finds out who sends a request, before anything else looks at it.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};

use crate::domain::error::{Error, ErrorKind};
use crate::http::credential::Credential;
use crate::http::problem::Problem;
use crate::services::api_core::ApiCore;

/// Puts the [`crate::services::api_core::Principal`] of a request into its extensions, and the [`Credential`] that limits go by. A request without a
/// credential passes as it is; one with a wrong credential is refused.
pub async fn authenticate(State(core): State<ApiCore>, mut request: Request, next: Next) -> Response {
    let token = match bearer(request.headers()) {
        Ok(None) => return next.run(request).await,
        Ok(Some(token)) => token,
        Err(error) => return Problem::from(error).into_response(),
    };
    match core.authenticate(&token).await {
        Ok(principal) => {
            request.extensions_mut().insert(Credential(principal.credential_id().into()));
            request.extensions_mut().insert(principal);
            next.run(request).await
        }
        Err(error) => Problem::from(error).into_response(),
    }
}

/// The token of the one `Authorization` header, over gRPC too; none if there is no such header.
///
/// # Errors
/// `Unauthenticated` if there are several, or something else in it.
pub(in crate::services::api_core) fn bearer(headers: &HeaderMap) -> Result<Option<String>, Error> {
    let mut values = headers.get_all(AUTHORIZATION).into_iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => bearer_token(value).map(Some).ok_or_else(unreadable),
        (Some(_), Some(_)) => Err(unreadable()),
    }
}

fn bearer_token(value: &HeaderValue) -> Option<String> {
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}

fn unreadable() -> Error {
    let message = "Send one header Authorization: Bearer, followed by a session token or an API key.";
    Error::new(ErrorKind::Unauthenticated, "unauthenticated", message)
}
