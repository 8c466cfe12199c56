//! What fuzz targets call of the command line's insides, in the place of the whole of it; there is nothing of it in an ordinary build.

#[path = "../rows/mod.rs"]
mod rows;

use rows::{Format, Rows};

/// Reads every row of these bytes in both formats: numbers and lines only grow.
pub fn rows(bytes: &[u8]) {
    for format in [Format::Csv, Format::Ndjson] {
        let Ok(mut rows) = Rows::open(format, bytes) else { continue };
        let (mut number, mut line) = (0, 0);
        while let Ok(Some(row)) = rows.next() {
            assert!(row.number > number && row.line > line, "row {} at line {}", row.number, row.line);
            (number, line) = (row.number, row.line);
        }
    }
}
