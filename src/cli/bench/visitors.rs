//! Who asks: the headers of visitors.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use http::{HeaderMap, HeaderName, HeaderValue};
use rand::Rng;
use serde_json::{Map, Value};

use crate::cli::exit::Failure;

/// The most visitors of one run.
const VISITORS_MAX: usize = 1_000_000;

/// The headers of every visitor.
pub(super) struct Visitors(Vec<HeaderMap>);

impl Visitors {
    /// Reads one JSON object a line, whose members are headers. Without a file there is one visitor, who is this program.
    ///
    /// # Errors
    /// When the file cannot be read, or a line does not hold headers.
    pub(super) fn read(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path else {
            let mut headers = HeaderMap::new();
            headers.insert(http::header::USER_AGENT, HeaderValue::from_static("elido-bench"));
            return Ok(Self(vec![headers]));
        };
        let file = File::open(path).map_err(|error| Failure::file(path, &error))?;
        let mut visitors = Vec::new();
        for (index, line) in BufReader::new(file).lines().enumerate() {
            let line = line.map_err(|error| Failure::file(path, &error))?;
            if line.trim().is_empty() {
                continue;
            }
            let headers = headers(&line).ok_or_else(|| {
                let number = index.saturating_add(1);
                Failure::usage(format!("{}, line {number}: expected a JSON object of headers", path.display()))
            })?;
            visitors.push(headers);
            if visitors.len() > VISITORS_MAX {
                return Err(Failure::usage(format!("a run takes at most {VISITORS_MAX} visitors")));
            }
        }
        if visitors.is_empty() {
            return Err(Failure::usage(format!("{} has no visitors", path.display())));
        }
        Ok(Self(visitors))
    }

    /// Chooses one.
    pub(super) fn choose(&self, generator: &mut impl Rng) -> Option<&HeaderMap> {
        self.0.get(generator.random_range(0..self.0.len()))
    }
}

fn headers(line: &str) -> Option<HeaderMap> {
    let object: Map<String, Value> = serde_json::from_str(line).ok()?;
    let mut headers = HeaderMap::new();
    for (name, value) in &object {
        headers.insert(HeaderName::try_from(name).ok()?, HeaderValue::try_from(value.as_str()?).ok()?);
    }
    Some(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_holds_headers() {
        let headers = headers(r#"{"user-agent":"Mozilla/5.0","Referer":"https://example.com/"}"#).expect("headers");
        assert_eq!(headers["referer"], "https://example.com/");
        for line in ["[]", "{\"a b\":\"c\"}", "{\"a\":1}", "{\"a\":\"\\n\"}"] {
            assert!(super::headers(line).is_none(), "{line}");
        }
    }
}
