//! Documents say what is there: files that they name exist, ARCHITECTURE.md draws the tree as it is, and dashboards show metrics
//! that somebody counts.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::Breach;
use crate::source::Source;

/// The document that draws the tree, between the fences of its first block.
const MAP: &str = "ARCHITECTURE.md";

/// Folders whose names in a document mean a file of ours.
const FOLDERS: [&str; 11] =
    ["src", "tests", "benches", "dev", "docs", "config", "migrations", "proto", "charts", "web", ".ci"];

pub fn check(root: &Path, sources: &[Source]) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for path in documents(root) {
        let text = fs::read_to_string(root.join(&path)).unwrap();
        breaches.extend(missing_files(root, &path, &text));
    }
    breaches.extend(check_map(root, sources));
    breaches.extend(check_metrics(root, sources));
    breaches
}

fn documents(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in ["", "docs"] {
        let Ok(entries) = fs::read_dir(root.join(folder)) else { continue };
        let names = entries.map(|entry| Path::new(folder).join(entry.unwrap().file_name()));
        found.extend(names.filter(|path| path.extension().is_some_and(|extension| extension == "md")));
    }
    found.sort();
    found
}

fn missing_files(root: &Path, document: &Path, text: &str) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let here = document.parent().unwrap_or(Path::new(""));
        let linked = links(line).filter(|target| !root.join(here).join(target).exists());
        let named = names(line).filter(|name| !root.join(name).exists());
        for name in linked.chain(named) {
            let what = format!("{name} does not exist");
            breaches.push(Breach { file: document.to_owned(), line: index + 1, what });
        }
    }
    breaches
}

/// Targets of links into the tree.
fn links(line: &str) -> impl Iterator<Item = &str> {
    let targets = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets
        .filter(|target| !target.contains("://") && !target.starts_with('#'))
        .map(|target| target.split('#').next().unwrap_or(target))
}

/// Words that can only be files of ours. A word with a placeholder in it names no one file.
fn names(line: &str) -> impl Iterator<Item = &str> {
    let is_separator = |character: char| character.is_whitespace() || "`()[]\"',;|=".contains(character);
    line.split(is_separator)
        .map(|word| word.strip_prefix("./").unwrap_or(word).trim_end_matches(['.', ':']))
        .filter(|word| FOLDERS.iter().any(|folder| word.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))))
        .filter(|word| !word.contains(['*', '{', '<', '…', '$']) && !word.contains("NNNN"))
}

/// The folders of src/ down to two levels, and the files beside them, are what the map shows.
fn check_map(root: &Path, sources: &[Source]) -> Vec<Breach> {
    let Ok(text) = fs::read_to_string(root.join(MAP)) else {
        return vec![Breach { file: MAP.into(), line: 0, what: "it does not exist".to_owned() }];
    };
    let drawn = drawn(&text);
    let real = real(sources);
    let not_drawn = real.difference(&drawn).map(|path| format!("the map does not show {path}"));
    let not_real = drawn
        .iter()
        .filter(|path| !root.join(path).exists())
        .map(|path| format!("the map shows {path}, which does not exist"));
    not_drawn.chain(not_real).map(|what| Breach { file: MAP.into(), line: 0, what }).collect()
}

fn real(sources: &[Source]) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    for source in sources.iter().filter(|source| source.path.starts_with("src")) {
        let folders: Vec<String> =
            source.path.parent().into_iter().flatten().map(|part| part.to_string_lossy().into_owned()).collect();
        for depth in 2..=folders.len().min(3) {
            paths.insert(folders[..depth].join("/"));
        }
    }
    paths
}

/// Paths of the first fenced block: two spaces a level, the name first, then what it is.
fn drawn(text: &str) -> BTreeSet<String> {
    let block = text.split("```").nth(1).unwrap_or_default();
    let mut above: Vec<String> = Vec::new();
    let mut paths = BTreeSet::new();
    for line in block.lines().skip(1).filter(|line| !line.trim().is_empty()) {
        let depth = line.chars().take_while(|character| *character == ' ').count() / 2;
        let name = line.split_whitespace().next().unwrap_or_default().trim_end_matches('/');
        above.truncate(depth);
        above.push(name.to_owned());
        paths.insert(above.join("/"));
    }
    paths
}

/// The document that lists the metrics, and the file that declares them.
const METRICS_LIST: &str = "docs/operations.md";
const METRICS_SOURCE: &str = "src/telemetry/metrics.rs";

/// Every metric is listed for those who operate it, and none that does not exist.
fn check_metrics(root: &Path, sources: &[Source]) -> Vec<Breach> {
    let Some(source) = sources.iter().find(|source| source.path == Path::new(METRICS_SOURCE)) else {
        return Vec::new();
    };
    let declared = metrics(&source.text, '"');
    let listed = metrics(&fs::read_to_string(root.join(METRICS_LIST)).unwrap_or_default(), '`');
    let missing = declared.difference(&listed).map(|name| format!("it does not list the metric {name}"));
    let invented = listed.difference(&declared).map(|name| format!("there is no metric {name}"));
    let breach = |what| Breach { file: METRICS_LIST.into(), line: 0, what };
    let mut breaches: Vec<Breach> = missing.chain(invented).map(breach).collect();
    breaches.extend(dashboards(root).iter().flat_map(|path| check_dashboard(root, path, &declared)));
    breaches
}

/// Where the dashboards are.
const DASHBOARDS: &str = "charts/elido-mono/dashboards";

fn dashboards(root: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(root.join(DASHBOARDS)) else { return Vec::new() };
    entries.map(|entry| Path::new(DASHBOARDS).join(entry.unwrap().file_name())).collect()
}

/// A dashboard asks for no metric that does not exist.
fn check_dashboard(root: &Path, path: &Path, declared: &BTreeSet<String>) -> Vec<Breach> {
    let text = fs::read_to_string(root.join(path)).unwrap();
    let breach =
        |(index, name)| Breach { file: path.to_owned(), line: index + 1, what: format!("there is no metric {name}") };
    let words = text.lines().enumerate().flat_map(|(index, line)| {
        let is_separator = |character: char| !(character.is_alphanumeric() || character == '_');
        line.split(is_separator).filter(|word| word.starts_with("elido_")).map(move |word| (index, word))
    });
    words.filter(|(_, word)| !declared.contains(metric_of(word))).map(breach).collect()
}

/// The metric that a series belongs to: a histogram has several.
fn metric_of(series: &str) -> &str {
    ["_bucket", "_sum", "_count"].iter().find_map(|suffix| series.strip_suffix(suffix)).unwrap_or(series)
}

/// Names of ours that begin right behind a quote.
fn metrics(text: &str, quote: char) -> BTreeSet<String> {
    let names = text.split(quote).filter(|word| word.starts_with("elido_"));
    names
        .map(|word| word.chars().take_while(|character| character.is_alphanumeric() || *character == '_').collect())
        .collect()
}
