//! Punctuation that programs which find links in text take for part of a link.

/// More of it is no text around a link, and would make a long path dear.
const COUNT_MAX: usize = 8;
const TEXT_MARKS: [&str; 29] = [
    ".",
    ",",
    ";",
    ":",
    "!",
    ")",
    "]",
    "}",
    ">",
    "*",
    "'",
    "\"",
    "\u{bb}",
    "\u{2019}",
    "\u{201d}",
    "\u{2026}",
    "%20",
    "%22",
    "%27",
    "%29",
    "%2c",
    "%2e",
    "%3e",
    "%3f",
    "%5d",
    "%7d",
    "%c2%a0",
    "%e2%80%99",
    "%e2%80%9d",
];

/// A percent-encoded path without such punctuation at its end: at most eight marks are taken away.
#[must_use]
pub fn without(path: &str) -> &str {
    let mut path = path;
    for _ in 0..COUNT_MAX {
        let Some(shorter) = TEXT_MARKS.iter().find_map(|mark| without_mark(path, mark)) else { break };
        path = shorter;
    }
    path
}

/// Compared without regard to case.
fn without_mark<'a>(path: &'a str, mark: &str) -> Option<&'a str> {
    let (shorter, end) = path.split_at_checked(path.len().checked_sub(mark.len())?)?;
    end.eq_ignore_ascii_case(mark).then_some(shorter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_nothing_but_marks_costs_no_more_than_a_few() {
        assert_eq!(without("a%29.\""), "a");
        for mark in ["'", "%5d", "%e2%80%99"] {
            let path = format!("a{}", mark.repeat(10_000));
            assert_eq!(without(&path).len(), path.len() - COUNT_MAX * mark.len());
        }
    }
}
