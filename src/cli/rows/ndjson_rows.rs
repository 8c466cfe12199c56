//! Rows of a file with one JSON object a line.

use std::io::{BufRead, BufReader, Read};

use serde_json::{Map, Value};

use super::columns::{check_restrictions, keep_writable};
use super::{ROW_BYTES_MAX, Row, RowError, RowsError};

/// Reads the rows of an NDJSON file.
#[derive(Debug)]
pub struct NdjsonRows<R> {
    reader: BufReader<R>,
    text: Vec<u8>,
    number: u64,
    line: u64,
}

impl<R: Read> NdjsonRows<R> {
    pub(super) fn new(file: R) -> Self {
        Self { reader: BufReader::new(file), text: Vec::new(), number: 0, line: 0 }
    }

    pub(super) fn next(&mut self) -> Result<Option<Row>, RowsError> {
        loop {
            self.text.clear();
            let limit = u64::try_from(ROW_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
            if self.reader.by_ref().take(limit).read_until(b'\n', &mut self.text)? == 0 {
                return Ok(None);
            }
            self.line = self.line.saturating_add(1);
            let is_too_long = self.text.len() > ROW_BYTES_MAX;
            if is_too_long && !self.text.ends_with(b"\n") {
                self.reader.skip_until(b'\n')?;
            }
            if !self.text.trim_ascii().is_empty() {
                self.number = self.number.saturating_add(1);
                let fields = if is_too_long { Err(too_long()) } else { fields(&self.text) };
                return Ok(Some(Row { number: self.number, line: self.line, fields, cells: None }));
            }
        }
    }
}

fn too_long() -> RowError {
    RowError::of_row("row_too_long", format!("the line is longer than {ROW_BYTES_MAX} bytes"))
}

fn fields(text: &[u8]) -> Result<Map<String, Value>, RowError> {
    // Other programs may put a byte order mark at the beginning of a file.
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    match serde_json::from_slice::<Map<String, Value>>(text) {
        Ok(mut fields) => {
            check_restrictions(&fields)?;
            keep_writable(&mut fields);
            Ok(fields)
        }
        Err(_) if text.contains(&0) => {
            Err(RowError::of_row("not_utf8", "this is not UTF-8 text: save the file as UTF-8"))
        }
        Err(error) => Err(RowError::of_row("malformed_json", format!("the line is no JSON object: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<Row> {
        let mut rows = NdjsonRows::new(text.as_bytes());
        std::iter::from_fn(|| rows.next().expect("a readable file")).collect()
    }

    #[test]
    fn blank_lines_are_no_rows_and_errors_do_not_stop_the_next() {
        let rows = rows("\u{feff}{\"destination_url\":\"a\",\"id\":\"lnk_1\",\"title\":null}\n\n[1]\r\n{\"x\":1}");
        assert_eq!(rows.iter().map(|row| (row.number, row.line)).collect::<Vec<_>>(), [(1, 1), (2, 3), (3, 4)]);
        assert_eq!(rows[0].fields.as_ref().expect("an object").len(), 1);
        assert_eq!(rows[1].fields.as_ref().expect_err("a list").code, "malformed_json");
        assert!(rows[2].fields.is_ok());
    }

    #[test]
    fn a_line_that_is_too_long_is_passed_over() {
        let text = format!("{{\"title\":\"{}\"}}\n{{\"title\":\"b\"}}\n", "a".repeat(3 * ROW_BYTES_MAX));
        let rows = rows(&text);
        assert_eq!(rows[0].fields.as_ref().expect_err("too long").code, "row_too_long");
        assert_eq!((rows.len(), rows[1].line), (2, 2));
    }
}
