//! What a visitor's own path and query may add to a destination.
//!
//! Invariants: nothing that the visitor sends changes the scheme, host or port.
//! What stays is copied byte for byte, the destination's as it was written and
//! the visitor's as it was sent; names are decoded only to be compared.

use std::borrow::Cow;
use std::collections::HashSet;

use http::HeaderValue;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode, utf8_percent_encode};

use crate::domain::link::ForwardQuery;
use crate::domain::url::{DESTINATION_BYTES_MAX, Destination};

/// The query parameter by which the platform's own QR images mark a scan; it is never passed on.
pub(super) const QR_MARKER: &str = "qr=1";
/// How many parameters both queries may have together for names to be compared; with more, the visitor's are appended.
const COMPARED_MAX: usize = 256;
/// What browsers, too, encode in a query (URL Standard, query percent-encode set).
const UNSAFE_IN_QUERY: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>');
/// The same for a path, and what browsers take for a slash.
const UNSAFE_IN_PATH: &AsciiSet = &UNSAFE_IN_QUERY.add(b'\\').add(b'^').add(b'`').add(b'{').add(b'}');

/// What became of a destination.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Forwarded {
    /// It is as it was.
    Unchanged,
    /// It leads there.
    To(HeaderValue),
    /// With the path it is longer than a destination may be.
    TooLong,
}

/// The destination with the visitor's path suffix and query added. A query that makes it too long is left out. Only web
/// addresses take anything: in those of apps the query says who is written to.
pub(super) fn forward(destination: &Destination, suffix: &str, query: &str, mode: ForwardQuery) -> Forwarded {
    let text = destination.as_str();
    if !text.starts_with("https://") && !text.starts_with("http://") {
        return Forwarded::Unchanged;
    }
    let (rest, fragment) = split_before(text, '#');
    let (base, own) = split_before(rest, '?');
    let path = with_suffix(base, suffix);
    if path.len() + own.len() + fragment.len() > DESTINATION_BYTES_MAX {
        return Forwarded::TooLong;
    }
    let room = DESTINATION_BYTES_MAX - path.len() - fragment.len();
    let merged = merged_query(own, query, mode).filter(|merged| merged.len() <= room);
    if merged.is_none() && matches!(path, Cow::Borrowed(_)) {
        return Forwarded::Unchanged;
    }
    let forwarded = [&*path, merged.as_deref().unwrap_or(own), fragment].concat();
    HeaderValue::from_str(&forwarded).map_or(Forwarded::Unchanged, Forwarded::To)
}

/// The text before a mark, and the rest with the mark.
fn split_before(text: &str, mark: char) -> (&str, &str) {
    text.find(mark).and_then(|at| text.split_at_checked(at)).unwrap_or((text, ""))
}

/// Dot segments are taken out, so that nobody climbs out of the destination's own path.
fn with_suffix<'a>(base: &'a str, suffix: &str) -> Cow<'a, str> {
    if suffix.is_empty() {
        return base.into();
    }
    let base = base.strip_suffix('/').unwrap_or(base);
    let suffix = suffix.strip_prefix('/').unwrap_or(suffix);
    let mut path = String::with_capacity(base.len() + suffix.len() + 1);
    path.push_str(base);
    if suffix.split('/').any(is_dots) {
        suffix.split('/').filter(|segment| !is_dots(segment)).for_each(|segment| push_segments(&mut path, segment));
        if suffix.rsplit('/').next().is_some_and(is_dots) {
            path.push('/');
        }
    } else {
        push_segments(&mut path, suffix);
    }
    path.into()
}

/// Whether a segment is `.` or `..`, however its dots are written.
fn is_dots(segment: &str) -> bool {
    let without_dot = |text: &'_ str| -> Option<usize> {
        let is_encoded = text.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("%2e"));
        if text.starts_with('.') { Some(1) } else { is_encoded.then_some(3) }
    };
    let Some(first) = without_dot(segment) else { return false };
    let rest = segment.get(first..).unwrap_or_default();
    rest.is_empty() || without_dot(rest) == Some(rest.len())
}

/// Adds what a visitor sent, which is nearly always safe as it is.
fn push_segments(path: &mut String, sent: &str) {
    path.push('/');
    path.extend(utf8_percent_encode(sent, UNSAFE_IN_PATH));
}

/// The destination's query with the visitor's, each with its `?`; none if nothing of the visitor's is added.
fn merged_query(own: &str, query: &str, mode: ForwardQuery) -> Option<String> {
    if mode == ForwardQuery::Off || query.is_empty() || own.len() + query.len() > DESTINATION_BYTES_MAX {
        return None;
    }
    let own = own.strip_prefix('?').unwrap_or(own);
    let theirs = || query.split('&').filter(|pair| *pair != QR_MARKER);
    let ours = || own.split('&').filter(|_| !own.is_empty());
    theirs().find(|pair| !pair.is_empty())?;
    let mut merged = String::with_capacity(own.len() + query.len() + 2);
    if ours().count() + theirs().count() > COMPARED_MAX {
        ours().for_each(|pair| push_own(&mut merged, pair));
        theirs().for_each(|pair| push(&mut merged, pair));
    } else if mode == ForwardQuery::LinkWins {
        let names = names(ours());
        let is_kept = |pair: &&str| !loses(&names, pair);
        theirs().filter(is_kept).find(|pair| !pair.is_empty())?;
        ours().for_each(|pair| push_own(&mut merged, pair));
        theirs().filter(is_kept).for_each(|pair| push(&mut merged, pair));
    } else {
        let names = names(theirs());
        // Parameters that stand between others may be signed with them, so that nothing is left out but what loses.
        ours().filter(|pair| !loses(&names, pair)).for_each(|pair| push_own(&mut merged, pair));
        theirs().for_each(|pair| push(&mut merged, pair));
    }
    Some(merged)
}

fn names<'a>(pairs: impl Iterator<Item = &'a str>) -> HashSet<Cow<'a, [u8]>> {
    pairs.filter(|pair| !pair.is_empty()).map(name_of).collect()
}

/// Whether the other side has a parameter of this name. What stands between two `&` without a text has none.
fn loses(winning: &HashSet<Cow<'_, [u8]>>, pair: &str) -> bool {
    !pair.is_empty() && winning.contains(&name_of(pair))
}

/// Adds what the destination was written with.
fn push_own(query: &mut String, pairs: &str) {
    push_mark(query);
    query.push_str(pairs);
}

/// Adds what the visitor sent.
fn push(query: &mut String, pair: &str) {
    push_mark(query);
    query.extend(utf8_percent_encode(pair, UNSAFE_IN_QUERY));
}

fn push_mark(query: &mut String) {
    query.push(if query.is_empty() { '?' } else { '&' });
}

/// The name of a parameter, as forms write it.
fn name_of(pair: &str) -> Cow<'_, [u8]> {
    let name = pair.split_once('=').map_or(pair, |(name, _)| name);
    if !name.contains(['%', '+']) {
        return name.as_bytes().into();
    }
    decoded_name(&name.replace('+', " ")).into_owned().into()
}

fn decoded_name(text: &str) -> Cow<'_, [u8]> {
    percent_decode(text.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn forwarded(destination: &str, suffix: &str, query: &str, mode: ForwardQuery) -> String {
        let destination = Destination::parse(destination).expect("a destination");
        match forward(&destination, suffix, query, mode) {
            Forwarded::Unchanged => destination.to_string(),
            Forwarded::To(location) => location.to_str().expect("text").to_owned(),
            Forwarded::TooLong => "too long".to_owned(),
        }
    }

    #[test]
    fn paths_are_appended_as_they_were_sent() {
        let to = |destination, suffix| forwarded(destination, suffix, "", ForwardQuery::Off);
        assert_eq!(to("https://example.com/a/", "/b/c"), "https://example.com/a/b/c");
        assert_eq!(to("https://example.com", "/b/"), "https://example.com/b/");
        assert_eq!(to("https://example.com/a", "/50%2525"), "https://example.com/a/50%2525");
        assert_eq!(to("https://example.com/a", "/b%2Fc"), "https://example.com/a/b%2Fc");
        assert_eq!(to("https://example.com/a", "/https://x.org/y"), "https://example.com/a/https://x.org/y");
        assert_eq!(to("https://example.com/a?b=c#d", "/C%2B%2B"), "https://example.com/a/C%2B%2B?b=c#d");
    }

    #[test]
    fn nobody_climbs_out_of_the_path_of_the_destination() {
        for suffix in ["/../../b", "/%2e%2e/.%2E/b", "/./b", "/b/.."] {
            let place = forwarded("https://example.com/a", suffix, "", ForwardQuery::Off);
            assert!(matches!(&*place, "https://example.com/a/b" | "https://example.com/a/b/"), "{suffix}: {place}");
        }
        assert_eq!(
            forwarded("https://example.com/a", "/..\\..\\b", "", ForwardQuery::Off),
            "https://example.com/a/..%5C..%5Cb"
        );
    }

    #[test]
    fn what_stays_of_a_query_is_not_written_anew() {
        let signed = "https://example.com/f.pdf?sig=ab&name=attachment%3B%20filename%3D%22a%20b.pdf%22";
        assert_eq!(forwarded(signed, "", "fbclid=IwAR1", ForwardQuery::VisitorWins), format!("{signed}&fbclid=IwAR1"));
        let latin = "https://example.com/?q=%E4&flag&x=(1)#top";
        assert_eq!(
            forwarded(latin, "", "install&Some%20Filter=1", ForwardQuery::VisitorWins),
            "https://example.com/?q=%E4&flag&x=(1)&install&Some%20Filter=1#top"
        );
    }

    #[test]
    fn one_side_wins_where_both_have_a_name() {
        let link = "https://example.com/?a=1&b+c=2";
        assert_eq!(
            forwarded(link, "", "b%20c=3&d=4&qr=1", ForwardQuery::VisitorWins),
            "https://example.com/?a=1&b%20c=3&d=4"
        );
        assert_eq!(forwarded(link, "", "b%20c=3&d=4", ForwardQuery::LinkWins), "https://example.com/?a=1&b+c=2&d=4");
        assert_eq!(forwarded(link, "", "qr=1", ForwardQuery::VisitorWins), link);
        assert_eq!(forwarded(link, "", "qr=ABC", ForwardQuery::VisitorWins), format!("{link}&qr=ABC"));
        assert_eq!(forwarded(link, "", "a=2", ForwardQuery::LinkWins), link);
    }

    #[test]
    fn of_very_many_parameters_all_are_kept_and_none_is_compared() {
        let pairs = |name: &str, count| (0..count).map(|n| format!("{name}{n}=1")).collect::<Vec<_>>().join("&");
        let (own, theirs) = (pairs("a", COMPARED_MAX), pairs("a", 1));
        let link = format!("https://example.com/?{own}");
        for mode in [ForwardQuery::VisitorWins, ForwardQuery::LinkWins] {
            assert_eq!(forwarded(&link, "", &theirs, mode), format!("{link}&{theirs}"));
        }
    }

    #[test]
    fn what_browsers_leave_in_a_query_is_left_there_and_so_is_an_empty_pair() {
        let to = |link, query| forwarded(link, "", query, ForwardQuery::VisitorWins);
        assert_eq!(to("https://example.com/", "f=a|b&g={x}^`\\"), "https://example.com/?f=a|b&g={x}^`\\");
        assert_eq!(to("https://example.com/", "a=1&&b=2&"), "https://example.com/?a=1&&b=2&");
        let signed = "https://example.com/?sig=x&&y";
        assert_eq!(to(signed, "a&&b"), format!("{signed}&a&&b"));
        assert_eq!(to("https://example.com/?a=0&&y&", "a=1"), "https://example.com/?&y&&a=1");
        assert_eq!(forwarded(signed, "", "y=2&&z", ForwardQuery::LinkWins), format!("{signed}&&z"));
        assert_eq!(to(signed, "&"), signed);
    }

    #[test]
    fn apps_are_given_nothing_that_a_visitor_wrote() {
        let link = "mailto:team@example.com";
        assert_eq!(forwarded(link, "", "bcc=evil@example.com", ForwardQuery::VisitorWins), link);
    }

    #[test]
    fn a_query_that_is_too_long_is_left_out_and_the_path_is_kept() {
        let long = format!("t={}", "a".repeat(8_180));
        assert_eq!(
            forwarded("https://example.com/base", "/pay/step2", &long, ForwardQuery::VisitorWins),
            "https://example.com/base/pay/step2"
        );
        assert_eq!(
            forwarded("https://example.com/base", &format!("/{long}aaaaaaaaaaaa"), "", ForwardQuery::Off),
            "too long"
        );
    }

    proptest! {
        #[test]
        fn a_visitor_never_chooses_the_host_and_loses_no_parameter(suffix in "(/[!-~]{0,12}){0,4}", query in "[!-~&&[^#]]{0,40}") {
            let destination = Destination::parse("https://example.com:8443/base?x=1").expect("a destination");
            for mode in [ForwardQuery::Off, ForwardQuery::VisitorWins, ForwardQuery::LinkWins] {
                let Forwarded::To(location) = forward(&destination, &suffix, &query, mode) else { continue };
                let url = url::Url::parse(location.to_str().expect("text")).expect("a URL");
                prop_assert_eq!(url.host_str(), Some("example.com"));
                prop_assert_eq!(url.port(), Some(8443));
                prop_assert_eq!(url.scheme(), "https");
                prop_assert!(url.path().starts_with("/base"), "{}", url.path());
            }
        }
    }
}
