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

/// Breaches, and files that are worth a look.
pub fn check(sources: &[Source]) -> (Vec<Breach>, Vec<String>) {
    let (mut breaches, mut remarks) = (Vec::new(), Vec::new());
    for source in sources {
        let lines = source.text.lines().count();
        let most = if source.path == Path::new("src/main.rs") { MAIN_LINES_MAX } else { LINES_MAX };
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
