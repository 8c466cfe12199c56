//! The host name that a workspace claims, as people write it and as DNS knows it (UTS 46).

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};

use super::check::CHALLENGE_LABEL;
use crate::domain::folded_text::composed;
use crate::domain::hostname::{self, HOSTNAME_LENGTH_MAX, HostnameError};
use crate::domain::scripts::{self, MixedScripts};

/// The longest name that can be claimed, in characters of its ASCII form: there must be room for the label of the TXT record.
pub const CLAIMED_NAME_LENGTH_MAX: usize = HOSTNAME_LENGTH_MAX - CHALLENGE_LABEL.len() - 1;

/// A host name that can be a domain of short links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedName {
    /// In lower case and in Punycode.
    pub hostname: String,
    /// As people read it: as it was written, or in letters instead of Punycode.
    pub display_name: String,
}

/// Why a text cannot be claimed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClaimedNameError {
    /// It is no host name, or more than one.
    #[error(transparent)]
    Hostname(#[from] HostnameError),
    /// It is an address.
    #[error("an IP address cannot be a domain; write a host name such as go.example.com")]
    Address,
    /// It has one part.
    #[error("expected at least two parts, as in go.example.com")]
    OnePart,
    /// It is longer than DNS allows.
    #[error("a domain has at most {CLAIMED_NAME_LENGTH_MAX} characters, and each of its parts at most 63")]
    TooLong,
    /// It has characters that host names have not (RFC 1123, section 2.1).
    #[error("a part of a host name has letters, digits and hyphens, and neither begins nor ends with a hyphen")]
    Characters,
    /// It looks like another name (UTS 39).
    #[error(transparent)]
    MixedScripts(#[from] MixedScripts),
}

impl ClaimedName {
    /// Reads a host name as people write it.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, ClaimedNameError> {
        let known = hostname::canonical(text)?;
        let last = known.rsplit('.').next().unwrap_or_default();
        if known.starts_with('[') || last.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(ClaimedNameError::Address);
        }
        if !known.contains('.') {
            return Err(ClaimedNameError::OnePart);
        }
        if known.len() > CLAIMED_NAME_LENGTH_MAX || known.split('.').any(|part| part.len() > 63) {
            return Err(ClaimedNameError::TooLong);
        }
        let strict =
            Uts46::new().to_ascii(known.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast, DnsLength::Verify);
        let hostname = strict.map_err(|_| ClaimedNameError::Characters)?.into_owned();
        unicode(&hostname).split('.').try_for_each(scripts::refuse_mixed)?;
        let display_name = display_name(&hostname, text);
        Ok(Self { hostname, display_name })
    }
}

/// How a host name is shown: as `written` where that differs in nothing but case, and otherwise in letters instead of Punycode.
#[must_use]
pub fn display_name(hostname: &str, written: &str) -> String {
    let letters = unicode(hostname);
    let written = composed(written.trim().trim_end_matches('.'));
    if written.to_lowercase() == letters { written } else { letters }
}

fn unicode(hostname: &str) -> String {
    idna::domain_to_unicode(hostname).0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(text: &str) -> (String, String) {
        let name = ClaimedName::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        (name.hostname, name.display_name)
    }

    #[test]
    fn names_are_shown_as_people_wrote_them() {
        for (written, hostname, shown) in [
            ("go.example.com", "go.example.com", "go.example.com"),
            (" Go.Example.COM. ", "go.example.com", "Go.Example.COM"),
            ("bücher.example", "xn--bcher-kva.example", "bücher.example"),
            ("BÜCHER.example", "xn--bcher-kva.example", "BÜCHER.example"),
            ("bu\u{308}cher.example", "xn--bcher-kva.example", "bücher.example"),
            ("XN--BCHER-KVA.example", "xn--bcher-kva.example", "bücher.example"),
            ("ｇｏ.example", "go.example", "go.example"),
            ("посилання.укр", "xn--80aanslk2bfs.xn--j1amh", "посилання.укр"),
            ("リンクlink短縮.example", "xn--link-2d4c4e2h2640c78ub.example", "リンクlink短縮.example"),
            ("🍕.example", "xn--vi8h.example", "🍕.example"),
            ("a--b.example", "a--b.example", "a--b.example"),
        ] {
            let (known, display) = parsed(written);
            assert_eq!(display, shown, "{written}");
            assert!(known == hostname || known.starts_with("xn--"), "{written}: {known}");
        }
    }

    #[test]
    fn what_can_be_taken_for_another_name_is_refused_with_the_reason() {
        for (text, scripts) in [
            ("pаypal.example", "Cyrillic and Latin"),
            ("gοogle.example", "Greek and Latin"),
            ("go.exаmple", "Cyrillic and Latin"),
            ("xn--pypal-4ve.example", "Cyrillic and Latin"),
        ] {
            let error = ClaimedName::parse(text).expect_err(text).to_string();
            assert!(error.contains(&format!("mixes letters of {scripts}")), "{error}");
        }
    }

    #[test]
    fn what_is_no_domain_is_refused() {
        for (text, error) in [
            ("localhost", ClaimedNameError::OnePart),
            ("127.0.0.1", ClaimedNameError::Address),
            ("[::1]", ClaimedNameError::Address),
            ("a_b.example", ClaimedNameError::Characters),
            ("-a.example", ClaimedNameError::Characters),
            ("a-.example", ClaimedNameError::Characters),
            ("*.example.com", ClaimedNameError::Characters),
            (&format!("{}.example", "a".repeat(64)), ClaimedNameError::TooLong),
            (&format!("{}example", "a.".repeat(120)), ClaimedNameError::TooLong),
        ] {
            assert_eq!(ClaimedName::parse(text), Err(error), "{text}");
        }
        for text in ["", "a b.example", "https://go.example.com", "go.example.com:8080", "a..b", "go.example.com/x"] {
            assert!(ClaimedName::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_name_is_claimed_by_its_own_forms(text in "\\PC{0,20}\\.[a-zäж]{2,8}") {
            if let Ok(name) = ClaimedName::parse(&text) {
                let again = ClaimedName::parse(&name.hostname).expect("its ASCII form");
                prop_assert_eq!(&again.hostname, &name.hostname);
                prop_assert_eq!(ClaimedName::parse(&name.display_name).expect("as shown").hostname, name.hostname);
            }
        }
    }
}
