//! Who sits in front of a page, by the session cookie, and whether it was them who sent a form.

use http::HeaderMap;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use crate::domain::error::{Error, ErrorKind, Result};
use crate::domain::id::UserId;
use crate::http::browser_cookie::only_cookie;
use crate::http::session_cookie::{SessionCookie, csrf_token};
use crate::infra::identity_provider::KRATOS_COOKIE;
use crate::services::api_core::{ForeignSession, Principal};
use crate::services::identity::Identity;
use crate::services::identity::kratos_sessions::SECOND_FACTOR_NEEDED;

/// Somebody who is signed in.
pub(super) struct Browser {
    pub(super) person: UserId,
    session: SecretString,
}

impl Browser {
    /// Whoever the cookie stands for, ours or that of Ory Kratos; nobody, if the session is over, or proves too little.
    ///
    /// # Errors
    /// Those of the store; `Forbidden` if the person may not come in here.
    pub(super) async fn of(identity: &Identity, cookie: &SessionCookie, headers: &HeaderMap) -> Result<Option<Self>> {
        match Self::with_own_session(identity, cookie, headers).await? {
            None => Self::with_kratos_session(identity, headers).await,
            own => Ok(own),
        }
    }

    async fn with_own_session(
        identity: &Identity,
        cookie: &SessionCookie,
        headers: &HeaderMap,
    ) -> Result<Option<Self>> {
        let Some(session) = cookie.token(headers) else { return Ok(None) };
        match identity.core.authenticate(session.expose_secret()).await {
            Ok(Principal::Person { user_id: person, .. }) => Ok(Some(Self { person, session })),
            Err(error) if error.kind != ErrorKind::Unauthenticated => Err(error),
            _ => Ok(None),
        }
    }

    async fn with_kratos_session(identity: &Identity, headers: &HeaderMap) -> Result<Option<Self>> {
        let Some(session) = only_cookie(headers, KRATOS_COOKIE) else { return Ok(None) };
        match identity.kratos_session(&ForeignSession::Cookie(session.clone())).await {
            Ok(Some(Principal::Person { user_id: person, .. })) => Ok(Some(Self { person, session })),
            // The page asks for a password then, and for a code.
            Err(error) if error.kind == ErrorKind::Unavailable || error.code == SECOND_FACTOR_NEEDED => Ok(None),
            Err(error) => Err(error),
            Ok(_) => Ok(None),
        }
    }

    /// What a form of ours carries, and no page of another site can know.
    pub(super) fn csrf_token(&self) -> String {
        csrf_token(&self.session)
    }

    /// That the person sent a form, and no other site in their name.
    ///
    /// # Errors
    /// `Forbidden` otherwise.
    pub(super) fn check(&self, cookie: &SessionCookie, headers: &HeaderMap, sent: &str) -> Result<()> {
        cookie.check_site(headers)?;
        if self.csrf_token().as_bytes().ct_eq(sent.as_bytes()).into() {
            return Ok(());
        }
        let message = "This form is from another session. Go back to the program, and begin once more.";
        Err(Error::new(ErrorKind::Forbidden, "csrf_token_needed", message))
    }
}
