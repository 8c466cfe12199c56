//! What is new has one list to enter: a service that of its role, a resource that of its service.

use std::collections::BTreeSet;
use std::path::Path;

use crate::Breach;
use crate::source::{Source, line_of};

/// The two services that others meet: the source of truth, and the edge, whose origin the API may be.
const MET_BY_OTHERS: [&str; 2] = ["api_core", "edge_redirect"];

pub fn check(sources: &[Source]) -> Vec<Breach> {
    let product: Vec<&Source> = sources.iter().filter(|source| source.path.starts_with("src")).collect();
    let mut breaches = Vec::new();
    for service in services(&product).into_iter().filter(|service| !MET_BY_OTHERS.contains(&service.as_str())) {
        breaches.extend(check_service(&product, &service));
    }
    breaches.extend(product.iter().flat_map(|source| check_resource(source, &product)));
    breaches
}

fn services(sources: &[&Source]) -> BTreeSet<String> {
    let folder =
        |source: &&&Source| source.path.strip_prefix("src/services").ok()?.iter().next()?.to_str().map(str::to_owned);
    sources.iter().filter_map(|source| folder(&source)).filter(|name| !name.ends_with(".rs")).collect()
}

/// One role lists a service, and nothing else knows it.
fn check_service(sources: &[&Source], service: &str) -> Vec<Breach> {
    let path = format!("services::{service}");
    let named = |source: &&&Source| {
        let is_own = source.path.starts_with(Path::new("src/services").join(service));
        !is_own && source.product.contains(&path)
    };
    let places: Vec<&&Source> = sources.iter().filter(named).collect();
    let is_listed = matches!(places[..], [list] if list.path.starts_with("src/roles"));
    if is_listed {
        return Vec::new();
    }
    let files: Vec<String> = places.iter().map(|source| source.path.display().to_string()).collect();
    let what = format!("one file of src/roles lists this service, not {files:?}");
    vec![Breach { file: Path::new("src/services").join(service).join("mod.rs"), line: 0, what }]
}

/// A resource is a file of a `rest` folder with routes; only the list beside it names it.
fn check_resource(source: &Source, sources: &[&Source]) -> Vec<Breach> {
    let folder = source.path.parent().unwrap_or(Path::new(""));
    let Some(name) = source.path.file_stem().and_then(|stem| stem.to_str()) else { return Vec::new() };
    if !folder.ends_with("rest") || name == "mod" || !source.product.contains("fn routes(") {
        return Vec::new();
    }
    let beside = sources.iter().filter(|other| other.path.parent() == Some(folder) && other.path != source.path);
    let not_the_list = beside.filter(|other| !other.path.ends_with("mod.rs"));
    let path = format!("super::{name}::");
    let uses = not_the_list.flat_map(|other| other.product.match_indices(&path).map(move |(place, _)| (other, place)));
    let breach = |(other, place): (&&Source, usize)| Breach {
        file: other.path.clone(),
        line: line_of(&other.product, place),
        what: format!("a resource uses the resource {name}: what both need is a file of its own"),
    };
    uses.map(breach).collect()
}
