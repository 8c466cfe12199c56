//! What a browser keeps while it is at an identity provider: a cookie that no script can read and no other host can set.

use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::session_cookie::only_cookie;
use crate::domain::error::{Error, Result};

const SECURE_NAME: &str = "__Host-elido_sign_in";
const PLAIN_NAME: &str = "elido_sign_in";

/// How the cookie of this installation looks. Clones are alike.
#[derive(Debug, Clone)]
pub struct SignInCookie {
    is_secure: bool,
}

impl SignInCookie {
    /// For an API that is reached here.
    #[must_use]
    pub fn new(public_url: &Url) -> Self {
        Self { is_secure: public_url.scheme() == "https" }
    }

    /// What the browser kept.
    #[must_use]
    pub fn kept(&self, headers: &HeaderMap) -> Option<SecretString> {
        only_cookie(headers, self.name())
    }

    /// `Set-Cookie` that has it kept for so long.
    ///
    /// # Errors
    /// Only for what no header can carry.
    pub fn set(&self, kept: &SecretString, time: Duration) -> Result<HeaderValue> {
        self.header(kept.expose_secret(), time.as_secs())
    }

    /// `Set-Cookie` that takes it away.
    ///
    /// # Errors
    /// None that can happen.
    pub fn clear(&self) -> Result<HeaderValue> {
        self.header("", 0)
    }

    fn name(&self) -> &'static str {
        if self.is_secure { SECURE_NAME } else { PLAIN_NAME }
    }

    /// Lax, because it has to come along when the provider sends the browser back.
    fn header(&self, value: &str, seconds: u64) -> Result<HeaderValue> {
        let (name, secure) = (self.name(), if self.is_secure { "; Secure" } else { "" });
        let text = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
        let mut header = HeaderValue::try_from(text).map_err(Error::internal)?;
        header.set_sensitive(true);
        Ok(header)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_https_no_other_host_can_set_it() {
        let cookie = SignInCookie::new(&"https://api.example.com".parse().expect("a URL"));
        let header = cookie.set(&"x".into(), Duration::from_secs(600)).expect("a header");
        assert_eq!(header, "__Host-elido_sign_in=x; Path=/; Max-Age=600; HttpOnly; SameSite=Lax; Secure");
        let mut headers = HeaderMap::new();
        headers.insert("cookie", "elido_sign_in=y; __Host-elido_sign_in=x".parse().expect("a value"));
        assert_eq!(cookie.kept(&headers).map(|kept| kept.expose_secret().to_owned()).as_deref(), Some("x"));
    }
}
