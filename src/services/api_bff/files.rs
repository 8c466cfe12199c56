//! The files of the dashboard, which are part of the executable: a sorted table that the build writes from web/dist.
//!
//! Invariant: where the dashboard was not built the table is empty, and everything else works.

/// A file with its twins.
pub(super) struct File {
    /// Where it is, without a leading slash.
    pub(super) path: &'static str,
    /// Differs wherever the bytes do.
    pub(super) hash: &'static str,
    /// As it is.
    pub(super) identity: &'static [u8],
    /// Compressed by Brotli, where that is shorter.
    pub(super) brotli: Option<&'static [u8]>,
    /// Compressed by gzip, where that is shorter.
    pub(super) gzip: Option<&'static [u8]>,
}

static FILES: &[File] = include!(concat!(env!("OUT_DIR"), "/dashboard_files.rs"));

/// The page that every address of the dashboard shows.
const INDEX: &str = "index.html";

/// Whether the dashboard is part of this executable.
#[must_use]
pub fn has_dashboard() -> bool {
    index().is_some()
}

/// The page of the dashboard.
pub(super) fn index() -> Option<&'static File> {
    find(INDEX)
}

/// The scripts that the page begins with, as it names them, with spaces between: whoever has others has another version.
pub(super) fn scripts() -> String {
    let page = index().and_then(|file| std::str::from_utf8(file.identity).ok()).unwrap_or_default();
    scripts_of(page)
}

fn scripts_of(page: &str) -> String {
    let sources = page
        .split("<script ")
        .skip(1)
        .filter_map(|tag| tag.split_once('>')?.0.split_once("src=\"")?.1.split('"').next());
    sources.collect::<Vec<_>>().join(" ")
}

/// The file at this path.
pub(super) fn find(path: &str) -> Option<&'static File> {
    let place = FILES.binary_search_by(|file| file.path.cmp(path)).ok()?;
    FILES.get(place)
}

impl File {
    /// The media type that its name stands for.
    pub(super) fn media_type(&self) -> &'static str {
        match self.path.rsplit_once('.').map(|(_, ending)| ending) {
            Some("html") => "text/html; charset=utf-8",
            Some("js") => "text/javascript; charset=utf-8",
            Some("css") => "text/css; charset=utf-8",
            Some("json") => "application/json",
            Some("svg") => "image/svg+xml",
            Some("png") => "image/png",
            Some("woff2") => "font/woff2",
            Some("webmanifest") => "application/manifest+json",
            _ => "text/plain; charset=utf-8",
        }
    }

    /// The shortest form that this `Accept-Encoding` takes, with its name.
    pub(super) fn encoded(&self, accepted: &str) -> (&'static [u8], Option<&'static str>) {
        let candidates = [("br", self.brotli), ("gzip", self.gzip)];
        let mut twins = candidates.into_iter().filter_map(|(name, bytes)| Some((name, bytes?)));
        match twins.find(|(name, _)| accepts(accepted, name)) {
            Some((name, bytes)) => (bytes, Some(name)),
            None => (self.identity, None),
        }
    }
}

/// Whether an `Accept-Encoding` (RFC 9110, section 12.5.3) takes this coding by its name.
fn accepts(accepted: &str, coding: &str) -> bool {
    accepted.split(',').any(|entry| {
        let mut parts = entry.split(';').map(str::trim);
        let is_named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(coding));
        let weight = parts.find_map(|part| part.strip_prefix("q=")).and_then(|weight| weight.parse::<f32>().ok());
        is_named && weight.is_none_or(|weight| weight > 0.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: File = File { path: "a.js", hash: "1", identity: b"long", brotli: Some(b"b"), gzip: Some(b"gz") };

    #[test]
    fn the_shortest_form_that_is_taken_is_sent() {
        assert_eq!(FILE.encoded("gzip, deflate, br, zstd"), (b"b".as_slice(), Some("br")));
        assert_eq!(FILE.encoded("gzip, deflate"), (b"gz".as_slice(), Some("gzip")));
        assert_eq!(FILE.encoded("br;q=0, gzip;q=0.5"), (b"gz".as_slice(), Some("gzip")));
        for none in ["", "identity", "zstd", "br;q=0, gzip; q=0.0", "brotli"] {
            assert_eq!(FILE.encoded(none), (b"long".as_slice(), None), "{none}");
        }
    }

    #[test]
    fn the_scripts_of_a_page_are_named_in_its_order() {
        let page =
            "<script type=\"module\" crossorigin src=\"/assets/a.js\"></script>\n<script src=\"/b.js\"></script><p>";
        assert_eq!(scripts_of(page), "/assets/a.js /b.js");
        assert_eq!(scripts_of("<p>"), "");
    }

    #[test]
    fn the_table_is_sorted() {
        assert!(FILES.is_sorted_by(|left, right| left.path < right.path));
    }
}
