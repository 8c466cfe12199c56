//! Links as rows of a file: CSV with a heading line, or one JSON object a line.
//!
//! Invariant: whatever the bytes are, a row is read, refused or the file is
//! refused; only one row is held at a time and it is not longer than a limit.

pub mod columns;
mod csv_rows;
mod csv_source;
mod csv_text;
mod ndjson_rows;
mod open_quote;

use std::io::Read;
use std::path::Path;

use clap::ValueEnum;
use serde_json::{Map, Value};

use self::csv_rows::CsvRows;
use self::ndjson_rows::NdjsonRows;

/// The longest row, in bytes.
pub const ROW_BYTES_MAX: usize = 1024 * 1024;

/// How a file holds its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Comma-separated values with a heading line (RFC 4180).
    Csv,
    /// One JSON object a line.
    Ndjson,
}

/// One row, read or not.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Which one of the file's rows, from 1; headings and blank lines do not count.
    pub number: u64,
    /// The line that it starts on, from 1.
    pub line: u64,
    /// The fields of the link, or why it has none.
    pub fields: Result<Map<String, Value>, RowError>,
    /// What stands in the cells of a row that has none, as far as they belong to columns.
    pub cells: Option<Map<String, Value>>,
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowError {
    /// The field at fault as a JSON pointer, or nothing where it is the row as a whole.
    pub pointer: String,
    /// Stable code of the error, `snake_case`.
    pub code: &'static str,
    /// What is wrong, for people.
    pub detail: String,
}

/// Why the rest of a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RowsError {
    /// The operating system says so.
    #[error("{0}")]
    Read(#[from] std::io::Error),
    /// The file is not what it should be.
    #[error("{0}")]
    Form(String),
}

/// Reads the rows of a file.
pub enum Rows<R: Read> {
    /// From CSV.
    Csv(Box<CsvRows<R>>),
    /// From NDJSON.
    Ndjson(Box<NdjsonRows<R>>),
}

impl Format {
    /// The format that a file's name tells.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        match extension.as_str() {
            "csv" => Some(Self::Csv),
            "ndjson" | "jsonl" => Some(Self::Ndjson),
            _ => None,
        }
    }
}

impl<R: Read> Rows<R> {
    /// Starts to read.
    ///
    /// # Errors
    /// When the headings of a CSV file are not those of links.
    pub fn open(format: Format, file: R) -> Result<Self, RowsError> {
        Ok(match format {
            Format::Csv => Self::Csv(Box::new(CsvRows::open(file)?)),
            Format::Ndjson => Self::Ndjson(Box::new(NdjsonRows::new(file))),
        })
    }

    /// The next row; `None` after the last.
    ///
    /// # Errors
    /// When the rest of the file cannot be read.
    pub fn next(&mut self) -> Result<Option<Row>, RowsError> {
        match self {
            Self::Csv(rows) => rows.next(),
            Self::Ndjson(rows) => rows.next(),
        }
    }
}

impl RowError {
    fn of_row(code: &'static str, detail: impl Into<String>) -> Self {
        Self { pointer: String::new(), code, detail: detail.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read_all(format: Format, bytes: &[u8]) -> Result<Vec<Row>, RowsError> {
        let mut rows = Rows::open(format, bytes)?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push(row);
        }
        Ok(all)
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in any::<Vec<u8>>(), heading in any::<bool>()) {
            let mut csv = if heading { b"destination_url,slug,tags,rules,max_clicks\n".to_vec() } else { Vec::new() };
            csv.extend(&bytes);
            drop(read_all(Format::Csv, &csv));
            drop(read_all(Format::Ndjson, &bytes));
        }

        #[test]
        fn rows_are_numbered_without_gaps(lines in proptest::collection::vec("[a-z\",]{0,8}", 0..20)) {
            let text = format!("destination_url,slug\n{}", lines.join("\n"));
            if let Ok(rows) = read_all(Format::Csv, text.as_bytes()) {
                let numbers: Vec<u64> = rows.iter().map(|row| row.number).collect();
                prop_assert_eq!(numbers, (1..=rows.len() as u64).collect::<Vec<_>>());
            }
        }

        #[test]
        fn ndjson_keeps_every_row_apart(texts in proptest::collection::vec(any::<String>(), 0..10)) {
            let objects: Vec<Value> = texts.iter().map(|text| serde_json::json!({"title": text})).collect();
            let lines: Vec<String> = objects.iter().map(Value::to_string).collect();
            let file = lines.join("\n");
            let rows = read_all(Format::Ndjson, file.as_bytes()).expect("a readable file");
            let read: Vec<Value> = rows.into_iter().map(|row| Value::Object(row.fields.expect("an object"))).collect();
            prop_assert_eq!(read, objects);
        }
    }

    #[test]
    fn a_name_tells_the_format() {
        assert_eq!(Format::of(Path::new("a/links.CSV")), Some(Format::Csv));
        assert_eq!(Format::of(Path::new("links.ndjson")), Some(Format::Ndjson));
        assert_eq!(Format::of(Path::new("links")), None);
    }
}
