//! Language tags (RFC 5646) and the `Accept-Language` header (RFC 9110, section 12.5.4).

use super::field_errors::{ValueError, check_length};
use super::value_index::{Search, ValueBuffer};

/// How much of an `Accept-Language` header is looked at, in bytes. Browsers send less than 200.
const HEADER_BYTES_MAX: usize = 1024;

/// Names of one language, and the one that stands for all: ISO 639 renamed some, and the writing of Chinese goes by the place.
const ALIASES: [(&str, &str); 11] = [
    ("no", "nb"),
    ("iw", "he"),
    ("in", "id"),
    ("ji", "yi"),
    ("zh-hant-tw", "zh-hant"),
    ("zh-hans-cn", "zh-hans"),
    ("zh-tw", "zh-hant"),
    ("zh-cn", "zh-hans"),
    ("zh-hk", "zh-hant-hk"),
    ("zh-mo", "zh-hant-mo"),
    ("zh-sg", "zh-hans-sg"),
];

/// The two halves of a tag's usual form: a name that was put in the place of its beginning, and what stays, in its own case.
fn canonical(tag: &str) -> (&'static str, &str) {
    let renamed = |(alias, name): &(&str, &'static str)| {
        let (beginning, rest) = tag.split_at_checked(alias.len())?;
        let is_whole = rest.is_empty() || rest.starts_with('-');
        (is_whole && beginning.eq_ignore_ascii_case(alias)).then_some((*name, rest))
    };
    // Most tags are told from all of these by their first letter.
    let may_be_renamed = tag.bytes().next().is_some_and(|first| b"nijz".contains(&first.to_ascii_lowercase()));
    may_be_renamed.then(|| ALIASES.iter().find_map(renamed)).flatten().unwrap_or(("", tag))
}

/// Reads a tag of a rule, in its usual form and in lower case.
pub(super) fn parse(value: &str) -> Result<Box<str>, ValueError> {
    let malformed = || ValueError::new("language", "expected a language tag such as en or pt-BR");
    let mut subtags = check_length(value)?.split('-');
    let primary = subtags.next().unwrap_or_default();
    let primary_fits = (2..=8).contains(&primary.len()) && primary.bytes().all(|byte| byte.is_ascii_alphabetic());
    let subtag_fits =
        |subtag: &str| (1..=8).contains(&subtag.len()) && subtag.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !primary_fits || !subtags.all(subtag_fits) {
        return Err(malformed());
    }
    let (name, rest) = canonical(value);
    Ok([name, rest].concat().to_ascii_lowercase().into())
}

/// The tag with the highest quality, the first of equals; none if the header prefers nothing.
#[must_use]
pub fn preferred(accept_language: &str) -> Option<&str> {
    let mut best = None;
    let mut best_quality = 0;
    for entry in beginning(accept_language).split(',') {
        let (tag, parameters) = entry.split_once(';').unwrap_or((entry, ""));
        let (tag, quality) = (tag.trim(), quality(parameters));
        if quality > best_quality && !tag.is_empty() {
            best = Some(tag);
            best_quality = quality;
        }
    }
    best.filter(|tag| *tag != "*")
}

/// The entries that are whole within the first bytes of a header.
fn beginning(accept_language: &str) -> &str {
    if accept_language.len() <= HEADER_BYTES_MAX {
        return accept_language;
    }
    let cut = accept_language.floor_char_boundary(HEADER_BYTES_MAX);
    accept_language.split_at(cut).0.rsplit_once(',').map_or("", |(whole, _)| whole)
}

/// The `q` parameter in thousandths: 1,000 if there is none, 0 if it cannot be read.
fn quality(parameters: &str) -> u16 {
    let parameters = parameters.trim();
    if parameters.is_empty() {
        return 1_000;
    }
    let value = parameters.strip_prefix("q=").or_else(|| parameters.strip_prefix("Q=")).map(str::trim);
    let (whole, fraction) = match value {
        Some(value) => value.split_once('.').unwrap_or((value, "")),
        None => return 0,
    };
    if fraction.len() > 3 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return 0;
    }
    let digits = fraction.bytes().chain(std::iter::repeat(b'0')).take(3);
    let thousandths = digits.fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0'));
    match whole {
        "0" => thousandths,
        "1" => 1_000,
        _ => 0,
    }
}

/// Looks up the preferred language and every wider one: `en-GB` is `en` too (RFC 4647, section 3.3.1).
pub(super) fn look_up(accept_language: &str, search: &mut Search<'_>) {
    let Some(tag) = preferred(accept_language) else { return };
    let (name, rest) = canonical(tag);
    let mut range = ValueBuffer::new();
    for byte in name.bytes().chain(rest.bytes()) {
        if byte == b'-' {
            search.add(range.as_bytes());
        }
        if !range.push(std::iter::once(byte.to_ascii_lowercase())) {
            return;
        }
    }
    search.add(range.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rule::value_index::is_found;

    #[test]
    fn the_highest_quality_is_preferred() {
        assert_eq!(preferred("de-DE,de;q=0.9,en;q=0.8"), Some("de-DE"));
        assert_eq!(preferred("en;q=0.5, fr ; q=0.75 ,de;q=0.1"), Some("fr"));
        assert_eq!(preferred("en, fr"), Some("en"));
        assert_eq!(preferred("en;q=0"), None);
        assert_eq!(preferred("*"), None);
        assert_eq!(preferred("da;q=nonsense,fr;q=0.2"), Some("fr"));
        assert_eq!(preferred(""), None);
    }

    #[test]
    fn only_whole_entries_at_the_beginning_of_a_long_header_count() {
        let header = |bytes: usize| format!("de;q=0.1,{}en-GB,fr", "x;q=0,".repeat(bytes / 6));
        assert_eq!(preferred(&header(300)), Some("en-GB"));
        assert_eq!(preferred(&header(1_020)), Some("de"));
        assert_eq!(preferred(&"é".repeat(1_000)), None);
    }

    fn fits(range: &str, tag: &str) -> bool {
        is_found(parse(range).expect("a language"), |search| look_up(tag, search))
    }

    #[test]
    fn a_tag_fits_itself_and_what_is_narrower() {
        assert!(fits("en", "en-GB") && fits("EN-gb", "en-GB") && fits("en", "EN"));
        assert!(!fits("en-GB", "en") && !fits("en", "eng") && !fits("de", "en"));
        assert!(fits("zh-Hant", "zh-hant-TW"));
    }

    #[test]
    fn names_of_one_language_fit_each_other() {
        for (one, other) in
            [("no", "nb"), ("iw", "he"), ("in", "id"), ("ji", "yi"), ("zh-TW", "zh-Hant"), ("zh-CN", "zh-Hans")]
        {
            assert!(fits(one, other) && fits(other, one), "{one} {other}");
            assert!(fits(one, &format!("{other}-XX")) && fits(other, &format!("{one}-XX")), "{one} {other}");
        }
        assert!(fits("zh-TW", "zh-Hant-TW") && fits("zh-Hant-TW", "zh-tw") && fits("zh", "zh-TW"));
        assert!(fits("zh-Hant", "zh-HK") && fits("zh-HK", "zh-Hant-HK") && !fits("zh-HK", "zh-TW"));
        assert!(!fits("no", "nn") && !fits("no", "nob") && !fits("zh-CN", "zh-TW") && !fits("in", "inc"));
    }

    #[test]
    fn malformed_tags_are_refused() {
        assert!(parse("en").is_ok() && parse("zh-Hant-TW").is_ok() && parse("de-1996").is_ok());
        for value in ["", "e", "en_GB", "en-", "english language", "1en", "*"] {
            assert!(parse(value).is_err(), "{value}");
        }
    }
}
