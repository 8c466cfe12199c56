//! Host names as people write them, and as links are filed under them.

use url::Host;

/// The longest host name, in characters (RFC 1035, section 2.3.4).
pub const HOSTNAME_LENGTH_MAX: usize = 253;

/// Why a text is not a host name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostnameError {
    /// It is more than a host name: a scheme, a port or a path belongs to it.
    #[error("write the host name alone, {0}, without a scheme, a port or a path")]
    NotAlone(String),
    /// It cannot be a host name.
    #[error("expected a host name such as go.example.com")]
    Invalid,
}

/// The form in which domains are known: in lower case, in Punycode, without the dot of the root.
///
/// # Errors
/// Says what to write instead.
pub fn canonical(text: &str) -> Result<String, HostnameError> {
    let text = text.trim();
    if text.chars().count() > HOSTNAME_LENGTH_MAX {
        return Err(HostnameError::Invalid);
    }
    let name = alone(text);
    let host = Host::parse(name.strip_suffix('.').unwrap_or(name)).map_err(|_| HostnameError::Invalid)?;
    if name == text { Ok(host.to_string()) } else { Err(HostnameError::NotAlone(host.to_string())) }
}

/// The part of an address that is its host name.
fn alone(text: &str) -> &str {
    let rest = text.split_once("//").map_or(text, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    match host.rsplit_once(':') {
        // The colons of an IPv6 address are in brackets.
        Some((name, port)) if !port.contains(']') => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_name_is_known_however_it_is_written() {
        for (written, known) in [
            ("go.example.com", "go.example.com"),
            (" GO.Example.COM. ", "go.example.com"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("BÜCHER.example.", "xn--bcher-kva.example"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
            ("localhost", "localhost"),
            ("127.0.0.1", "127.0.0.1"),
            ("[::1]", "[::1]"),
        ] {
            assert_eq!(canonical(written).as_deref(), Ok(known), "{written}");
        }
    }

    #[test]
    fn more_than_a_host_name_is_told_what_to_write() {
        for text in ["localhost:8080", "https://localhost", "https://localhost:8080/x?y#z", "LOCALHOST/", "//localhost"]
        {
            assert_eq!(canonical(text), Err(HostnameError::NotAlone("localhost".to_owned())), "{text}");
        }
        assert_eq!(canonical("[::1]:80"), Err(HostnameError::NotAlone("[::1]".to_owned())));
        for text in ["", ".", "a b", "https://", ":8080", "a\0b", "::1"] {
            assert_eq!(canonical(text), Err(HostnameError::Invalid), "{text}");
        }
        assert_eq!(canonical(&"0".repeat(254)), Err(HostnameError::Invalid));
    }
}
