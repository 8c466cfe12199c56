//! Parameters of the query string that a visitor brings along.

use super::field_errors::{ValueError, check_length};

/// How many parameters of a query string are looked at; a visitor chooses how many there are.
const PARAMETERS_MAX: usize = 100;

/// What a rule asks of the query string.
#[derive(Debug)]
pub(super) struct Parameter {
    key: Box<str>,
    value: Option<Box<str>>,
}

impl Parameter {
    /// Reads `key` or `key=value`.
    pub fn parse(text: &str) -> Result<Self, ValueError> {
        let (key, value) = match check_length(text)?.split_once('=') {
            Some((key, value)) => (key, Some(value.into())),
            None => (text, None),
        };
        if key.is_empty() || key.contains('&') {
            return Err(ValueError::new("parameter", "expected key or key=value, not percent-encoded"));
        }
        Ok(Self { key: key.into(), value })
    }

    /// Whether the raw `query` has this parameter.
    fn is_in(&self, query: &str) -> bool {
        parameters(query).any(|(key, value)| {
            decodes_to(key, &self.key) && self.value.as_deref().is_none_or(|wanted| decodes_to(value, wanted))
        })
    }

    /// Memory on the heap, in bytes.
    pub fn heap_bytes(&self) -> usize {
        self.key.len() + self.value.as_deref().map_or(0, str::len)
    }
}

/// Whether the raw `query` has any of the `wanted` parameters.
pub(super) fn contains_any(query: &str, wanted: &[Parameter]) -> bool {
    !query.is_empty() && wanted.iter().any(|parameter| parameter.is_in(query))
}

fn parameters(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query.split('&').take(PARAMETERS_MAX).map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

/// Whether the form-encoded text means `plain` (WHATWG URL, application/x-www-form-urlencoded).
fn decodes_to(encoded: &str, plain: &str) -> bool {
    Decoded(encoded.as_bytes()).eq(plain.bytes())
}

/// The bytes that a form-encoded text means.
struct Decoded<'a>(&'a [u8]);

impl Iterator for Decoded<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        match (first, rest) {
            (b'+', _) => Some(b' '),
            (b'%', [high, low, after @ ..]) => match (hexadecimal(*high), hexadecimal(*low)) {
                (Some(high), Some(low)) => {
                    self.0 = after;
                    Some(high << 4 | low)
                }
                _ => Some(b'%'),
            },
            _ => Some(first),
        }
    }
}

const fn hexadecimal(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn has(query: &str, wanted: &str) -> bool {
        contains_any(query, &[Parameter::parse(wanted).expect("a parameter")])
    }

    #[test]
    fn keys_and_values_are_found_in_any_encoding() {
        assert!(has("a=1&utm_source=news", "utm_source"));
        assert!(has("a=1&utm%5Fsource=n%65ws", "utm_source=news"));
        assert!(has("q=a+b", "q=a b") && has("q=a%20b", "q=a b") && has("q=a%2Bb", "q=a+b"));
        assert!(has("flag", "flag") && has("flag", "flag=") && has("x=1=2", "x=1=2"));
        assert!(has("100%", "100%") && has("%zz=1", "%zz"));
    }

    #[test]
    fn other_keys_and_values_are_not() {
        assert!(!has("utm_source2=news", "utm_source"));
        assert!(!has("utm_source=newsletter", "utm_source=news"));
        assert!(!has("UTM_SOURCE=news", "utm_source"));
        assert!(!has("", "a"));
        assert!(Parameter::parse("=x").is_err() && Parameter::parse("a&b").is_err() && Parameter::parse("").is_err());
    }

    proptest! {
        #[test]
        fn what_a_browser_encodes_is_understood(key in "[^&=]{1,20}", value in "\\PC{0,40}", before in "\\PC{0,20}") {
            let query = url::form_urlencoded::Serializer::new(String::new())
                .append_pair("before", &before)
                .append_pair(&key, &value)
                .finish();
            let wanted = format!("{key}={value}");
            prop_assert!(has(&query, &wanted));
            prop_assert!(has(&query, &key));
        }
    }
}
