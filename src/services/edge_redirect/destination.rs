//! What a visitor's own path and query may add to a destination.
//!
//! Invariant: nothing that the visitor sends changes the scheme, host or port.

use url::Url;
use url::form_urlencoded;

use crate::domain::link::ForwardQuery;
use crate::domain::url::Destination;

/// The query parameter by which the platform's own QR images mark a scan; it is never passed on.
pub(super) const QR_MARKER: &str = "qr";

/// The destination with the visitor's path suffix and query added; `None` where the outcome would be no destination any more.
pub(super) fn forward(destination: &Destination, suffix: &str, query: &str, mode: ForwardQuery) -> Option<Destination> {
    let mut url = destination.to_url()?;
    let before = (url.scheme().to_owned(), url.host_str().map(str::to_owned), url.port());
    if !suffix.is_empty() {
        append_path(&mut url, suffix);
    }
    if mode != ForwardQuery::Off && !query.is_empty() {
        merge_query(&mut url, query, mode);
    }
    let after = (url.scheme().to_owned(), url.host_str().map(str::to_owned), url.port());
    (before == after).then(|| Destination::from_url(&url).ok()).flatten()
}

fn append_path(url: &mut Url, suffix: &str) {
    let Ok(mut segments) = url.path_segments_mut() else { return };
    segments.pop_if_empty();
    for segment in suffix.split('/').filter(|segment| !segment.is_empty()) {
        let decoded = percent_encoding::percent_decode_str(segment).decode_utf8_lossy();
        if !matches!(&*decoded, "." | "..") {
            segments.push(&decoded);
        }
    }
    if suffix.ends_with('/') {
        segments.push("");
    }
}

fn merge_query(url: &mut Url, query: &str, mode: ForwardQuery) {
    let own: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let theirs: Vec<(String, String)> =
        form_urlencoded::parse(query.as_bytes()).into_owned().filter(|(key, _)| key != QR_MARKER).collect();
    if theirs.is_empty() {
        return;
    }
    let (winners, losers) = match mode {
        ForwardQuery::VisitorWins => (&theirs, &own),
        ForwardQuery::LinkWins | ForwardQuery::Off => (&own, &theirs),
    };
    let is_beaten = |key: &str| winners.iter().any(|(winner, _)| winner == key);
    let kept_losers = losers.iter().filter(|(key, _)| !is_beaten(key));
    let merged: Vec<&(String, String)> = match mode {
        ForwardQuery::VisitorWins => kept_losers.chain(winners).collect(),
        ForwardQuery::LinkWins | ForwardQuery::Off => winners.iter().chain(kept_losers).collect(),
    };
    url.query_pairs_mut().clear().extend_pairs(merged.iter().map(|(key, value)| (key, value)));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn forwarded(destination: &str, suffix: &str, query: &str, mode: ForwardQuery) -> String {
        let destination = Destination::parse(destination).expect("a destination");
        forward(&destination, suffix, query, mode).expect("a destination").to_string()
    }

    #[test]
    fn paths_are_appended() {
        assert_eq!(forwarded("https://example.com/a/", "/b/c", "", ForwardQuery::Off), "https://example.com/a/b/c");
        assert_eq!(forwarded("https://example.com", "/b/", "", ForwardQuery::Off), "https://example.com/b/");
        assert_eq!(forwarded("https://example.com/a", "/../../b", "", ForwardQuery::Off), "https://example.com/a/b");
    }

    #[test]
    fn queries_are_merged_and_one_side_wins() {
        let link = "https://example.com/?a=1&b=2";
        assert_eq!(forwarded(link, "", "b=3&c=4&qr=1", ForwardQuery::VisitorWins), "https://example.com/?a=1&b=3&c=4");
        assert_eq!(forwarded(link, "", "b=3&c=4", ForwardQuery::LinkWins), "https://example.com/?a=1&b=2&c=4");
        assert_eq!(forwarded(link, "", "qr=1", ForwardQuery::VisitorWins), link);
    }

    proptest! {
        #[test]
        fn a_visitor_never_chooses_the_host(suffix in "(/[!-~]{0,12}){0,4}", query in "[!-~]{0,40}") {
            let destination = Destination::parse("https://example.com:8443/base?x=1").expect("a destination");
            for mode in [ForwardQuery::Off, ForwardQuery::VisitorWins, ForwardQuery::LinkWins] {
                let Some(forwarded) = forward(&destination, &suffix, &query, mode) else { continue };
                let url = forwarded.to_url().expect("a URL");
                prop_assert_eq!(url.host_str(), Some("example.com"));
                prop_assert_eq!(url.port(), Some(8443));
                prop_assert_eq!(url.scheme(), "https");
            }
        }
    }
}
