//! Gathers rows into batches.
//!
//! Invariant: what a batch holds follows from the file, from where the batch
//! begins and from its size alone, so that it can be gathered again.

use std::io::Read;

use serde_json::{Map, Value};

use super::report::Refusal;
use crate::cli::rows::{Row, RowError, Rows, RowsError};
use crate::http::extract::parse_json;
use crate::services::api_core::LinkDraft;

/// A batch ends with the row that takes it past so many bytes of JSON. With one row more it stays below what the API reads.
const BATCH_BYTES: usize = 1024 * 1024;
/// The most rows of a batch that set a password, which is slow to keep and therefore limited by the API.
const BATCH_PASSWORDS: usize = 100;

/// Rows that go to the server together.
#[derive(Debug, Default)]
pub struct Batch {
    /// Those that could be read.
    pub rows: Vec<BatchRow>,
    /// Those that could not.
    pub refusals: Vec<Refusal>,
    /// Why there can be no row after these.
    pub broken: Option<RowsError>,
}

/// A row that could be read.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchRow {
    /// Which of the file's rows, from 1.
    pub number: u64,
    /// The line that it starts on, from 1.
    pub line: u64,
    /// The fields of the link.
    pub fields: Map<String, Value>,
}

impl Batch {
    /// How many of the file's rows it stands for.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len().saturating_add(self.refusals.len())
    }

    /// Whether the file has no more rows that can be read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a row, and says how many bytes of JSON it has and whether it sets a password.
    fn add(&mut self, row: Row) -> (usize, bool) {
        let (number, line) = (row.number, row.line);
        let (error, fields) = match row.fields {
            Ok(fields) => match check(&fields) {
                Ok(bytes) => {
                    let has_password = fields.contains_key("password");
                    self.rows.push(BatchRow { number, line, fields });
                    return (bytes, has_password);
                }
                Err(error) => (error, Some(fields)),
            },
            Err(error) => (error, row.cells),
        };
        let RowError { pointer, code, detail } = error;
        self.refusals.push(Refusal { row: number, line, code: code.to_owned(), detail, pointer, fields });
        (0, false)
    }
}

/// The next batch of at most `rows_max` rows; an empty one at the end of the file.
pub fn gather(rows: &mut Rows<impl Read>, rows_max: usize) -> Batch {
    let mut batch = Batch::default();
    let (mut bytes, mut passwords) = (0_usize, 0_usize);
    while batch.len() < rows_max && bytes < BATCH_BYTES && passwords < BATCH_PASSWORDS {
        let row = match rows.next() {
            Ok(Some(row)) => row,
            Ok(None) => break,
            Err(error) => {
                batch.broken = Some(error);
                break;
            }
        };
        let (row_bytes, has_password) = batch.add(row);
        bytes = bytes.saturating_add(row_bytes);
        passwords = passwords.saturating_add(usize::from(has_password));
    }
    batch
}

/// Whether the fields have the form that the API documents, because it refuses a whole batch for one row that has not.
/// Returns their length as JSON, in bytes.
fn check(fields: &Map<String, Value>) -> Result<usize, RowError> {
    let refused = |pointer, code, detail| RowError { pointer, code, detail };
    let json =
        serde_json::to_vec(fields).map_err(|error| refused(String::new(), "malformed_json", error.to_string()))?;
    parse_json::<LinkDraft>(&json).map_err(|error| match error.fields.into_iter().next() {
        Some(field) => refused(field.pointer, field.code, field.message),
        None => refused(String::new(), error.code, error.message),
    })?;
    Ok(json.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::rows::Format;

    #[test]
    fn batches_are_bounded_by_rows_and_by_bytes() {
        let file = "{\"destination_url\":\"a\"}\nx\n{\"destination_url\":\"b\"}\n{\"destination_url\":\"c\"}\n";
        let mut rows = Rows::open(Format::Ndjson, file.as_bytes()).expect("rows");
        let first = gather(&mut rows, 3);
        assert_eq!((first.rows.len(), first.refusals.len()), (2, 1));
        assert_eq!(gather(&mut rows, 3).len(), 1);
        assert!(gather(&mut rows, 3).is_empty());

        let long = format!("{{\"destination_url\":\"{}\"}}\n", "a".repeat(600_000)).repeat(5);
        let mut rows = Rows::open(Format::Ndjson, long.as_bytes()).expect("rows");
        assert_eq!(gather(&mut rows, 100).len(), 2);
    }

    #[test]
    fn rows_of_another_form_are_refused_before_they_spoil_their_batch() {
        let file =
            "{\"destination_url\":\"a\",\"colour\":1}\n{\"destination_url\":\"a\",\"rules\":[{\"name\":\"r\"}]}\n{}\n";
        let batch = gather(&mut Rows::open(Format::Ndjson, file.as_bytes()).expect("rows"), 10);
        let errors: Vec<(&str, &str)> =
            batch.refusals.iter().map(|refusal| (refusal.code.as_str(), refusal.pointer.as_str())).collect();
        assert_eq!(
            errors,
            [("unknown_field", "/colour"), ("missing", "/rules/0/outcome"), ("missing", "/destination_url")]
        );
    }

    #[test]
    fn passwords_are_bounded_too() {
        let file = "destination_url,password\na,b\n".to_owned() + &"a,b\n".repeat(150);
        let mut rows = Rows::open(Format::Csv, file.as_bytes()).expect("rows");
        assert_eq!(gather(&mut rows, 1000).len(), BATCH_PASSWORDS);
    }

    #[test]
    fn rows_before_a_fatal_error_are_not_lost() {
        let file = format!("destination_url\na\nb\n\"{}", "x".repeat(3_000_000));
        let mut rows = Rows::open(Format::Csv, file.as_bytes()).expect("rows");
        let batch = gather(&mut rows, 100);
        assert_eq!((batch.len(), batch.broken.is_some()), (2, true));
    }
}
