//! Which links a path may mean: the whole of it, or a beginning whose link appends the rest to its destination.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::domain::slug::{SLUG_LENGTH_MAX, is_reserved_path};

/// How many links are looked up for one path at the most.
const CANDIDATES_MAX: usize = 8;

/// A path that could be a link's.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LinkPath<'a> {
    path: Cow<'a, str>,
    /// Whether it ended in `+`: show where the link goes instead of going there.
    pub(super) preview: bool,
}

impl<'a> LinkPath<'a> {
    /// Reads the path of a request; `None` where no link can have it.
    pub(super) fn parse(path: &'a str, case_sensitive: bool) -> Option<Self> {
        let path = path.strip_prefix('/').unwrap_or(path);
        let (path, preview) = match decoded(path)? {
            Cow::Borrowed(path) => cut_preview(path),
            Cow::Owned(path) => {
                let (cut, preview) = cut_preview(&path);
                (Cow::Owned(cut.into_owned()), preview)
            }
        };
        let first = path.split('/').next().unwrap_or_default();
        if first.is_empty() || first.len() > SLUG_LENGTH_MAX || is_reserved_path(&path) {
            return None;
        }
        let lower = !case_sensitive && path.bytes().any(|byte| byte.is_ascii_uppercase());
        Some(Self { path: if lower { path.to_ascii_lowercase().into() } else { path }, preview })
    }

    /// Each slug that the path may mean, the longest first, and what of the path is left after it.
    pub(super) fn candidates(&self) -> impl Iterator<Item = (&str, &str)> {
        let whole = self.path.trim_end_matches('/');
        let shorter = whole.rmatch_indices('/').map(|(end, _)| end);
        std::iter::once(whole.len())
            .chain(shorter)
            .filter_map(|end| self.path.split_at_checked(end))
            .filter(|(slug, _)| is_slug(slug))
            .take(CANDIDATES_MAX)
    }
}

fn decoded(path: &str) -> Option<Cow<'_, str>> {
    if path.contains('%') { percent_decode_str(path).decode_utf8().ok() } else { Some(path.into()) }
}

fn cut_preview(path: &str) -> (Cow<'_, str>, bool) {
    match path.strip_suffix('+') {
        Some(path) => (path.into(), true),
        None => (path.into(), false),
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

    fn candidates(path: &str) -> Vec<(String, String)> {
        let path = LinkPath::parse(path, true).expect("a path");
        path.candidates().map(|(slug, rest)| (slug.to_owned(), rest.to_owned())).collect()
    }

    fn pair(slug: &str, rest: &str) -> (String, String) {
        (slug.to_owned(), rest.to_owned())
    }

    #[test]
    fn the_longest_slug_comes_first() {
        assert_eq!(candidates("/abc"), [pair("abc", "")]);
        assert_eq!(candidates("/a/b/c"), [pair("a/b/c", ""), pair("a/b", "/c"), pair("a", "/b/c")]);
        assert_eq!(candidates("/abc/"), [pair("abc", "/")]);
        assert_eq!(candidates("/a/caf\u{e9}"), [pair("a", "/caf\u{e9}")]);
    }

    #[test]
    fn a_plus_asks_for_the_preview() {
        let path = LinkPath::parse("/abc+", true).expect("a path");
        assert!(path.preview);
        assert_eq!(path.candidates().next(), Some(("abc", "")));
        assert!(LinkPath::parse("/abc%2B", true).is_some_and(|path| path.preview));
    }

    #[test]
    fn reserved_paths_are_no_links_and_case_is_the_domains_choice() {
        assert_eq!(LinkPath::parse("/.well-known/x", true), None);
        assert_eq!(LinkPath::parse("/Robots.txt", true), None);
        let folded = LinkPath::parse("/ABC", false).expect("a path");
        assert_eq!(folded.candidates().next(), Some(("abc", "")));
    }

    proptest! {
        #[test]
        fn no_path_panics_and_every_candidate_is_a_beginning(path in "/\\PC{0,60}") {
            if let Some(parsed) = LinkPath::parse(&path, true) {
                for (slug, rest) in parsed.candidates() {
                    prop_assert_eq!(format!("{slug}{rest}"), &*parsed.path);
                }
            }
        }
    }
}
