//! Which links a path may lead to: the one with the whole path as its slug, or one whose slug is a prefix and that forwards the rest.
//!
//! Invariant: slugs are compared decoded; the rest of a path stays as it was sent.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::domain::link::DomainRecord;
use crate::domain::slug::{SLUG_LENGTH_MAX, is_reserved_path};
use crate::domain::trailing_punctuation;
use crate::domain::unicode_slug;

/// The most links that are looked up for one path: half with the longest possible slugs, half with the shortest.
const CANDIDATES_MAX: usize = 8;
/// The longest slug with every byte percent-encoded.
const ENCODED_SLUG_BYTES_MAX: usize = 3 * SLUG_LENGTH_MAX;

/// How a domain files slugs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SlugRules {
    /// Whether `/Sale` and `/sale` are two links.
    pub(super) case_sensitive: bool,
    /// Whether slugs may have letters of other scripts and emoji.
    pub(super) unicode: bool,
}

impl From<&DomainRecord> for SlugRules {
    fn from(domain: &DomainRecord) -> Self {
        Self { case_sensitive: domain.case_sensitive, unicode: domain.unicode_slugs }
    }
}

/// A path that may lead to a link.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LinkPath<'a> {
    /// The path as it was sent, without the first slash.
    path: &'a str,
    rules: SlugRules,
}

/// A link that a path may lead to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Candidate<'a> {
    /// Its slug, as the domain files it.
    pub(super) slug: Cow<'a, str>,
    /// The rest of the path after the slug, as it was sent.
    pub(super) rest: &'a str,
    /// Whether a `+` follows the slug, which asks for a preview.
    pub(super) preview: bool,
}

impl<'a> LinkPath<'a> {
    /// Parses the path of a request. `None` if no link can have it.
    pub(super) fn parse(path: &'a str, rules: SlugRules) -> Option<Self> {
        let path = path.strip_prefix('/').unwrap_or(path);
        let first = path.split('/').next().unwrap_or_default();
        if first.is_empty() || first.len() > ENCODED_SLUG_BYTES_MAX || is_reserved_path(&decoded(path)?) {
            return None;
        }
        Some(Self { path, rules })
    }

    /// The same path without trailing punctuation. `None` if there is none, or nothing is left.
    pub(super) fn without_trailing_punctuation(&self) -> Option<Self> {
        let path = trailing_punctuation::without(self.path);
        (path.len() < self.path.len()).then(|| Self::parse(path, self.rules)).flatten()
    }

    /// Every link that the path may lead to, longest slug first.
    pub(super) fn candidates(&self) -> impl Iterator<Item = Candidate<'a>> {
        let count = self.ends().count();
        let is_asked = move |place: usize| place < CANDIDATES_MAX / 2 || place + CANDIDATES_MAX / 2 >= count;
        let (path, rules) = (self.path, self.rules);
        let asked = self.ends().enumerate().filter(move |(place, _)| is_asked(*place));
        asked.filter_map(move |(_, end)| candidate(path, end, rules))
    }

    /// The offsets at which a slug may end, last first.
    fn ends(&self) -> impl Iterator<Item = usize> + use<'a> {
        let whole = self.path.trim_end_matches('/');
        let beginning = whole.get(..whole.floor_char_boundary(ENCODED_SLUG_BYTES_MAX + 1)).unwrap_or(whole);
        let shorter = beginning.rmatch_indices('/').map(|(end, _)| end).filter(|end| *end > 0);
        (whole.len() <= ENCODED_SLUG_BYTES_MAX + 1).then_some(whole.len()).into_iter().chain(shorter)
    }
}

fn candidate(path: &str, end: usize, rules: SlugRules) -> Option<Candidate<'_>> {
    let (slug, rest) = path.split_at_checked(end)?;
    let slug = decoded(slug)?;
    // Whatever follows another slash is the visitor's own.
    let preview = slug.ends_with('+') && matches!(rest, "" | "/");
    let slug = if preview { without_last(slug) } else { slug };
    if rules.unicode && !slug.is_ascii() {
        let slug = unicode_slug::form(&slug).filter(|slug| (1..=SLUG_LENGTH_MAX).contains(&slug.len()))?;
        return (!is_reserved_path(&slug)).then(|| Candidate { slug: slug.into(), rest, preview });
    }
    let lower = !rules.case_sensitive && slug.bytes().any(|byte| byte.is_ascii_uppercase());
    let slug = if lower { slug.to_ascii_lowercase().into() } else { slug };
    is_slug(&slug).then_some(Candidate { slug, rest, preview })
}

fn decoded(path: &str) -> Option<Cow<'_, str>> {
    if path.contains('%') { percent_decode_str(path).decode_utf8().ok() } else { Some(path.into()) }
}

fn without_last(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => text.get(..text.len() - 1).unwrap_or_default().into(),
        Cow::Owned(mut text) => {
            text.pop();
            text.into()
        }
    }
}

fn is_slug(text: &str) -> bool {
    let is_slug_byte = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/');
    (1..=SLUG_LENGTH_MAX).contains(&text.len()) && text.bytes().all(is_slug_byte)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ASCII: SlugRules = SlugRules { case_sensitive: true, unicode: false };
    const FOLDED: SlugRules = SlugRules { case_sensitive: false, unicode: false };
    const UNICODE: SlugRules = SlugRules { case_sensitive: true, unicode: true };

    fn candidates(path: &str) -> Vec<(String, String)> {
        let path = LinkPath::parse(path, ASCII).expect("a path");
        path.candidates().map(|candidate| (candidate.slug.into_owned(), candidate.rest.to_owned())).collect()
    }

    fn pair(slug: &str, rest: &str) -> (String, String) {
        (slug.to_owned(), rest.to_owned())
    }

    fn previews(path: &str) -> Vec<(String, bool)> {
        let path = LinkPath::parse(path, ASCII).expect("a path");
        path.candidates().map(|candidate| (candidate.slug.into_owned(), candidate.preview)).collect()
    }

    #[test]
    fn the_longest_slug_comes_first() {
        assert_eq!(candidates("/abc"), [pair("abc", "")]);
        assert_eq!(candidates("/a/b/c"), [pair("a/b/c", ""), pair("a/b", "/c"), pair("a", "/b/c")]);
        assert_eq!(candidates("/abc/"), [pair("abc", "/")]);
        assert_eq!(candidates("/a/caf\u{e9}"), [pair("a", "/caf\u{e9}")]);
    }

    #[test]
    fn letters_of_other_scripts_meet_one_slug_however_they_are_written() {
        let first = |path: &str| {
            let path = LinkPath::parse(path, UNICODE)?;
            path.candidates().next().map(|candidate| candidate.slug.into_owned())
        };
        for path in ["/gr\u{f6}\u{df}e", "/Gr%C3%B6%C3%9Fe", "/gro\u{308}\u{df}e", "/gro%CC%88%C3%9FE/"] {
            assert_eq!(first(path).as_deref(), Some("gr\u{f6}\u{df}e"), "{path}");
        }
        assert_eq!(first("/%F0%9F%8D%95").as_deref(), Some("\u{1f355}"));
        assert_eq!(first("/Sale").as_deref(), Some("Sale"), "case is the domain's choice for ASCII");
        let reserved = LinkPath::parse("/\u{ff52}obots.txt", UNICODE).expect("a path");
        assert_eq!(reserved.candidates().next(), None);
        let unseen = LinkPath::parse("/%E2%80%8B", UNICODE).expect("a path");
        assert_eq!(unseen.candidates().next(), None, "nothing is left of what nobody sees");
        assert_eq!(LinkPath::parse("/gr\u{f6}\u{df}e", ASCII).expect("a path").candidates().next(), None);
        let preview = LinkPath::parse("/caf%C3%A9+", UNICODE).expect("a path");
        assert!(preview.candidates().next().is_some_and(|first| first.preview && first.slug == "caf\u{e9}"));
    }

    #[test]
    fn the_rest_stays_as_it_was_sent() {
        assert_eq!(candidates("/a/b%2Fc").last(), Some(&pair("a", "/b%2Fc")));
        assert_eq!(candidates("/%61/50%2525"), [pair("a", "/50%2525")]);
        assert_eq!(candidates("/a/https://x.org"), [pair("a", "/https://x.org")]);
        let folded = LinkPath::parse("/A/B", FOLDED).expect("a path");
        assert_eq!(
            folded.candidates().last().map(|last| (last.slug.into_owned(), last.rest)),
            Some(("a".to_owned(), "/B"))
        );
    }

    #[test]
    fn the_shortest_slugs_are_asked_for_however_deep_the_path_is() {
        for depth in [8, 50, 500, 5_000] {
            let rest = "/x".repeat(depth);
            let found = candidates(&format!("/abc{rest}"));
            assert!(found.contains(&pair("abc", &rest)), "{depth}");
            assert!(found.len() <= CANDIDATES_MAX);
        }
        assert_eq!(candidates(&format!("/a/{}", "y".repeat(30_000))).last().map(|(slug, _)| &**slug), Some("a"));
    }

    #[test]
    fn a_plus_behind_the_slug_asks_for_the_preview_and_one_behind_more_does_not() {
        assert_eq!(previews("/abc+"), [("abc".to_owned(), true)]);
        assert_eq!(previews("/abc%2B"), [("abc".to_owned(), true)]);
        assert_eq!(previews("/abc/C%2B%2B"), [("abc".to_owned(), false)]);
        assert_eq!(previews("/abc/C+"), [("abc/C".to_owned(), true), ("abc".to_owned(), false)]);
    }

    fn without_marks(path: &str) -> Option<&str> {
        LinkPath::parse(path, ASCII).expect("a path").without_trailing_punctuation().map(|path| path.path)
    }

    #[test]
    fn the_marks_of_the_text_around_a_link_can_be_left_out() {
        for path in [
            "/a.b.",
            "/a.b)",
            "/a.b%20",
            "/a.b%2E",
            "/a.b%2e%29.",
            "/a.b\u{201d}",
            "/a.b%E2%80%9D,",
            "/a.b\">",
            "/a.b...",
        ] {
            assert_eq!(without_marks(path), Some("a.b"), "{path}");
        }
        assert_eq!(without_marks("/a/b)"), Some("a/b"));
        assert_eq!(without_marks("/a+."), Some("a+"));
        for path in ["/a.b", "/a.b&c=d", "/a_", "/a-", "/...", "/a./", "/robots.txt."] {
            assert_eq!(without_marks(path), None, "{path}");
        }
    }

    #[test]
    fn reserved_paths_are_no_links_and_case_is_the_domains_choice() {
        assert_eq!(LinkPath::parse("/.well-known/x", ASCII), None);
        assert_eq!(LinkPath::parse("/Robots.txt", ASCII), None);
        let folded = LinkPath::parse("/ABC", FOLDED).expect("a path");
        assert_eq!(folded.candidates().next().map(|first| first.slug.into_owned()).as_deref(), Some("abc"));
    }

    proptest! {
        #[test]
        fn no_path_panics_and_every_rest_is_an_end(path in "/\\PC{0,60}") {
            if let Some(parsed) = LinkPath::parse(&path, ASCII) {
                if let Some(shorter) = parsed.without_trailing_punctuation() {
                    prop_assert!(path.starts_with('/') && parsed.path.starts_with(shorter.path));
                }
                for candidate in parsed.candidates() {
                    prop_assert!(path.ends_with(candidate.rest));
                }
            }
        }
    }
}
