//! Words that slugs must not be, and words that they must not hold.
//!
//! A reserved word is refused as the whole slug or its first segment. An offensive word is refused as a word of the slug, however its letters
//! are set apart or replaced by digits; only those that the list marks by stars are refused within other words too, so that
//! places and names that happen to hold one stay free.

use std::collections::HashSet;

use unicode_normalization::char::is_combining_mark;

use super::slug::Slug;
use super::unicode_slug;

/// What is reserved unless the operator says otherwise.
const RESERVED: &str = include_str!("../../config/reserved_words.txt");
/// What is offensive unless the operator says otherwise.
const OFFENSIVE: &str = include_str!("../../config/offensive_words.txt");

/// The digits that stand for letters, and the letters.
const DIGIT_LETTERS: [(char, char); 7] =
    [('0', 'o'), ('1', 'i'), ('3', 'e'), ('4', 'a'), ('5', 's'), ('7', 't'), ('8', 'b')];

/// The shortest word that is looked for where digits are read as letters.
const READ_LENGTH_MIN: usize = 4;

/// Words that slugs must not be, and words that they must not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlugWords {
    reserved: HashSet<String>,
    whole: HashSet<String>,
    anywhere: Vec<String>,
}

/// Why a slug is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SlugWordError {
    /// It is a reserved word.
    #[error("this slug is a reserved word on this installation; choose another one")]
    Reserved,
    /// It holds an offensive word.
    #[error("this slug holds a word that is not allowed on this installation; choose another one")]
    Offensive,
}

impl SlugWordError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Reserved => "reserved_word",
            Self::Offensive => "offensive_word",
        }
    }
}

impl Default for SlugWords {
    fn default() -> Self {
        Self::new(None, None)
    }
}

impl SlugWords {
    /// From lists with a word a line, where `#` begins a comment and stars around an offensive word refuse it within other words too;
    /// the lists that come with the program where there is none.
    #[must_use]
    pub fn new(reserved: Option<&str>, offensive: Option<&str>) -> Self {
        let (anywhere, whole): (Vec<String>, Vec<String>) =
            lines(offensive.unwrap_or(OFFENSIVE)).partition(|line| line.starts_with('*') && line.ends_with('*'));
        Self {
            reserved: lines(reserved.unwrap_or(RESERVED)).collect(),
            whole: whole.into_iter().collect(),
            anywhere: anywhere
                .iter()
                .map(|word| word.trim_matches('*').to_owned())
                .filter(|word| !word.is_empty())
                .collect(),
        }
    }

    /// # Errors
    /// Says why a slug that somebody chose is refused.
    pub fn check(&self, slug: &Slug) -> Result<(), SlugWordError> {
        let text = slug.as_str();
        let first = text.split('/').next().unwrap_or(text);
        let is_reserved = |text: &str| self.reserved.contains(&text.to_ascii_lowercase());
        if is_reserved(text) || is_reserved(first) {
            return Err(SlugWordError::Reserved);
        }
        if self.is_offensive(text) { Err(SlugWordError::Offensive) } else { Ok(()) }
    }

    /// Whether a slug holds an offensive word.
    #[must_use]
    pub fn is_offensive(&self, text: &str) -> bool {
        let read = with_letters(text);
        let as_written = forms(text).any(|form| self.is_offensive_form(&form, 1));
        // Short words with digits in them are as often names, such as a55.
        as_written || forms(&read).any(|form| self.is_offensive_form(&form, READ_LENGTH_MIN))
    }

    fn is_offensive_form(&self, form: &str, length_min: usize) -> bool {
        let words: Vec<&str> = form.split(is_separator).filter(|word| !word.is_empty()).collect();
        let joined = words.concat();
        let is_whole = |word: &str| word.chars().count() >= length_min && self.whole.contains(word);
        words.iter().any(|word| is_whole(word))
            || spelled(&words).any(|word| is_whole(&word))
            || self.anywhere.iter().any(|word| joined.contains(word))
    }
}

fn lines(text: &str) -> impl Iterator<Item = String> {
    let words = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    words.filter(|word| !word.is_empty()).map(as_in_slugs)
}

/// A word in the one form that letters have in slugs.
fn as_in_slugs(word: &str) -> String {
    unicode_slug::form(word.trim_matches('*'))
        .map_or_else(|| word.to_lowercase(), |form| word.replace(word.trim_matches('*'), &form))
}

/// With letters for the digits that stand for them.
fn with_letters(text: &str) -> String {
    let replaced = |character: char| {
        let letter = DIGIT_LETTERS.iter().find(|(digit, _)| *digit == character);
        letter.map_or(character, |(_, letter)| *letter)
    };
    text.chars().map(replaced).collect()
}

/// In lower case, as it is and with capitals setting words apart.
fn forms(text: &str) -> impl Iterator<Item = String> {
    [set_apart(text).to_ascii_lowercase(), text.to_ascii_lowercase()].into_iter()
}

/// With a hyphen where a word begins by a capital after a small letter.
fn set_apart(text: &str) -> String {
    let mut apart = String::with_capacity(text.len().saturating_mul(2));
    let mut after_small = false;
    for character in text.chars() {
        if after_small && character.is_ascii_uppercase() {
            apart.push('-');
        }
        after_small = character.is_ascii_lowercase();
        apart.push(character);
    }
    apart
}

/// Digits set words apart. Marks belong to their letters, in whatever script.
fn is_separator(character: char) -> bool {
    !character.is_alphabetic() && !is_combining_mark(character)
}

/// Words whose letters stand alone, put together.
fn spelled<'a>(words: &'a [&'a str]) -> impl Iterator<Item = String> + 'a {
    words.split(|word| word.chars().nth(1).is_some()).filter(|run| run.len() > 1).map(<[&str]>::concat)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(words: &SlugWords, slug: &str) -> Result<(), SlugWordError> {
        words.check(&Slug::parse(slug).expect("a slug"))
    }

    #[test]
    fn words_are_refused_whole_spelled_out_with_digits_and_joined_where_that_is_obvious() {
        let words = SlugWords::new(Some("admin\nlogin # a page"), Some("# no words\nrude\n*vile*"));
        for slug in [
            "rude",
            "so-rude",
            "Rude.link",
            "r-u-d-e",
            "soRude",
            "rud3",
            "RUDE/x",
            "vile",
            "viler",
            "soVILEone",
            "v1le",
            "un-vile-d",
        ] {
            assert_eq!(check(&words, slug), Err(SlugWordError::Offensive), "{slug}");
        }
        for slug in ["crude", "rudeness", "prude", "drude-r", "sale", "rud", "a-r-u-d", "Scunthorpe"] {
            assert_eq!(check(&words, slug), Ok(()), "{slug}");
        }
        for slug in ["admin", "ADMIN", "login/x"] {
            assert_eq!(check(&words, slug), Err(SlugWordError::Reserved), "{slug}");
        }
        assert_eq!(check(&words, "admin-guide"), Ok(()));
    }

    #[test]
    fn the_lists_that_come_along_leave_ordinary_words_alone() {
        let words = SlugWords::default();
        let ordinary = "scunthorpe essex class assassin cocktail dickens analysis therapist penistone shitake-mushrooms hancock basement \
                        passport grape spring-sale summer_2026 Black.Friday docs/guide constitution arsenal mass-transit titan sussex \
                        pussycat cumulus hello niggle raccoon swank cockpit shuttlecock document canal galaxy-a55";
        for slug in ordinary.split_whitespace() {
            assert_eq!(check(&words, slug), Ok(()), "{slug}");
        }
        for slug in ["fuck", "FuckYou", "sh1t", "s-h-i-t", "motherfucker", "c.u.n.t", "nazi"] {
            assert_eq!(check(&words, slug), Err(SlugWordError::Offensive), "{slug}");
        }
        for slug in ["admin", "login", "api"] {
            assert_eq!(check(&words, slug), Err(SlugWordError::Reserved), "{slug}");
        }
    }
}
