//! One expression out of many words.

use regex::{Regex, RegexBuilder};

/// An expression, blind to case, that finds any of the `words`, which are expressions themselves.
pub(super) fn any_of(words: &[&str]) -> Result<Regex, regex::Error> {
    RegexBuilder::new(&words.join("|")).case_insensitive(true).build()
}
