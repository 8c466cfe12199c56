//! Regular expressions over the `User-Agent` header.

use regex::{Regex, RegexBuilder};

use super::field_errors::ValueError;
use super::limits::{PATTERN_BYTES_MAX, PATTERN_CHARACTERS_MAX};

/// Reads a pattern of a rule; its matching takes time linear in the header's length.
pub(super) fn parse(pattern: &str) -> Result<Regex, ValueError> {
    let length = pattern.chars().count();
    if length == 0 || length > PATTERN_CHARACTERS_MAX {
        let message = format!("a pattern has 1 to {PATTERN_CHARACTERS_MAX} characters");
        return Err(ValueError::new("length", message));
    }
    let mut builder = RegexBuilder::new(pattern);
    builder.case_insensitive(true).size_limit(PATTERN_BYTES_MAX).dfa_size_limit(PATTERN_BYTES_MAX);
    builder.build().map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => {
            ValueError::new("pattern_too_large", "this regular expression takes too much memory; use fewer repetitions")
        }
        other => ValueError::new("pattern", format!("not a regular expression: {}", last_line(&other.to_string()))),
    })
}

/// What a parser's message ends with, which says what is wrong without drawing where.
fn last_line(message: &str) -> &str {
    message.lines().last().unwrap_or(message).trim_start_matches("error: ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_ignore_case() {
        assert!(parse("myapp/[0-9]+").is_ok_and(|regex| regex.is_match("Mozilla/5.0 MyApp/3.1")));
    }

    #[test]
    fn bad_and_too_large_patterns_are_refused() {
        let code = |pattern: &str| parse(pattern).map(drop).map_err(|error| error.code);
        assert_eq!(code("("), Err("pattern"));
        assert_eq!(code("(\\w{50}){50}"), Err("pattern_too_large"));
        assert_eq!(code(""), Err("length"));
        assert_eq!(code(&"a".repeat(513)), Err("length"));
        assert_eq!(code("(iPhone|iPad|iPod).*OS (1[5-9]|2\\d)_\\d+.*\\bVersion/\\w+"), Ok(()));
        assert!(parse("a)").is_err_and(|error| error.message == "not a regular expression: unopened group"));
    }
}
