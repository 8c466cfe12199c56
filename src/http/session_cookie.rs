//! Sessions of browsers: a cookie that no script can read, and what keeps other sites from using it.
//!
//! Invariants: a request that may change something counts only as the cookie's owner if it comes from a page of this origin, as the
//! browser itself says (`Sec-Fetch-Site`, or `Origin` of older ones), and carries the token of the very session, which no other
//! site can read or guess. The token is a keyed hash under the session's own secret: nothing is stored for it, and it ends with
//! the session.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::ORIGIN;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use ring::hmac;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;
use url::Url;

use super::browser_cookie::{BrowserCookie, CookieName};
use crate::domain::error::{Error, ErrorKind, Result};

/// The header that carries the token against forged requests.
pub const CSRF_TOKEN: HeaderName = HeaderName::from_static("x-csrf-token");
/// How a browser says which site a request comes from.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// What the cookie is called.
pub const NAME: CookieName = CookieName { secure: "__Host-elido_session", plain: "elido_session" };
/// What the hash is for.
const CSRF_CONTEXT: &[u8] = b"elido csrf token";

/// How the cookie of this installation looks. Clones are alike.
#[derive(Debug, Clone)]
pub struct SessionCookie {
    cookie: BrowserCookie,
    origin: String,
}

/// Put into the extensions of a request whose session came in the cookie.
#[derive(Debug, Clone)]
pub struct BySessionCookie(pub SecretString);

impl SessionCookie {
    /// For an API that is reached here.
    #[must_use]
    pub fn new(public_url: &Url) -> Self {
        Self { cookie: BrowserCookie::new(NAME, public_url), origin: public_url.origin().ascii_serialization() }
    }

    /// The session's secret in the one cookie of its name. Where there are several, somebody else has put one there.
    #[must_use]
    pub fn token(&self, headers: &HeaderMap) -> Option<SecretString> {
        self.cookie.value(headers)
    }

    /// `Set-Cookie` that begins a session of this length.
    ///
    /// # Errors
    /// Only for a secret that no header can carry.
    pub fn set(&self, token: &SecretString, lifetime: Duration) -> Result<HeaderValue> {
        self.cookie.set(token, lifetime)
    }

    /// `Set-Cookie` that takes the cookie away.
    ///
    /// # Errors
    /// None that can happen.
    pub fn clear(&self) -> Result<HeaderValue> {
        self.cookie.clear()
    }

    /// That a request which may change something was made by the owner of the cookie and not by another site.
    ///
    /// # Errors
    /// `Forbidden` otherwise.
    pub fn check(&self, method: &Method, headers: &HeaderMap, token: &SecretString) -> Result<()> {
        if method.is_safe() {
            return Ok(());
        }
        self.check_site(headers)?;
        let sent = headers.get(CSRF_TOKEN).map(HeaderValue::as_bytes).unwrap_or_default();
        if csrf_token(token).as_bytes().ct_eq(sent).into() {
            return Ok(());
        }
        let message =
            "A request with the session cookie needs the header X-CSRF-Token: ask GET /v1/auth/csrf-token for it.";
        Err(Error::new(ErrorKind::Forbidden, "csrf_token_needed", message))
    }

    /// That a request comes from a page of this origin, or from no page at all.
    ///
    /// # Errors
    /// `Forbidden` if another site made it.
    pub fn check_site(&self, headers: &HeaderMap) -> Result<()> {
        let is_own = match (headers.get(FETCH_SITE), headers.get(ORIGIN)) {
            (Some(site), _) => site == "same-origin" || site == "none",
            (None, Some(origin)) => origin == self.origin.as_str(),
            // No browser leaves out both where it sends what a page of another site asked for.
            (None, None) => true,
        };
        if is_own {
            return Ok(());
        }
        let message = "This request comes from a page of another site, which may not use the session cookie.";
        Err(Error::new(ErrorKind::Forbidden, "cross_site_request", message))
    }
}

/// What a page of this origin sends as `X-CSRF-Token` for as long as the session has this secret.
#[must_use]
pub fn csrf_token(token: &SecretString) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, token.expose_secret().as_bytes());
    URL_SAFE_NO_PAD.encode(hmac::sign(&key, CSRF_CONTEXT))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cookie(url: &str) -> SessionCookie {
        SessionCookie::new(&url.parse().expect("a URL"))
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pairs = pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().expect("a value")));
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name, value);
        }
        headers
    }

    #[test]
    fn only_pages_of_this_origin_with_the_token_of_the_session_change_anything() {
        let (cookie, token) = (cookie("https://api.example.com"), SecretString::from("session_x"));
        let (right, other) = (csrf_token(&token), csrf_token(&"session_y".into()));
        let check = |pairs: &[(&'static str, &str)]| {
            cookie.check(&Method::POST, &headers(pairs), &token).map_err(|error| error.code)
        };
        assert_eq!(check(&[("x-csrf-token", &right)]), Ok(()));
        assert_eq!(check(&[("x-csrf-token", &right), ("sec-fetch-site", "same-origin")]), Ok(()));
        assert_eq!(check(&[("x-csrf-token", &right), ("origin", "https://api.example.com")]), Ok(()));
        for site in ["cross-site", "same-site", ""] {
            assert_eq!(check(&[("x-csrf-token", &right), ("sec-fetch-site", site)]), Err("cross_site_request"));
        }
        for origin in ["https://example.com", "http://api.example.com", "https://api.example.com:444", "null"] {
            assert_eq!(check(&[("x-csrf-token", &right), ("origin", origin)]), Err("cross_site_request"), "{origin}");
        }
        for token in ["", "x", &other, "session_x"] {
            assert_eq!(check(&[("x-csrf-token", token)]), Err("csrf_token_needed"));
        }
        assert_eq!(check(&[]), Err("csrf_token_needed"));
        assert!(cookie.check(&Method::GET, &headers(&[("sec-fetch-site", "cross-site")]), &token).is_ok());
    }
}
