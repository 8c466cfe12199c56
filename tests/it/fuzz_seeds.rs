//! The good seeds of the fuzz targets: what refuses them at once would leave everything behind that untried.

use std::path::Path;

use elido::domain::rule::{CompiledRules, Rule};
use elido::infra::cache::packed_link::PackedLink;
use elido::services::edge_redirect::SnapshotFile;

/// The seeds of a target, with their names.
fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let files = std::fs::read_dir(folder).expect("a corpus").map(|file| file.expect("a file").path());
    let seeds: Vec<_> = files.map(|path| (path.display().to_string(), std::fs::read(&path).expect("a seed"))).collect();
    assert!(seeds.len() >= 3, "{target}: {} seeds", seeds.len());
    seeds
}

#[test]
fn seeds_of_packed_links_are_links() {
    for (name, bytes) in seeds("packed_links") {
        let link = PackedLink::read(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(link.to_record().is_ok(), "{name}");
    }
}

#[test]
fn seeds_of_snapshots_are_snapshots_with_links() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, bytes) in seeds("snapshot") {
        let file = SnapshotFile(folder.path().join("snapshot"));
        let checksum = crc32fast::hash(&bytes).to_le_bytes();
        std::fs::write(&file.0, [&checksum, bytes.as_slice()].concat()).expect("a file");
        assert!(file.knows_links(), "{name}");
    }
}

#[test]
fn seeds_of_rules_compile() {
    for (name, bytes) in seeds("rules") {
        let text = String::from_utf8(bytes).expect("a text");
        let (rules, _) = text.split_once('\n').unwrap_or((&text, ""));
        let rules: Vec<Rule> = serde_json::from_str(rules).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(!rules.is_empty() && CompiledRules::compile(&rules).is_ok(), "{name}");
    }
}
