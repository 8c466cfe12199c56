//! What is new has one list to enter: a service that of its role, a resource and a kind of job that of its service.

use std::collections::BTreeSet;
use std::path::Path;

use crate::Breach;
use crate::source::{Source, line_of};

/// The role that does the jobs of services whose operations another role lists.
const WORKERS: &str = "src/roles/workers.rs";

/// The lists of a service: the folder, what makes a file of it an entry, and what an entry is.
const LISTS: [(&str, &str, &str); 2] = [("rest", "fn routes(", "resource"), ("jobs", "fn handlers(", "kind of job")];

/// The two services that others meet: the source of truth, and the edge, whose origin the API may be.
const MET_BY_OTHERS: [&str; 2] = ["api_core", "edge_redirect"];

pub fn check(sources: &[Source]) -> Vec<Breach> {
    let product: Vec<&Source> = sources.iter().filter(|source| source.path.starts_with("src")).collect();
    let mut breaches = Vec::new();
    for service in services(&product).into_iter().filter(|service| !MET_BY_OTHERS.contains(&service.as_str())) {
        breaches.extend(check_service(&product, &service));
    }
    for source in &product {
        breaches.extend(LISTS.into_iter().flat_map(|list| check_entry(source, &product, list)));
        breaches.extend(check_kind(source, &product));
    }
    breaches
}

fn services(sources: &[&Source]) -> BTreeSet<String> {
    let folder =
        |source: &&&Source| source.path.strip_prefix("src/services").ok()?.iter().next()?.to_str().map(str::to_owned);
    sources.iter().filter_map(|source| folder(&source)).filter(|name| !name.ends_with(".rs")).collect()
}

/// One role lists a service, and the workers role its jobs; nothing else knows it.
fn check_service(sources: &[&Source], service: &str) -> Vec<Breach> {
    let path = format!("services::{service}");
    let named = |source: &&&Source| {
        let is_own = source.path.starts_with(Path::new("src/services").join(service));
        !is_own && source.product.contains(&path)
    };
    let mut places: Vec<&&Source> = sources.iter().filter(named).collect();
    let for_jobs = format!("{path}::jobs");
    if places.len() > 1 {
        places.retain(|source| source.path != Path::new(WORKERS) || !source.product.contains(&for_jobs));
    }
    let is_listed = matches!(places[..], [list] if list.path.starts_with("src/roles"));
    if is_listed {
        return Vec::new();
    }
    let files: Vec<String> = places.iter().map(|source| source.path.display().to_string()).collect();
    let what = format!("one file of src/roles lists this service, not {files:?}");
    vec![Breach { file: Path::new("src/services").join(service).join("mod.rs"), line: 0, what }]
}

/// An entry is a file of the list's folder; only the list, which is the mod.rs beside it, names it.
fn check_entry(source: &Source, sources: &[&Source], (of, mark, what): (&str, &str, &str)) -> Vec<Breach> {
    let folder = source.path.parent().unwrap_or(Path::new(""));
    let Some(name) = source.path.file_stem().and_then(|stem| stem.to_str()) else { return Vec::new() };
    let is_of_a_service = folder.starts_with("src/services") && folder.ends_with(of);
    if !is_of_a_service || name == "mod" || !source.product.contains(mark) {
        return Vec::new();
    }
    let beside = sources.iter().filter(|other| other.path.parent() == Some(folder) && other.path != source.path);
    let not_the_list = beside.filter(|other| !other.path.ends_with("mod.rs"));
    let path = format!("super::{name}::");
    let uses = not_the_list.flat_map(|other| other.product.match_indices(&path).map(move |(place, _)| (other, place)));
    let breach = |(other, place): (&&Source, usize)| Breach {
        file: other.path.clone(),
        line: line_of(&other.product, place),
        what: format!("a {what} uses the {what} {name}: what both need is a file of its own"),
    };
    uses.map(breach).collect()
}

/// What a service does for a kind of job stands in its `jobs` folder, in a file that the list there names, and the workers role
/// names the list.
fn check_kind(source: &Source, sources: &[&Source]) -> Option<Breach> {
    let service = source.path.strip_prefix("src/services").ok()?.iter().next()?.to_str()?;
    let place = source.product.find("Handlers::default().on")?;
    let jobs = Path::new("src/services").join(service).join("jobs");
    let breach = |what| Some(Breach { file: source.path.clone(), line: line_of(&source.product, place), what });
    if source.path.parent() != Some(&jobs) {
        return breach(format!("a kind of job is done in {}", jobs.display()));
    }
    let name = source.path.file_stem()?.to_str()?;
    let names =
        |file: &Path, text: &str| sources.iter().any(|other| other.path == file && other.product.contains(text));
    if !names(&jobs.join("mod.rs"), &format!("{name}::handlers(")) {
        return breach(format!("{} does not list this kind of job", jobs.join("mod.rs").display()));
    }
    if !names(Path::new(WORKERS), &format!("{service}::jobs::handlers(")) {
        return breach(format!("{WORKERS} does not list the jobs of {service}"));
    }
    None
}
