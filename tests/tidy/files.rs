//! One idea a file: short, and saying first what it is about.

use std::path::Path;

use crate::Breach;
use crate::source::Source;

/// Longer files are mentioned.
const LINES_GOOD: usize = 400;
/// Longer files are refused.
const LINES_MAX: usize = 600;
/// The way into the process shows nothing but the way.
const MAIN_LINES_MAX: usize = 80;
/// A role lists its services: what more there is to say of one of them is said elsewhere.
const ROLE_LINES_MAX: usize = 100;
/// The roles, and the listeners of the one that has several.
const ROLES: [&str; 7] = ["api", "api_listener", "click_shipping", "edge", "grpc_listener", "ingester", "workers"];

/// Breaches, and files that are worth a look.
pub fn check(sources: &[Source]) -> (Vec<Breach>, Vec<String>) {
    let (mut breaches, mut remarks) = (Vec::new(), Vec::new());
    for source in sources {
        let lines = source.text.lines().count();
        let most = lines_max(&source.path);
        let mut tell = |what: String| breaches.push(Breach { file: source.path.clone(), line: 0, what });
        if lines > most {
            tell(format!("{lines} lines, at most {most} are allowed"));
        } else if lines > LINES_GOOD {
            remarks.push(format!("{}: {lines} lines; {LINES_GOOD} are usually enough", source.path.display()));
        }
        let is_tests = source.path.ends_with("tests.rs") && source.path.starts_with("src");
        if !is_tests && !source.text.starts_with("//! ") {
            tell("it does not begin by saying what it is (//! …)".to_owned());
        }
    }
    (breaches, remarks)
}

fn lines_max(path: &Path) -> usize {
    let is_role = |name: &str| path == Path::new("src/roles").join(name).with_extension("rs");
    match path {
        path if path == Path::new("src/main.rs") => MAIN_LINES_MAX,
        _ if ROLES.into_iter().any(is_role) => ROLE_LINES_MAX,
        _ => LINES_MAX,
    }
}
