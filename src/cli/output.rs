//! What commands print: JSON for programs, lines and tables for people.
//!
//! Invariants: results go to standard output and everything else to standard
//! error; text from elsewhere cannot steer the terminal.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;

use super::exit::{Exit, Failure};

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::Args)]
#[command(next_help_heading = "Output")]
pub struct OutputArguments {
    /// Print results as JSON, one document per command (one per line where results are streamed).
    #[arg(long, global = true)]
    pub json: bool,
}

/// Prints one line to standard output.
///
/// # Errors
/// When standard output is closed, in silence: whoever read it has enough.
pub fn line(text: &str) -> Result<(), Failure> {
    written(writeln!(io::stdout().lock(), "{}", printable(text)))
}

/// Prints text to standard output as it is, such as a script or a document.
///
/// # Errors
/// As [`line()`].
pub fn verbatim(text: &[u8]) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    written(stdout.write_all(text).and_then(|()| stdout.flush()))
}

/// Prints a note to standard error, where it does not get into results.
pub fn note(text: &str) {
    // Nobody is left to tell when standard error is closed.
    drop(writeln!(io::stderr().lock(), "{}", printable(text)));
}

/// Prints a document as indented JSON.
///
/// # Errors
/// As [`line()`].
pub fn json(document: &impl Serialize) -> Result<(), Failure> {
    let text =
        serde_json::to_string_pretty(document).map_err(|error| Failure::new(Exit::Failure, error.to_string()))?;
    verbatim(format!("{text}\n").as_bytes())
}

/// Prints a document as JSON in one line.
///
/// # Errors
/// As [`line()`].
pub fn json_line(document: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string(document).map_err(|error| Failure::new(Exit::Failure, error.to_string()))?;
    verbatim(format!("{text}\n").as_bytes())
}

/// Prints figures for scripts, in the line that they look for.
///
/// # Errors
/// As [`line()`].
pub fn result_line(figures: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string(figures).map_err(|error| Failure::new(Exit::Failure, error.to_string()))?;
    line(&format!("RESULT {text}"))
}

/// Prints names and values below each other; what is absent is left out.
///
/// # Errors
/// As [`line()`].
pub fn record(fields: &[(&str, String)]) -> Result<(), Failure> {
    let width = fields.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    for (name, value) in fields.iter().filter(|(_, value)| !value.is_empty()) {
        line(&format!("{name:width$}  {value}"))?;
    }
    Ok(())
}

/// Prints rows under headings (none for the later parts of one table), in columns as wide as they need to be.
///
/// # Errors
/// As [`line()`].
pub fn table(headings: &[&str], rows: &[Vec<String>]) -> Result<(), Failure> {
    let headings: Vec<String> = headings.iter().map(|heading| (*heading).to_owned()).collect();
    let lines: Vec<&Vec<String>> = std::iter::once(&headings).filter(|row| !row.is_empty()).chain(rows).collect();
    let columns = lines.iter().map(|row| row.len()).max().unwrap_or(0);
    let mut widths = vec![0; columns];
    for row in &lines {
        for (width, cell) in widths.iter_mut().zip(*row) {
            *width = (*width).max(printable(cell).chars().count());
        }
    }
    for row in lines {
        let cells = row.iter().zip(&widths).map(|(cell, &width)| format!("{:width$}", printable(cell)));
        line(cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}

/// A value of a JSON document as people read it; nothing for what is absent, null or empty.
#[must_use]
pub fn shown(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) => items.iter().map(|item| shown(Some(item))).collect::<Vec<_>>().join(", "),
        Some(Value::Object(fields)) if fields.is_empty() => String::new(),
        Some(other) => other.to_string(),
    }
}

/// The text without control characters, which a terminal would obey.
fn printable(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).collect()
}

fn written(outcome: io::Result<()>) -> Result<(), Failure> {
    outcome.map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::new(Exit::Failure, ""),
        _ => Failure::new(Exit::Failure, format!("could not write to standard output: {error}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn text_from_elsewhere_cannot_steer_the_terminal() {
        assert_eq!(printable("a\u{1b}[2Jb\r\nc"), "a[2Jbc");
    }

    #[test]
    fn values_are_shown_without_their_json() {
        let link = json!({"slug": "a", "tags": ["x", "y"], "clicks": 7, "title": null, "utm": {}});
        let shown_of = |name: &str| shown(link.get(name));
        assert_eq!((shown_of("slug"), shown_of("tags"), shown_of("clicks")), ("a".into(), "x, y".into(), "7".into()));
        assert_eq!((shown_of("title"), shown_of("utm"), shown_of("absent")), Default::default());
    }
}
