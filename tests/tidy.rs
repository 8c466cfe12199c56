//! The rules of ARCHITECTURE.md, read off the source. `broken` feeds each rule a tree that breaks it.

#![allow(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test may fail loudly"
)]

use std::fmt;
use std::path::{Path, PathBuf};

#[path = "tidy/broken.rs"]
mod broken;
#[path = "tidy/documents.rs"]
mod documents;
#[path = "tidy/fences.rs"]
mod fences;
#[path = "tidy/files.rs"]
mod files;
#[path = "tidy/floors.rs"]
mod floors;
#[path = "tidy/lists.rs"]
mod lists;
#[path = "tidy/source.rs"]
mod source;

use source::read_sources;

/// A rule that a file breaks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Breach {
    /// Relative to the root.
    file: PathBuf,
    /// From 1; 0 when it is about the file as a whole.
    line: usize,
    /// What is wrong.
    what: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}: {}", self.file.display(), self.line, self.what)
    }
}

/// Every breach in the tree at `root`, and what is only worth a look.
fn check(root: &Path) -> (Vec<Breach>, Vec<String>) {
    let sources = read_sources(root);
    let (mut breaches, remarks) = files::check(&sources);
    for source in sources.iter().filter(|source| source.path.starts_with("src")) {
        breaches.extend(floors::check(source));
        breaches.extend(fences::check(source));
    }
    breaches.extend(lists::check(&sources));
    breaches.extend(documents::check(root, &sources));
    breaches.sort();
    (breaches, remarks)
}

#[test]
fn the_tree_keeps_its_rules() {
    let (breaches, remarks) = check(Path::new(env!("CARGO_MANIFEST_DIR")));
    for remark in remarks {
        println!("{remark}");
    }
    let lines: Vec<String> = breaches.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "\n{}", lines.join("\n"));
}
