//! Slugs: the part of a short link after the host.

use std::fmt;

use rand::Rng;
use rand::seq::IteratorRandom;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::unicode_slug::{self, UnicodeSlugError};

/// The longest slug, in bytes of UTF-8.
pub const SLUG_LENGTH_MAX: usize = 190;
/// How long a random slug is.
pub const RANDOM_SLUG_LENGTH: usize = 7;
/// 57 characters: letters and digits without 0, O, I, l and 1, which look alike.
pub const RANDOM_ALPHABET: &[u8; 57] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// Paths that every redirect host answers by itself.
const RESERVED: [&str; 6] =
    ["robots.txt", "favicon.ico", "healthz", "sitemap.xml", "apple-app-site-association", ".well-known"];

/// A valid slug: 1 to 190 of `A-Z a-z 0-9 - _ . /`, not reserved; or with letters of other scripts and emoji, in its [`unicode_slug::form`].
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slug(Box<str>);

/// Why a text is not a slug.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SlugError {
    /// Empty or longer than 190 bytes.
    #[error(
        "a slug has 1 to {SLUG_LENGTH_MAX} characters; letters of other scripts count as two or three, emoji as four or more"
    )]
    Length,
    /// A character outside the allowed set.
    #[error("a slug consists of A-Z a-z 0-9 - _ . /")]
    Character,
    /// A slash at either end, two in a row, or a segment of dots only, which clients resolve away.
    #[error("a slug's segments must not be empty, \".\" or \"..\"")]
    Segment,
    /// The host answers this path by itself.
    #[error("this slug is reserved")]
    Reserved,
    /// It has other characters than ASCII, and is no slug for that.
    #[error(transparent)]
    Unicode(#[from] UnicodeSlugError),
}

impl Slug {
    /// Parses a custom slug.
    ///
    /// # Errors
    /// Says which of the rules the text breaks.
    pub fn parse(text: &str) -> Result<Self, SlugError> {
        if text.is_ascii() { Self::of_form(text) } else { Self::of_form(&unicode_slug::parse(text)?) }
    }

    fn of_form(text: &str) -> Result<Self, SlugError> {
        if text.is_empty() || text.len() > SLUG_LENGTH_MAX {
            return Err(SlugError::Length);
        }
        let is_allowed = |byte: u8| !byte.is_ascii() || byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
        if !text.bytes().all(is_allowed) {
            return Err(SlugError::Character);
        }
        if text.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
            return Err(SlugError::Segment);
        }
        if is_reserved_path(text) {
            return Err(SlugError::Reserved);
        }
        Ok(Self(text.into()))
    }

    /// Draws a random slug. 57^7 is about 1.95 × 10^12, so a clash is rare and the database's to notice.
    #[must_use]
    pub fn random(generator: &mut impl Rng) -> Self {
        let alphabet = RANDOM_ALPHABET.iter().copied().map(char::from);
        let text: String = (0..RANDOM_SLUG_LENGTH).filter_map(|_| alphabet.clone().choose(generator)).collect();
        Self(text.into_boxed_str())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether only domains with `unicode_slugs` have it.
    #[must_use]
    pub fn is_unicode(&self) -> bool {
        !self.0.is_ascii()
    }

    /// The form under which a domain that ignores case files this slug.
    #[must_use]
    pub fn to_lowercase(&self) -> Self {
        Self(self.0.to_ascii_lowercase().into_boxed_str())
    }
}

/// Whether a redirect host answers `path` (without its first slash) by itself.
#[must_use]
pub fn is_reserved_path(path: &str) -> bool {
    let first_segment = path.split('/').next().unwrap_or(path);
    RESERVED.iter().any(|reserved| first_segment.eq_ignore_ascii_case(reserved))
}

impl fmt::Display for Slug {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for Slug {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, formatter)
    }
}

impl Serialize for Slug {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Slug {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn custom_slugs_keep_to_the_rules() {
        assert!(Slug::parse("Summer_2026/a-b.c").is_ok());
        assert_eq!(Slug::parse(""), Err(SlugError::Length));
        assert_eq!(Slug::parse(&"a".repeat(191)), Err(SlugError::Length));
        assert_eq!(Slug::parse("a b"), Err(SlugError::Character));
        assert_eq!(Slug::parse("a//b"), Err(SlugError::Segment));
        assert_eq!(Slug::parse("a/../b"), Err(SlugError::Segment));
        assert_eq!(Slug::parse("Robots.txt"), Err(SlugError::Reserved));
        assert_eq!(Slug::parse(".well-known/x"), Err(SlugError::Reserved));
    }

    #[test]
    fn random_slugs_are_valid_and_differ() {
        let mut generator = rand::rng();
        let slug = Slug::random(&mut generator);
        assert_eq!(Slug::parse(slug.as_str()), Ok(slug.clone()));
        assert_ne!(Slug::random(&mut generator), slug);
    }
}
