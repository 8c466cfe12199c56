//! Rows of a CSV file.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

use csv::{ByteRecord, Reader, ReaderBuilder};
use serde_json::{Map, Value};

use super::columns::{COLUMNS, Column};
use super::{ROW_BYTES_MAX, Row, RowError, RowsError};

/// How much is read from the file at once, in bytes.
const BUFFER_BYTES: usize = 64 * 1024;
/// The heading that no file may lack.
const REQUIRED: &str = "destination_url";

/// Reads the rows of a CSV file.
#[derive(Debug)]
pub struct CsvRows<R> {
    reader: Reader<Metered<R>>,
    read_for_row: Rc<Cell<usize>>,
    columns: Vec<Column>,
    record: ByteRecord,
    number: u64,
}

/// Counts what is read for one row, because a quote that is never closed makes the rest of the file one row.
#[derive(Debug)]
struct Metered<R> {
    file: R,
    read_for_row: Rc<Cell<usize>>,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.read_for_row.get() > ROW_BYTES_MAX {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "too long a row"));
        }
        let count = self.file.read(buffer)?;
        self.read_for_row.set(self.read_for_row.get().saturating_add(count));
        Ok(count)
    }
}

impl<R: Read> CsvRows<R> {
    pub(super) fn open(file: R) -> Result<Self, RowsError> {
        let read_for_row = Rc::new(Cell::new(0));
        let metered = Metered { file, read_for_row: Rc::clone(&read_for_row) };
        let reader =
            ReaderBuilder::new().has_headers(false).flexible(true).buffer_capacity(BUFFER_BYTES).from_reader(metered);
        let mut rows = Self { reader, read_for_row, columns: Vec::new(), record: ByteRecord::new(), number: 0 };
        if !rows.advance()? {
            return Err(RowsError::Form("the file is empty: its first line names the columns".to_owned()));
        }
        rows.columns = rows.record.iter().map(heading).collect::<Result<_, _>>()?;
        check_headings(&rows.columns)?;
        Ok(rows)
    }

    pub(super) fn next(&mut self) -> Result<Option<Row>, RowsError> {
        if !self.advance()? {
            return Ok(None);
        }
        self.number = self.number.saturating_add(1);
        let line = self.record.position().map_or(0, csv::Position::line);
        Ok(Some(Row { number: self.number, line, fields: self.fields() }))
    }

    /// Reads the next record; false after the last.
    fn advance(&mut self) -> Result<bool, RowsError> {
        let line = self.reader.position().line();
        self.read_for_row.set(0);
        self.reader.read_byte_record(&mut self.record).map_err(|error| match error.into_kind() {
            csv::ErrorKind::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => RowsError::Form(format!(
                "the row that starts at line {line} is longer than {ROW_BYTES_MAX} bytes: is a quote left open?"
            )),
            csv::ErrorKind::Io(error) => RowsError::Read(error),
            other => RowsError::Form(format!("{other:?}")),
        })
    }

    fn fields(&self) -> Result<Map<String, Value>, RowError> {
        if self.record.len() != self.columns.len() {
            let detail = format!("the row has {} cells, the headings are {}", self.record.len(), self.columns.len());
            return Err(RowError::of_row("wrong_number_of_cells", detail));
        }
        let mut fields = Map::new();
        for (column, cell) in self.columns.iter().zip(&self.record) {
            let Ok(cell) = std::str::from_utf8(cell) else {
                let pointer = format!("/{}", column.name);
                return Err(RowError { pointer, code: "not_utf8", detail: "this is not UTF-8 text".to_owned() });
            };
            column.read(cell, &mut fields)?;
        }
        Ok(fields)
    }
}

fn heading(cell: &[u8]) -> Result<Column, RowsError> {
    let name = String::from_utf8_lossy(cell);
    Column::named(name.trim()).ok_or_else(|| {
        let known: Vec<&str> = COLUMNS.iter().map(|column| column.name).collect();
        RowsError::Form(format!("there is no column {:?}; the columns are {}", name.trim(), known.join(", ")))
    })
}

fn check_headings(columns: &[Column]) -> Result<(), RowsError> {
    for (index, column) in columns.iter().enumerate() {
        if columns.iter().take(index).any(|earlier| earlier == column) {
            return Err(RowsError::Form(format!("the column {} is there twice", column.name)));
        }
    }
    if columns.iter().any(|column| column.name == REQUIRED) {
        return Ok(());
    }
    Err(RowsError::Form(format!("the column {REQUIRED} is missing")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rows(text: &str) -> Result<Vec<Row>, RowsError> {
        let mut rows = CsvRows::open(text.as_bytes())?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push(row);
        }
        Ok(all)
    }

    #[test]
    fn quotes_byte_order_marks_and_blank_lines_are_understood() {
        let text = "\u{feff}destination_url,tags\r\n\r\n\"https://example.com/?a,b\",\"x,y\"\r\nhttps://example.org,\n";
        let rows = rows(text).expect("a readable file");
        let fields: Vec<Value> = rows.iter().map(|row| json!(row.fields.as_ref().expect("fields"))).collect();
        assert_eq!(fields[0], json!({"destination_url": "https://example.com/?a,b", "tags": ["x", "y"]}));
        assert_eq!(fields[1], json!({"destination_url": "https://example.org"}));
        assert_eq!((rows[0].number, rows[1].number), (1, 2));
    }

    #[test]
    fn a_row_with_an_error_does_not_stop_the_next() {
        let rows = rows("destination_url,max_clicks\na\nb,x\nc,3\n").expect("a readable file");
        assert_eq!(rows[0].fields.as_ref().expect_err("too few cells").code, "wrong_number_of_cells");
        assert_eq!(rows[1].fields.as_ref().expect_err("no number").pointer, "/max_clicks");
        assert!(rows[2].fields.is_ok());
        assert_eq!(rows[2].line, 4);
    }

    #[test]
    fn headings_are_checked_before_any_row() {
        for text in ["", "slug\na", "destination_url,destination_url\na,b", "destination_url,colour\na,b"] {
            assert!(matches!(rows(text), Err(RowsError::Form(_))), "{text}");
        }
    }

    #[test]
    fn a_quote_that_is_never_closed_ends_in_a_message_and_not_in_memory() {
        let text = format!("destination_url\n\"{}", "a,\n".repeat(1_000_000));
        let error = rows(&text).expect_err("too long a row").to_string();
        assert!(error.contains("starts at line 2"), "{error}");
    }
}
