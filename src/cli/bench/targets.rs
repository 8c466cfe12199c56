//! What is asked for, and how often each.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use http::{HeaderValue, Uri};
use rand::Rng;
use url::Url;

use crate::cli::exit::Failure;
use crate::cli::plain_http;
use crate::domain::slug::Slug;

/// The most URLs of one run.
const URLS_MAX: usize = 2_000_000;
/// The longest line of a file, in bytes.
const LINE_BYTES_MAX: u64 = 16 * 1024;

/// The URLs of a run, as they are sent.
pub(super) struct Targets {
    targets: Vec<Target>,
    /// The weights summed up to each target; empty where all weigh the same.
    cumulative: Vec<f64>,
    random_slugs: bool,
}

/// How URLs are chosen.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Selection {
    /// The exponent of Zipf's law, from 0, which chooses all alike, to 10.
    pub(super) zipf: f64,
    /// Ask the chosen URL's host for a slug that was not asked for before.
    pub(super) random_slugs: bool,
}

/// What to ask for.
pub(super) struct Choice {
    /// The place of the URL among all.
    pub(super) index: usize,
    /// `host:port`.
    pub(super) host: HeaderValue,
    /// Path and query.
    pub(super) uri: Uri,
}

/// One URL.
struct Target {
    url: Url,
    uri: Uri,
    host: HeaderValue,
}

impl Targets {
    /// Reads the URLs of a run.
    ///
    /// # Errors
    /// When the file cannot be read, or a line is neither a plain HTTP URL nor a slug.
    pub(super) fn read(urls: &[Url], file: Option<&Path>, base: &Url, selection: Selection) -> Result<Self, Failure> {
        let Selection { zipf, random_slugs } = selection;
        let mut targets: Vec<Target> = urls.iter().cloned().map(Target::new).collect::<Result<_, _>>()?;
        if let Some(path) = file {
            let mut reader = BufReader::new(File::open(path).map_err(|error| Failure::file(path, &error))?);
            while let Some(line) = read_line(&mut reader).map_err(|error| Failure::file(path, &error))? {
                targets.push(Target::new(url_of(&line, base)?)?);
                if targets.len() > URLS_MAX {
                    return Err(Failure::usage(format!("a run takes at most {URLS_MAX} URLs")));
                }
            }
        }
        if targets.is_empty() {
            return Err(Failure::usage("there are no URLs to ask for"));
        }
        if !(0.0..=10.0).contains(&zipf) {
            return Err(Failure::usage("the exponent of Zipf's law is from 0 to 10"));
        }
        let cumulative = if zipf == 0.0 { Vec::new() } else { zipf_weights(targets.len(), zipf) };
        Ok(Self { targets, cumulative, random_slugs })
    }

    pub(super) fn len(&self) -> usize {
        self.targets.len()
    }

    pub(super) fn urls(&self) -> impl Iterator<Item = &Url> {
        self.targets.iter().map(|target| &target.url)
    }

    /// Chooses what to ask for.
    pub(super) fn choose(&self, generator: &mut impl Rng) -> Option<Choice> {
        let index = match self.cumulative.last() {
            None => generator.random_range(0..self.targets.len()),
            Some(sum) => {
                let point = generator.random_range(0.0..*sum);
                self.cumulative.partition_point(|weight| *weight <= point)
            }
        };
        let target = self.targets.get(index)?;
        let uri = if self.random_slugs { random_path(generator)? } else { target.uri.clone() };
        Some(Choice { index, host: target.host.clone(), uri })
    }
}

impl Target {
    fn new(url: Url) -> Result<Self, Failure> {
        let host = plain_http::authority(&url).map_err(Failure::usage)?;
        let host = HeaderValue::try_from(host).map_err(|error| Failure::usage(format!("{url}: {error}")))?;
        let path = &url[url::Position::BeforePath..url::Position::AfterQuery];
        let uri = path.parse().map_err(|error| Failure::usage(format!("{url}: {error}")))?;
        Ok(Self { url, uri, host })
    }
}

fn random_path(generator: &mut impl Rng) -> Option<Uri> {
    Uri::try_from(format!("/{}", Slug::random(generator).as_str())).ok()
}

#[allow(clippy::cast_precision_loss, reason = "weights need not be exact")]
fn zipf_weights(count: usize, exponent: f64) -> Vec<f64> {
    let mut sum = 0.0;
    (1..=count)
        .map(|rank| {
            sum += (rank as f64).powf(-exponent);
            sum
        })
        .collect()
}

/// The next line that is not blank.
fn read_line(reader: &mut impl BufRead) -> std::io::Result<Option<String>> {
    loop {
        let mut line = String::new();
        if reader.by_ref().take(LINE_BYTES_MAX).read_line(&mut line)? == 0 {
            return Ok(None);
        }
        // Some editors begin a file with a mark.
        let line = line.trim_start_matches('\u{feff}').trim();
        if !line.is_empty() {
            return Ok(Some(line.to_owned()));
        }
    }
}

fn url_of(line: &str, base: &Url) -> Result<Url, Failure> {
    let text = if line.contains("://") {
        line.to_owned()
    } else {
        format!("{}/{}", base.as_str().trim_end_matches('/'), line.trim_start_matches('/'))
    };
    Url::parse(&text).map_err(|error| Failure::usage(format!("{line:?} is no URL and no slug: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    fn targets(lines: &str, zipf: f64) -> Result<Targets, Failure> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("urls.txt");
        std::fs::write(&path, lines).expect("written");
        let selection = Selection { zipf, random_slugs: false };
        Targets::read(&[], Some(&path), &Url::parse("http://localhost:8080").expect("a URL"), selection)
    }

    #[test]
    fn slugs_and_urls_are_understood() {
        let targets = targets("\u{feff}/a\n\nb/c?x=1\nhttp://other:81/d\n", 0.0).expect("targets");
        let asked: Vec<String> =
            targets.targets.iter().map(|target| format!("{:?} {}", target.host, target.uri)).collect();
        assert_eq!(asked, ["\"localhost:8080\" /a", "\"localhost:8080\" /b/c?x=1", "\"other:81\" /d"]);
    }

    #[test]
    fn what_cannot_be_asked_for_is_refused_at_once() {
        for lines in ["", "https://secure.example.com/a\n", "ftp://x/y\n"] {
            assert!(targets(lines, 0.0).is_err(), "{lines}");
        }
        assert!(targets("a\n", -1.0).is_err());
    }

    #[test]
    fn zipf_prefers_the_first() {
        let lines = (0..100).map(|number| number.to_string()).collect::<Vec<_>>().join("\n");
        let mut generator = StdRng::seed_from_u64(1);
        let mut share_of_first = |zipf: f64| {
            let targets = targets(&lines, zipf).expect("targets");
            (0..10_000).filter(|_| targets.choose(&mut generator).expect("one").index == 0).count()
        };
        assert!((50..200).contains(&share_of_first(0.0)));
        assert!((1700..2200).contains(&share_of_first(1.0)));
    }
}
