//! Parameters of the query string that a visitor brings along.

use super::field_errors::{ValueError, check_length};
use super::limits::QUERY_BYTES_MAX;
use super::value_index::{Search, ValueBuffer};

/// How many parameters of a query string are looked at; a visitor chooses how many there are.
const PARAMETERS_MAX: usize = 100;

/// Reads `key` or `key=value` of a rule.
pub(super) fn parse(text: &str) -> Result<Box<str>, ValueError> {
    let key = check_length(text)?.split_once('=').map_or(text, |(key, _)| key);
    if key.is_empty() || key.contains('&') {
        return Err(ValueError::new("parameter", "expected key or key=value, not percent-encoded"));
    }
    Ok(text.into())
}

/// Looks up the parameters of a raw query, each by its key and by key and value.
pub(super) fn look_up(query: &str, search: &mut Search<'_>) {
    let beginning = query.as_bytes();
    let beginning = beginning.get(..QUERY_BYTES_MAX).unwrap_or(beginning);
    let mut parameter = ValueBuffer::new();
    for pair in beginning.split(|byte| *byte == b'&').take(PARAMETERS_MAX) {
        let mut parts = pair.splitn(2, |byte| *byte == b'=');
        let (key, value) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        parameter.clear();
        // A key with an equals sign is listed by no rule: there the first one ends the key.
        if !parameter.push(Decoded(key)) || parameter.as_bytes().contains(&b'=') {
            continue;
        }
        search.add(parameter.as_bytes());
        if parameter.push(std::iter::once(b'=').chain(Decoded(value))) {
            search.add(parameter.as_bytes());
        }
    }
}

/// The bytes that a form-encoded text means (WHATWG URL, application/x-www-form-urlencoded).
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
    use crate::domain::rule::value_index::is_found;

    fn has(query: &str, wanted: &str) -> bool {
        is_found(parse(wanted).expect("a parameter"), |search| look_up(query, search))
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
        assert!(!has("utm_source%3Dnews", "utm_source=news"));
        assert!(parse("=x").is_err() && parse("a&b").is_err() && parse("").is_err());
    }

    #[test]
    fn only_the_beginning_of_a_long_query_is_looked_at() {
        let many = |count| format!("{}last=1", "a&".repeat(count));
        assert!(has(&many(99), "last") && !has(&many(100), "last"));
        let long = |bytes: usize| format!("{}&last", "a".repeat(bytes));
        assert!(has(&long(QUERY_BYTES_MAX - 5), "last") && !has(&long(QUERY_BYTES_MAX), "last"));
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
