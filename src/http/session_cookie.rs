//! Sessions of browsers: a cookie that no script can read, and what keeps other sites from using it.
//!
//! Invariants: a request that may change something counts only as the cookie's owner if it comes from a page of this origin, as the
//! browser itself says (`Sec-Fetch-Site`, or `Origin` of older ones), and carries the token of the very session, which no other
//! site can read or guess. The token is a keyed hash under the session's own secret: nothing is stored for it, and it ends with
//! the session.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{COOKIE, ORIGIN};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use ring::hmac;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;
use url::Url;

use crate::domain::error::{Error, ErrorKind, Result};

/// The header that carries the token against forged requests.
pub const CSRF_TOKEN: HeaderName = HeaderName::from_static("x-csrf-token");
/// How a browser says which site a request comes from.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// The name where the API is reached by https: browsers then take it from this host alone, by TLS alone, for all paths.
const SECURE_NAME: &str = "__Host-elido_session";
/// The name on plain http, as on one's own machine.
pub const PLAIN_NAME: &str = "elido_session";
/// What the hash is for.
const CSRF_CONTEXT: &[u8] = b"elido csrf token";

/// How the cookie of this installation looks. Clones are alike.
#[derive(Debug, Clone)]
pub struct SessionCookie {
    is_secure: bool,
    origin: String,
}

/// Put into the extensions of a request whose session came in the cookie.
#[derive(Debug, Clone)]
pub struct BySessionCookie(pub SecretString);

impl SessionCookie {
    /// For an API that is reached here.
    #[must_use]
    pub fn new(public_url: &Url) -> Self {
        Self { is_secure: public_url.scheme() == "https", origin: public_url.origin().ascii_serialization() }
    }

    /// The session's secret in the one cookie of its name. Where there are several, somebody else has put one there.
    #[must_use]
    pub fn token(&self, headers: &HeaderMap) -> Option<SecretString> {
        only_cookie(headers, self.name())
    }

    /// `Set-Cookie` that begins a session of this length.
    ///
    /// # Errors
    /// Only for a secret that no header can carry.
    pub fn set(&self, token: &SecretString, lifetime: Duration) -> Result<HeaderValue> {
        self.header(token.expose_secret(), lifetime.as_secs())
    }

    /// `Set-Cookie` that takes the cookie away.
    ///
    /// # Errors
    /// None that can happen.
    pub fn clear(&self) -> Result<HeaderValue> {
        self.header("", 0)
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

    fn name(&self) -> &'static str {
        if self.is_secure { SECURE_NAME } else { PLAIN_NAME }
    }

    /// Lax, so that who follows a link to a page of this origin is signed in there; what changes something is guarded besides.
    fn header(&self, value: &str, seconds: u64) -> Result<HeaderValue> {
        let (name, secure) = (self.name(), if self.is_secure { "; Secure" } else { "" });
        let text = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
        let mut header = HeaderValue::try_from(text).map_err(Error::internal)?;
        header.set_sensitive(true);
        Ok(header)
    }
}

/// The value of the one cookie of a name; none where there are several.
#[must_use]
pub fn only_cookie(headers: &HeaderMap, wanted: &str) -> Option<SecretString> {
    let pairs = headers.get_all(COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let pairs = pairs.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut values = pairs.filter(|(name, _)| *name == wanted).map(|(_, value)| value);
    match (values.next(), values.next()) {
        (Some(value), None) if !value.is_empty() => Some(value.into()),
        _ => None,
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

    fn read(url: &str, lines: &[&str]) -> Option<String> {
        let lines: Vec<_> = lines.iter().map(|line| ("cookie", *line)).collect();
        cookie(url).token(&headers(&lines)).map(|token| token.expose_secret().to_owned())
    }

    #[test]
    fn by_https_the_cookie_is_of_this_host_alone() {
        let text =
            cookie("https://api.example.com").set(&"session_x".into(), Duration::from_secs(60)).expect("a header");
        assert_eq!(text, "__Host-elido_session=session_x; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure");
        let text = cookie("http://localhost:8090").clear().expect("a header");
        assert_eq!(text, "elido_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
    }

    #[test]
    fn one_cookie_of_the_name_is_read_and_no_other() {
        let (https, http) = ("https://api.example.com", "http://localhost");
        assert_eq!(read(https, &["a=b; __Host-elido_session=x", "c=d"]).as_deref(), Some("x"));
        assert_eq!(read(http, &["elido_session=x"]).as_deref(), Some("x"));
        assert_eq!(read(https, &["elido_session=x"]), None);
        assert_eq!(read(http, &["elido_session=x; elido_session=y"]), None);
        assert_eq!(read(http, &["elido_session=x", "elido_session=x"]), None);
        assert_eq!(read(http, &["elido_session=", "xelido_session=y"]), None);
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
