//! Where codes of the OAuth2 provider may go (RFC 6749, section 3.1.2; RFC 8252, section 7; RFC 9700, section 4.1).
//!
//! Invariant: an address that is asked for is the registered one to the letter; of programs on the visitor's own machine the port
//! alone may differ. No pattern, prefix or other spelling is the same address.

use url::{Host, Url};

/// The longest address, in bytes.
pub const LENGTH_MAX: usize = 512;

/// Why no code may go to an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RedirectUriError {
    /// It is no address, or not written as addresses are.
    #[error(
        "write an absolute address in its normal form, such as https://example.com/callback, of at most 512 characters"
    )]
    NotNormal,
    /// It has a part that does not belong there.
    #[error("a redirect URI has no fragment, no user name, no password and no *")]
    ForbiddenPart,
    /// Others could read what goes there.
    #[error(
        "http:// is only for programs on the visitor's own machine: http://127.0.0.1/… or http://[::1]/…; not for localhost, which may be another machine"
    )]
    NotLoopback,
    /// Several programs could claim the scheme.
    #[error("a scheme of a program's own has a dot, as in com.example.app:/callback")]
    SchemeWithoutDot,
}

/// Looks whether a client may have codes sent here.
///
/// # Errors
/// What is wrong with the address.
pub fn check(text: &str) -> Result<(), RedirectUriError> {
    let url = normal(text).ok_or(RedirectUriError::NotNormal)?;
    let has_user = !url.username().is_empty() || url.password().is_some();
    if text.contains(['#', '*']) || has_user {
        return Err(RedirectUriError::ForbiddenPart);
    }
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_loopback(&url) => Ok(()),
        "http" => Err(RedirectUriError::NotLoopback),
        scheme if scheme.contains('.') => Ok(()),
        _ => Err(RedirectUriError::SchemeWithoutDot),
    }
}

/// Whether the address that is asked for is the registered one.
#[must_use]
pub fn is_same(registered: &str, asked: &str) -> bool {
    registered == asked || without_port(registered).is_some_and(|address| Some(address) == without_port(asked))
}

/// Whether nobody but the owner of a host name receives what goes there, so that a code reaches the very client.
#[must_use]
pub fn is_claimed(text: &str) -> bool {
    text.starts_with("https://")
}

/// An address that is written in the one form that it has.
fn normal(text: &str) -> Option<Url> {
    let is_printable = text.len() <= LENGTH_MAX && text.bytes().all(|byte| byte.is_ascii_graphic());
    let url = Url::parse(text).ok().filter(|_| is_printable)?;
    let is_normal = url.as_str() == text || url.as_str().strip_suffix('/') == Some(text);
    is_normal.then_some(url)
}

/// An address on the visitor's own machine, whichever port the program there was given (RFC 8252, section 7.3).
fn without_port(text: &str) -> Option<Url> {
    let mut url = normal(text).filter(|url| url.scheme() == "http" && is_loopback(url))?;
    url.set_port(None).ok()?;
    Some(url)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address == std::net::Ipv4Addr::LOCALHOST,
        Some(Host::Ipv6(address)) => address == std::net::Ipv6Addr::LOCALHOST,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn codes_go_to_https_to_ones_own_machine_and_to_schemes_of_programs() {
        for text in [
            "https://example.com/callback",
            "https://example.com",
            "https://example.com:8443/callback?of=elido",
            "http://127.0.0.1/callback",
            "http://127.0.0.1:49152/callback",
            "http://[::1]:1/",
            "com.example.app:/callback",
            "com.example.app://callback",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn codes_go_nowhere_else() {
        use RedirectUriError::{ForbiddenPart, NotLoopback, NotNormal, SchemeWithoutDot};
        for (text, error) in [
            ("", NotNormal),
            ("/callback", NotNormal),
            ("//example.com/callback", NotNormal),
            ("HTTPS://example.com/callback", NotNormal),
            ("https://EXAMPLE.com/callback", NotNormal),
            ("https://example.com/a/../callback", NotNormal),
            ("https://example.com/%2e%2e/callback", NotNormal),
            ("https://example.com\\@evil.example/", NotNormal),
            ("https://example.com:443/callback", NotNormal),
            ("https://example.com/call back", NotNormal),
            ("https://exämple.com/callback", NotNormal),
            ("https://example.com/callback\n", NotNormal),
            ("https://example.com/#callback", ForbiddenPart),
            ("https://*.example.com/callback", ForbiddenPart),
            ("https://example.com/*", ForbiddenPart),
            ("https://example.com@evil.example/", ForbiddenPart),
            ("https://u:p@example.com/", ForbiddenPart),
            ("http://example.com/callback", NotLoopback),
            ("http://localhost/callback", NotLoopback),
            ("http://127.0.0.2/callback", NotLoopback),
            ("http://127.0.0.1.example.com/callback", NotLoopback),
            ("javascript:alert(1)", SchemeWithoutDot),
            ("data:text/html,x", SchemeWithoutDot),
            ("myapp:/callback", SchemeWithoutDot),
        ] {
            assert_eq!(check(text), Err(error), "{text}");
        }
        assert_eq!(check(&format!("https://example.com/{}", "a".repeat(LENGTH_MAX))), Err(NotNormal));
    }

    #[test]
    fn of_ones_own_machine_the_port_alone_may_differ() {
        let registered = "http://127.0.0.1/callback";
        assert!(is_same(registered, "http://127.0.0.1:49152/callback"));
        assert!(is_same("http://127.0.0.1:1/callback", "http://127.0.0.1:2/callback"));
        assert!(is_same("http://[::1]/callback", "http://[::1]:49152/callback"));
        for asked in [
            "http://localhost:49152/callback",
            "http://[::1]:49152/callback",
            "https://127.0.0.1:49152/callback",
            "http://127.0.0.1:49152/callback/",
            "http://127.0.0.1:49152/callback?a=b",
            "http://127.0.0.1:49152/Callback",
            "http://user@127.0.0.1:49152/callback",
            "http://127.1:49152/callback",
            "http://127.0.0.1:49152@evil.example/callback",
        ] {
            assert!(!is_same(registered, asked), "{asked}");
        }
        assert!(!is_same("https://example.com/callback", "https://example.com:8443/callback"));
    }

    proptest! {
        #[test]
        fn nothing_added_to_an_address_is_the_same(before in "[ -~]{0,4}", after in "[ -~]{0,4}") {
            prop_assume!(!(before.is_empty() && after.is_empty()));
            for registered in ["https://example.com/callback", "com.example.app:/callback"] {
                let asked = format!("{before}{registered}{after}");
                prop_assert!(!is_same(registered, &asked));
            }
        }
    }
}
