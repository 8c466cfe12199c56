//! Gathers rows into batches.
//!
//! Invariant: what a batch holds follows from the file, from where the batch
//! begins and from its size alone, so that it can be gathered again.

use std::io::Read;

use serde_json::{Map, Value};

use super::report::Refusal;
use crate::cli::rows::{Row, RowMistake, Rows, RowsError};

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

    fn add(&mut self, row: Row) {
        let (number, line) = (row.number, row.line);
        match row.fields {
            Ok(fields) => self.rows.push(BatchRow { number, line, fields }),
            Err(RowMistake { pointer, code, detail }) => {
                let code = code.to_owned();
                self.refusals.push(Refusal { row: number, line, code, detail, pointer, fields: None });
            }
        }
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
        if let Ok(fields) = &row.fields {
            bytes = bytes.saturating_add(serde_json::to_vec(fields).map_or(0, |json| json.len()));
            passwords = passwords.saturating_add(usize::from(fields.contains_key("password")));
        }
        batch.add(row);
    }
    batch
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::rows::Format;

    #[test]
    fn batches_are_bounded_by_rows_and_by_bytes() {
        let file = "{\"title\":\"a\"}\nx\n{\"title\":\"b\"}\n{\"title\":\"c\"}\n";
        let mut rows = Rows::open(Format::Ndjson, file.as_bytes()).expect("rows");
        let first = gather(&mut rows, 3);
        assert_eq!((first.rows.len(), first.refusals.len()), (2, 1));
        assert_eq!(gather(&mut rows, 3).len(), 1);
        assert!(gather(&mut rows, 3).is_empty());

        let long = format!("{{\"title\":\"{}\"}}\n", "a".repeat(600_000)).repeat(5);
        let mut rows = Rows::open(Format::Ndjson, long.as_bytes()).expect("rows");
        assert_eq!(gather(&mut rows, 100).len(), 2);
    }

    #[test]
    fn passwords_are_bounded_too() {
        let file = "destination_url,password\na,b\n".to_owned() + &"a,b\n".repeat(150);
        let mut rows = Rows::open(Format::Csv, file.as_bytes()).expect("rows");
        assert_eq!(gather(&mut rows, 1000).len(), BATCH_PASSWORDS);
    }

    #[test]
    fn rows_before_a_fatal_mistake_are_not_lost() {
        let file = format!("destination_url\na\nb\n\"{}", "x".repeat(3_000_000));
        let mut rows = Rows::open(Format::Csv, file.as_bytes()).expect("rows");
        let batch = gather(&mut rows, 100);
        assert_eq!((batch.len(), batch.broken.is_some()), (2, true));
    }
}
