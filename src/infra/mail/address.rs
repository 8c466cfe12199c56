//! Addresses that mail can be sent to.

use std::fmt;
use std::str::FromStr;

/// An email address whose form was checked (RFC 5321): no space, no control character, no second line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address(lettre::Address);

/// Why a text is no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected an address such as ada@example.com")]
pub struct AddressError;

impl Address {
    pub(super) fn inner(&self) -> lettre::Address {
        self.0.clone()
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        // Quoted local parts may hold spaces, which nobody's real address does.
        if text.chars().any(|character| character.is_control() || character.is_whitespace()) {
            return Err(AddressError);
        }
        text.parse().map(Self).map_err(|_| AddressError)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_are_told_from_what_would_end_a_header() {
        for text in ["ada@example.com", "a+b@localhost", "ada@bücher.example", "o'brien@example.com"] {
            assert!(text.parse::<Address>().is_ok(), "{text}");
        }
        for text in [
            "",
            "ada",
            "@example.com",
            "ada@",
            "ada@example.com\r\nBcc: eve@example.com",
            "ada\r\n@example.com",
            "ada@example.com\0",
            "ada@example.com, eve@example.com",
            "<ada@example.com>",
            "Ada <ada@example.com>",
            "\"a b\"@example.com",
            "ada@example.com>\r\nRCPT TO:<eve@example.com",
        ] {
            assert_eq!(text.parse::<Address>(), Err(AddressError), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn no_address_holds_a_line_break_or_an_angle_bracket_outside_quotes(text in "[ -~\r\n\t]{0,12}@[ -~\r\n]{0,12}") {
            if let Ok(address) = text.parse::<Address>() {
                let shown = address.to_string();
                prop_assert!(!shown.contains(['\r', '\n', '\t', ' ', '\0']));
                prop_assert!(shown.contains('"') || !shown.contains(['<', '>', ',', ';']));
            }
        }
    }
}
