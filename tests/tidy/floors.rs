//! Five floors: a floor uses only floors below it.

use crate::Breach;
use crate::source::{Source, line_of};

/// The floor of a folder of src/.
fn floor_of(folder: &str) -> Option<u8> {
    Some(match folder {
        "domain" => 1,
        "config" | "telemetry" | "runtime" => 2,
        "http" | "infra" => 3,
        "services" => 4,
        "roles" => 5,
        "cli" => 6,
        _ => return None,
    })
}

/// What a folder may use of its own floor.
fn is_neighbour(user: &str, used: &str) -> bool {
    user == used || matches!((user, used), ("http", "infra") | ("telemetry", "config" | "runtime"))
}

pub fn check(source: &Source) -> Vec<Breach> {
    let module = source.module();
    let Some(folder) = module.first().cloned() else { return Vec::new() };
    let mut breaches = Vec::new();
    for (position, path) in uses(&source.product, &module) {
        if let Some(what) = breach(&folder, &module, &path) {
            breaches.push(Breach { file: source.path.clone(), line: line_of(&source.product, position), what });
        }
    }
    if floor_of(&folder).is_none() {
        let what = format!("{folder} has no floor: put it into one of the folders of ARCHITECTURE.md");
        breaches.push(Breach { file: source.path.clone(), line: 0, what });
    }
    breaches.dedup();
    breaches
}

fn breach(folder: &str, module: &[String], path: &[String]) -> Option<String> {
    let used = path.first()?;
    let (own, other) = (floor_of(folder)?, floor_of(used)?);
    if other > own || (other == own && !is_neighbour(folder, used)) {
        return Some(format!("{folder} (floor {own}) uses {used} (floor {other})"));
    }
    let (service, used_service) = (module.get(1), path.get(1));
    if folder == "services" && used == "services" && used_service.is_some() && service != used_service {
        let allowed =
            used_service.is_some_and(|name| name == "api_core") && service.is_some_and(|name| name != "edge_redirect");
        return (!allowed).then(|| format!("service {} uses service {}", text(service), text(used_service)));
    }
    let is_edge = folder == "services" && service.is_some_and(|name| name == "edge_redirect");
    let is_forbidden = used == "http" || (used == "infra" && used_service.is_some_and(|name| name == "store"));
    (is_edge && is_forbidden).then(|| format!("edge_redirect uses {}", path.join("::")))
}

fn text(name: Option<&String>) -> &str {
    name.map_or("", String::as_str)
}

/// Every path into our own package, from its root, with its place in the code.
fn uses(code: &str, module: &[String]) -> Vec<(usize, Vec<String>)> {
    let mut found = Vec::new();
    for (position, _) in code.match_indices("crate::") {
        if !is_inside_name(code, position) {
            expand(code, position + "crate::".len(), Vec::new(), &mut found);
        }
    }
    for (position, _) in code.match_indices("super::") {
        if is_inside_name(code, position) || code[..position].ends_with("super::") {
            continue;
        }
        let (mut at, mut base) = (position, module.to_vec());
        while code[at..].starts_with("super::") {
            at += "super::".len();
            base.pop();
        }
        expand(code, at, base, &mut found);
    }
    found
}

fn is_inside_name(code: &str, position: usize) -> bool {
    code[..position].ends_with(|character: char| character.is_alphanumeric() || character == '_' || character == '$')
}

/// Follows a path and the groups in it: `a::{b, c::d}` gives `a::b` and `a::c::d`. Three names are enough for every rule.
fn expand(code: &str, at: usize, base: Vec<String>, found: &mut Vec<(usize, Vec<String>)>) {
    let rest = code[at..].trim_start();
    let at = code.len() - rest.len();
    if base.len() >= 3 {
        found.push((at, base));
    } else if rest.starts_with('{') {
        for item in items(code, at + 1) {
            expand(code, item, base.clone(), found);
        }
    } else {
        let name: String =
            rest.chars().take_while(|character| character.is_alphanumeric() || *character == '_').collect();
        let after = at + name.len();
        let path = if name.is_empty() || name == "self" { base } else { [base, vec![name]].concat() };
        match code[after..].strip_prefix("::") {
            Some(_) => expand(code, after + 2, path, found),
            None => found.push((at, path)),
        }
    }
}

/// Where the items of a group begin.
fn items(code: &str, start: usize) -> Vec<usize> {
    let (mut begins, mut depth) = (vec![start], 0_usize);
    for (offset, character) in code[start..].char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => begins.push(start + offset + 1),
            _ => {}
        }
    }
    begins
}
