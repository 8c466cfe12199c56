//! What the settings are, for people: every key, its value and where that came from. Secrets stay secret.

use std::fmt;

use figment::Figment;
use figment::value::{Dict, Value};
use serde::Serialize;

use super::config_error::{DEFAULTS, redacted};
use super::environment::shown;
use super::layer::{is_secret, leaves};
use super::load::Loaded;

/// Shown in place of a secret.
const REDACTED: &str = "\"[redacted]\"";

/// Where the sources stand in a listing, in characters, if the values leave room.
const SOURCE_COLUMN: usize = 50;

/// One key with its value and its source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Such as `edge.listen`.
    pub key: String,
    /// As TOML would have it; `"[redacted]"` for a secret that is not the built-in default.
    pub value: String,
    /// A file's name, a variable's, or "the built-in defaults".
    pub source: String,
}

/// Every key of `known` as `figment` has it.
pub(super) fn entries(figment: &Figment, known: &Dict) -> Vec<Entry> {
    let mut entries: Vec<Entry> =
        leaves(known).into_iter().map(|(key, default)| entry(figment, key, default)).collect();
    entries.sort_by(|left, right| table_and_name(left).cmp(&table_and_name(right)));
    entries
}

fn entry(figment: &Figment, key: String, default: Value) -> Entry {
    let source = figment.find_metadata(&key).map_or_else(|| DEFAULTS.to_owned(), |found| found.name.to_string());
    let value = figment.find_value(&key).unwrap_or(default);
    let secret = is_secret(&key) && source != DEFAULTS;
    let value = if secret { REDACTED.to_owned() } else { shown_in_full(&value) };
    Entry { key, value, source }
}

/// Messages cut long values; a listing must not.
fn shown_in_full(value: &Value) -> String {
    match value.as_str() {
        Some(text) => toml::Value::String(redacted(text).into_owned()).to_string(),
        None => shown(value),
    }
}

impl Loaded {
    /// Where the value of `key` came from.
    #[must_use]
    pub fn source_of(&self, key: &str) -> &str {
        self.entries.iter().find(|entry| entry.key == key).map_or(DEFAULTS, |entry| &entry.source)
    }
}

/// Valid TOML, with every value's source behind it.
impl fmt::Display for Loaded {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut current = "";
        for entry in &self.entries {
            let (table, name) = table_and_name(entry);
            if table != current {
                current = table;
                writeln!(formatter, "\n[{table}]")?;
            }
            let setting = format!("{name} = {}", entry.value);
            writeln!(formatter, "{setting:<SOURCE_COLUMN$}  # {}", entry.source)?;
        }
        Ok(())
    }
}

/// `("edge.cache", "entries_max")`; the table of a first-level key is empty, so that it sorts first, as TOML wants it.
fn table_and_name(entry: &Entry) -> (&str, &str) {
    entry.key.rsplit_once('.').unwrap_or(("", &entry.key))
}
