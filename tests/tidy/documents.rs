//! Documents say what is there: files that they name exist, ARCHITECTURE.md draws the tree as it is, and dashboards show metrics
//! that somebody counts.

use std::collections::{BTreeMap, BTreeSet};
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

/// The document that lists the metrics.
const METRICS_LIST: &str = "docs/operations.md";

/// Every metric is listed with its labels for those who operate it, and none that does not exist.
fn check_metrics(root: &Path, sources: &[Source]) -> Vec<Breach> {
    let declared: BTreeMap<String, Vec<String>> = sources.iter().flat_map(declared_metrics).collect();
    let text = fs::read_to_string(root.join(METRICS_LIST)).unwrap_or_default();
    let listed: BTreeMap<String, Vec<String>> = text.lines().flat_map(listed_metrics).collect();
    let differing = declared.iter().filter_map(|(name, labels)| match listed.get(name) {
        None => Some(format!("it does not list the metric {name}")),
        Some(listed) if listed != labels => Some(format!("the labels of {name} are {labels:?}, not {listed:?}")),
        Some(_) => None,
    });
    let names: BTreeSet<String> = declared.keys().cloned().collect();
    let mentioned = quoted(&text, '`').filter(|word| word.starts_with("elido_")).map(metric_name);
    let invented: BTreeSet<String> = mentioned.filter(|name| !names.contains(name)).collect();
    let invented = invented.into_iter().map(|name| format!("there is no metric {name}"));
    let breach = |what| Breach { file: METRICS_LIST.into(), line: 0, what };
    let mut breaches: Vec<Breach> = differing.chain(invented).map(breach).collect();
    let exported = names.into_iter().chain(told_by_backups(root)).collect();
    breaches.extend(dashboards(root).iter().flat_map(|path| check_dashboard(root, path, &exported)));
    breaches
}

/// What tells Prometheus of backups: no part of the executable, but of the image of the database.
const BACKUP_METRICS: &str = "deploy/images/postgres/elido_backup/metrics.py";

/// The metrics that its text names as their types.
fn told_by_backups(root: &Path) -> Vec<String> {
    let text = fs::read_to_string(root.join(BACKUP_METRICS)).unwrap_or_default();
    text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).map(metric_name).collect()
}

/// The metrics that a file declares, each with the names of its labels.
fn declared_metrics(source: &Source) -> Vec<(String, Vec<String>)> {
    let constructors = ["Metric::counter(", "Metric::gauge(", "Metric::histogram("];
    let places = constructors.iter().flat_map(|constructor| source.product.match_indices(constructor));
    let declarations = places.filter_map(|(place, constructor)| {
        let (name, rest) = source.text[place + constructor.len()..].split_once(',')?;
        let (labels, _) = rest.split_once(']')?;
        Some((quoted(name, '"').next()?.to_owned(), quoted(labels, '"').map(str::to_owned).collect()))
    });
    declarations.collect()
}

/// The metrics of a row: the first cell names them, and the second their labels.
fn listed_metrics(line: &str) -> Vec<(String, Vec<String>)> {
    let mut cells = line.split('|').skip(1);
    let (Some(names), Some(labels)) = (cells.next(), cells.next()) else { return Vec::new() };
    let labels: Vec<String> = quoted(labels, '`').map(str::to_owned).collect();
    let names = quoted(names, '`').filter(|name| name.starts_with("elido_"));
    names.map(|name| (name.to_owned(), labels.clone())).collect()
}

/// What stands between each two quotes.
fn quoted(text: &str, quote: char) -> impl Iterator<Item = &str> {
    text.split(quote).skip(1).step_by(2)
}

/// The name in front of labels and conditions.
fn metric_name(word: &str) -> String {
    word.chars().take_while(|character| character.is_alphanumeric() || *character == '_').collect()
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
