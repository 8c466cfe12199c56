//! Finds out who sends a request, before anything else looks at it.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};

use crate::domain::error::{Error, ErrorKind};
use crate::http::browser_cookie::only_cookie;
use crate::http::credential::{Caller, Credential};
use crate::http::problem::Problem;
use crate::http::session_cookie::{BySessionCookie, SessionCookie};
use crate::infra::identity_provider::KRATOS_COOKIE;
use crate::services::api_core::{ApiCore, ForeignSession, Principal};

/// The header in which programs prove a session at Ory Kratos.
const FOREIGN_SESSION_TOKEN: HeaderName = HeaderName::from_static("x-session-token");

/// Put into the extensions of a request whose session is one at an identity provider.
#[derive(Debug, Clone)]
pub struct ByForeignSession(pub ForeignSession);

/// Put into the extensions of a request whose cookie could not be looked at, so that operations which need nobody go on.
#[derive(Debug, Clone)]
pub(super) struct CredentialUnavailable(pub(super) String);

/// What finding out needs. Clones share it.
#[derive(Clone)]
pub struct Authentication {
    /// Knows credentials.
    pub core: ApiCore,
    /// Where browsers keep their session.
    pub cookie: SessionCookie,
}

/// Puts the [`Principal`] of a request into its extensions, and the [`Credential`] that limits go by. A request without a
/// credential passes as it is; one with a wrong credential is refused, and counts for its address as if it had none, so that nobody
/// tries any number of them, while those that hold go on from there. A cookie counts only where there is no `Authorization`, and
/// one whose session is over is as good as none, so that its owner can sign in again.
pub async fn authenticate(State(known): State<Authentication>, mut request: Request, next: Next) -> Response {
    let sender = Caller::of(request.extensions());
    match known.identify(&mut request).await {
        Ok(()) => next.run(request).await,
        Err(error) => known.refuse(sender, error).await,
    }
}

impl Authentication {
    async fn refuse(&self, sender: Option<Caller>, error: Error) -> Response {
        match (error.kind, self.core.rate_limit(), sender) {
            (ErrorKind::Unauthenticated, Some(limit), Some(sender)) => limit.refuse(&sender, error).await,
            _ => Problem::from(error).into_response(),
        }
    }

    async fn identify(&self, request: &mut Request) -> Result<(), Error> {
        if let Some(token) = bearer(request.headers())? {
            let principal = self.core.authenticate(&token).await?;
            note(request, principal);
        } else if let Some(token) = foreign_token(request.headers()) {
            let session = ForeignSession::Token(token);
            let principal = self.core.authenticate_foreign_session(&session).await?.ok_or_else(session_is_over)?;
            request.extensions_mut().insert(ByForeignSession(session));
            note(request, principal);
        } else if let Some(token) = self.cookie.token(request.headers()) {
            self.identify_by_cookie(request, token).await?;
        } else if let Some(token) = only_cookie(request.headers(), KRATOS_COOKIE) {
            self.identify_by_foreign_cookie(request, token).await?;
        }
        Ok(())
    }

    async fn identify_by_foreign_cookie(&self, request: &mut Request, token: SecretString) -> Result<(), Error> {
        let session = ForeignSession::Cookie(token.clone());
        let principal = match self.core.authenticate_foreign_session(&session).await {
            Ok(Some(principal)) => principal,
            Ok(None) => return Ok(()),
            Err(error) if error.kind == ErrorKind::Unavailable => {
                request.extensions_mut().insert(CredentialUnavailable(error.message));
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        self.cookie.check(request.method(), request.headers(), &token)?;
        request.extensions_mut().insert(BySessionCookie(token));
        request.extensions_mut().insert(ByForeignSession(session));
        note(request, principal);
        Ok(())
    }

    async fn identify_by_cookie(&self, request: &mut Request, token: SecretString) -> Result<(), Error> {
        let principal = match self.core.authenticate(token.expose_secret()).await {
            Ok(principal @ Principal::Person { .. }) => principal,
            Err(error) if error.kind != ErrorKind::Unauthenticated => return Err(error),
            _ => return Ok(()),
        };
        self.cookie.check(request.method(), request.headers(), &token)?;
        request.extensions_mut().insert(BySessionCookie(token));
        note(request, principal);
        Ok(())
    }
}

fn note(request: &mut Request, principal: Principal) {
    request.extensions_mut().insert(Credential(principal.credential_id().into()));
    if let Some(own) = principal.own_rate() {
        request.extensions_mut().insert(own);
    }
    request.extensions_mut().insert(principal);
}

fn foreign_token(headers: &HeaderMap) -> Option<SecretString> {
    let token = headers.get(FOREIGN_SESSION_TOKEN)?.to_str().ok()?.trim();
    (!token.is_empty()).then(|| token.into())
}

fn session_is_over() -> Error {
    let message = "No identity provider knows a session by this X-Session-Token, or it is over. Sign in again.";
    Error::new(ErrorKind::Unauthenticated, "unauthenticated", message)
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
    let message = "Send one header Authorization: Bearer, followed by a session token, an API key or an access token.";
    Error::new(ErrorKind::Unauthenticated, "unauthenticated", message)
}
