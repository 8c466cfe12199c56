//! Regular expressions over the `User-Agent` header, as automata that look at each byte once.
//!
//! Invariant: a match costs a few nanoseconds a byte of at most
//! [`USER_AGENT_BYTES_MAX`], whatever the pattern and whatever the header. A
//! pattern whose automaton would be too large is refused when the rule is made.

use regex_automata::dfa::dense::{Config, DFA};
use regex_automata::dfa::{Automaton, StartKind, dense};
use regex_automata::nfa::thompson;
use regex_automata::util::syntax;
use regex_automata::{Input, MatchKind};

use super::field_errors::ValueError;
use super::limits::{PATTERN_BYTES_MAX, PATTERN_CHARACTERS_MAX, USER_AGENT_BYTES_MAX};

/// A pattern that is ready to be asked.
#[derive(Debug)]
pub(super) struct Pattern(DFA<Vec<u32>>);

impl Pattern {
    /// Whether the pattern is somewhere in the beginning of the header.
    pub fn is_in(&self, user_agent: &str) -> bool {
        let beginning = user_agent.as_bytes();
        let beginning = beginning.get(..USER_AGENT_BYTES_MAX).unwrap_or(beginning);
        // An automaton without Unicode word boundaries and without quitting bytes never fails.
        self.0.try_search_fwd(&Input::new(beginning).earliest(true)).is_ok_and(|found| found.is_some())
    }

    /// What it takes on the heap, in bytes.
    pub fn heap_bytes(&self) -> usize {
        self.0.memory_usage()
    }
}

/// Reads a pattern of a rule. Letters are told apart by no case, and classes such as `\w` hold ASCII alone.
pub(super) fn parse(pattern: &str) -> Result<Pattern, ValueError> {
    let length = pattern.chars().count();
    if length == 0 || length > PATTERN_CHARACTERS_MAX {
        let message = format!("a pattern has 1 to {PATTERN_CHARACTERS_MAX} characters");
        return Err(ValueError::new("length", message));
    }
    let limits = Config::new()
        .match_kind(MatchKind::All)
        .start_kind(StartKind::Unanchored)
        // Searching for the next byte of interest costs more than a step of the automaton where every byte is of interest.
        .accelerate(false)
        .dfa_size_limit(Some(PATTERN_BYTES_MAX))
        .determinize_size_limit(Some(4 * PATTERN_BYTES_MAX));
    dense::Builder::new()
        .configure(limits)
        .syntax(syntax::Config::new().case_insensitive(true).unicode(false).utf8(false))
        .thompson(thompson::Config::new().utf8(false).nfa_size_limit(Some(PATTERN_BYTES_MAX)))
        .build(pattern)
        .map(Pattern)
        .map_err(|_| refused(pattern))
}

fn refused(pattern: &str) -> ValueError {
    // What is no regular expression at all is said in the words of the parser.
    match regex::bytes::RegexBuilder::new(pattern).unicode(false).build() {
        Err(regex::Error::Syntax(text)) => {
            ValueError::new("pattern", format!("not a regular expression: {}", last_line(&text)))
        }
        _ => too_large(),
    }
}

fn too_large() -> ValueError {
    ValueError::new("pattern_too_large", "this regular expression takes too much memory; use fewer repetitions")
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
        assert!(parse("myapp/[0-9]+").is_ok_and(|pattern| pattern.is_in("Mozilla/5.0 MyApp/3.1")));
        assert!(parse("^mozilla.*\\bapp$").is_ok_and(|pattern| pattern.is_in("Mozilla/5.0 App")));
        assert!(parse("^app").is_ok_and(|pattern| !pattern.is_in("Mozilla/5.0 App")));
        assert!(parse("z². play").is_ok_and(|pattern| pattern.is_in("Moto Z². Play")));
    }

    #[test]
    fn bad_and_too_large_patterns_are_refused() {
        let code = |pattern: &str| parse(pattern).map(drop).map_err(|error| error.code);
        assert_eq!(code("("), Err("pattern"));
        assert_eq!(code("(\\w{50}){50}"), Err("pattern_too_large"));
        assert_eq!(code("(a|b)*a(a|b){20}"), Err("pattern_too_large"));
        assert_eq!(code(""), Err("length"));
        assert_eq!(code(&"a".repeat(513)), Err("length"));
        assert_eq!(code("(iPhone|iPad|iPod).*OS (1[5-9]|2\\d)_\\d+.*\\bVersion/\\w+"), Ok(()));
        assert!(parse("a)").is_err_and(|error| error.message == "not a regular expression: unopened group"));
    }

    #[test]
    fn only_the_beginning_of_a_header_is_looked_at() {
        let pattern = parse("needle").expect("a pattern");
        assert!(pattern.is_in(&format!("{}needle", "x".repeat(USER_AGENT_BYTES_MAX - 6))));
        assert!(!pattern.is_in(&format!("{}needle", "x".repeat(USER_AGENT_BYTES_MAX - 5))));
    }
}
