//! A cookie that no script can read and no other host can set.

use std::time::Duration;

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::domain::error::{Error, Result};

/// How a cookie of this installation looks. Clones are alike.
#[derive(Debug, Clone)]
pub struct BrowserCookie {
    is_secure: bool,
    name: &'static str,
}

/// What a cookie is called: by https, where browsers then take it from this host alone, by TLS alone, for all paths; and on plain
/// http, as on one's own machine.
#[derive(Debug, Clone, Copy)]
pub struct CookieName {
    /// By https; begins with `__Host-`.
    pub secure: &'static str,
    /// By http.
    pub plain: &'static str,
}

/// What a browser keeps while it is at an identity provider.
pub const SIGN_IN: CookieName = CookieName { secure: "__Host-elido_sign_in", plain: "elido_sign_in" };

impl BrowserCookie {
    /// For an API that is reached here.
    #[must_use]
    pub fn new(name: CookieName, public_url: &Url) -> Self {
        let is_secure = public_url.scheme() == "https";
        Self { is_secure, name: if is_secure { name.secure } else { name.plain } }
    }

    /// What the browser kept; nothing where there are several of the name, because somebody else has put one there.
    #[must_use]
    pub fn value(&self, headers: &HeaderMap) -> Option<SecretString> {
        only_cookie(headers, self.name)
    }

    /// `Set-Cookie` that has this kept for so long.
    ///
    /// # Errors
    /// Only for what no header can carry.
    pub fn set(&self, value: &SecretString, lifetime: Duration) -> Result<HeaderValue> {
        self.header(value.expose_secret(), lifetime.as_secs())
    }

    /// `Set-Cookie` that takes the cookie away.
    ///
    /// # Errors
    /// None that can happen.
    pub fn clear(&self) -> Result<HeaderValue> {
        self.header("", 0)
    }

    /// Lax, so that it comes along when somebody follows a link to a page of this origin, or a provider sends them back.
    fn header(&self, value: &str, seconds: u64) -> Result<HeaderValue> {
        let (name, secure) = (self.name, if self.is_secure { "; Secure" } else { "" });
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str, lines: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(COOKIE, line.parse().expect("a value"));
        }
        let cookie = BrowserCookie::new(SIGN_IN, &url.parse().expect("a URL"));
        cookie.value(&headers).map(|value| value.expose_secret().to_owned())
    }

    #[test]
    fn by_https_the_cookie_is_of_this_host_alone() {
        let cookie = |url: &str| BrowserCookie::new(SIGN_IN, &url.parse().expect("a URL"));
        let text = cookie("https://api.example.com").set(&"x".into(), Duration::from_secs(60)).expect("a header");
        assert_eq!(text, "__Host-elido_sign_in=x; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure");
        let text = cookie("http://localhost:8090").clear().expect("a header");
        assert_eq!(text, "elido_sign_in=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
    }

    #[test]
    fn one_cookie_of_the_name_is_read_and_no_other() {
        let (https, http) = ("https://api.example.com", "http://localhost");
        assert_eq!(read(https, &["a=b; __Host-elido_sign_in=x", "c=d"]).as_deref(), Some("x"));
        assert_eq!(read(http, &["elido_sign_in=x"]).as_deref(), Some("x"));
        assert_eq!(read(https, &["elido_sign_in=x"]), None);
        assert_eq!(read(http, &["elido_sign_in=x; elido_sign_in=y"]), None);
        assert_eq!(read(http, &["elido_sign_in=x", "elido_sign_in=x"]), None);
        assert_eq!(read(http, &["elido_sign_in=", "xelido_sign_in=y"]), None);
    }
}
