//! Rows of a CSV file.

use std::io::{self, Read};

use csv::{ByteRecord, Reader, ReaderBuilder};
use serde_json::{Map, Value};

use super::columns::{COLUMNS, Column, check_restrictions, slug_from_address};
use super::csv_source::Source;
use super::csv_text::{CsvText, line_breaks};
use super::open_quote::{self, OpenQuote};
use super::{ROW_BYTES_MAX, Row, RowError, RowsError};

/// How much is read from the file at once, in bytes.
const BUFFER_BYTES: usize = 64 * 1024;
/// Columns in which spaces around the text are part of it.
const KEPT_WHOLE: [&str; 4] = ["title", "description", "comment", "password"];
/// The heading that no file may lack.
const REQUIRED: &str = "destination_url";

/// Reads the rows of a CSV file.
pub struct CsvRows<R: Read> {
    reader: Reader<Source<R>>,
    source: Source<R>,
    delimiter: u8,
    /// A column without a heading is none.
    columns: Vec<Option<Column>>,
    record: ByteRecord,
    number: u64,
}

impl<R: Read> CsvRows<R> {
    pub(super) fn open(file: R) -> Result<Self, RowsError> {
        let text = CsvText::open(file)?;
        let delimiter = text.delimiter();
        let source = Source::new(text);
        let reader = parser(delimiter, source.reader());
        let mut rows = Self { reader, source, delimiter, columns: Vec::new(), record: ByteRecord::new(), number: 0 };
        loop {
            if rows.advance()?.is_none() {
                return Err(RowsError::Form("the file is empty: its first line names the columns".to_owned()));
            }
            if !rows.is_without_values() {
                break;
            }
        }
        rows.columns = rows.record.iter().map(heading).collect::<Result<_, _>>()?;
        check_headings(&rows.columns)?;
        Ok(rows)
    }

    pub(super) fn next(&mut self) -> Result<Option<Row>, RowsError> {
        loop {
            let Some(line) = self.advance()? else { return Ok(None) };
            if self.is_without_values() {
                continue;
            }
            self.number = self.number.saturating_add(1);
            if let Some(quote) = self.open_quote(line) {
                self.source.go_back_behind(line, quote.line);
                self.reader = parser(self.delimiter, self.source.reader());
                let fields = Err(RowError::of_row("open_quote", quote.to_string()));
                return Ok(Some(Row { number: self.number, line, fields, cells: None }));
            }
            let fields = self.fields();
            let cells = fields.is_err().then(|| self.cells());
            return Ok(Some(Row { number: self.number, line, fields, cells }));
        }
    }

    /// Spreadsheets leave rows of empty cells at the end, and people some at the beginning.
    fn is_without_values(&self) -> bool {
        self.record.iter().all(|cell| cell.trim_ascii().is_empty())
    }

    /// Reads the next record and says on which line it starts; none after the last.
    fn advance(&mut self) -> Result<Option<u64>, RowsError> {
        let start = self.reader.position().byte();
        self.source.begin_row(start);
        let read = self.reader.read_byte_record(&mut self.record);
        let line = self.source.line_at(start);
        match read {
            Ok(true) => Ok(Some(line)),
            Ok(false) => Ok(None),
            Err(error) => Err(match error.into_kind() {
                csv::ErrorKind::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => RowsError::Form(format!(
                    "the row that starts at line {line} is longer than {ROW_BYTES_MAX} bytes: is a quote left open?"
                )),
                csv::ErrorKind::Io(error) => RowsError::Read(error),
                other => RowsError::Form(format!("{other:?}")),
            }),
        }
    }

    /// The quote of the record, which starts on this line, that takes in further rows.
    fn open_quote(&self, line: u64) -> Option<OpenQuote> {
        if self.record.iter().all(|cell| line_breaks(cell) == 0) {
            return None;
        }
        let text = self.source.row(self.reader.position().byte());
        open_quote::find(&text, line, self.delimiter, |line| self.is_row(line))
    }

    /// Whether a line looks like a row: it has a cell for each heading, and an address where the destination is.
    fn is_row(&self, line: &[u8]) -> bool {
        let cells = || line.split(|byte| *byte == self.delimiter);
        let place =
            self.columns.iter().position(|column| column.as_ref().is_some_and(|column| column.name == REQUIRED));
        let destination = place.and_then(|place| cells().nth(place)).and_then(|cell| std::str::from_utf8(cell).ok());
        cells().count() == self.columns.len() && destination.is_some_and(|text| text.trim().contains("://"))
    }

    /// What stands in the cells, by column.
    fn cells(&self) -> Map<String, Value> {
        let cells = self.columns.iter().zip(&self.record);
        let named = cells.filter_map(|(column, cell)| Some((column.as_ref()?, String::from_utf8_lossy(cell))));
        named.map(|(column, cell)| (column.name.to_owned(), Value::from(cell))).collect()
    }

    fn fields(&self) -> Result<Map<String, Value>, RowError> {
        if self.record.len() != self.columns.len() {
            let detail = format!("the row has {} cells, the headings are {}", self.record.len(), self.columns.len());
            return Err(RowError::of_row("wrong_number_of_cells", detail));
        }
        let mut fields = Map::new();
        let mut cells = Map::new();
        for (column, cell) in self.columns.iter().zip(&self.record) {
            let Some(column) = column else { continue };
            let Ok(cell) = std::str::from_utf8(cell) else {
                let pointer = format!("/{}", column.name);
                return Err(RowError { pointer, code: "not_utf8", detail: "this is not UTF-8 text".to_owned() });
            };
            cells.insert(column.name.to_owned(), cell.into());
            column.read(if KEPT_WHOLE.contains(&column.name) { cell } else { cell.trim() }, &mut fields)?;
        }
        check_restrictions(&cells)?;
        if let Some(Value::String(address)) = cells.get("short_url") {
            slug_from_address(&mut fields, address.trim());
        }
        Ok(fields)
    }
}

fn parser<R: Read>(delimiter: u8, source: Source<R>) -> Reader<Source<R>> {
    ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .buffer_capacity(BUFFER_BYTES)
        .from_reader(source)
}

fn heading(cell: &[u8]) -> Result<Option<Column>, RowsError> {
    let name = String::from_utf8_lossy(cell);
    if name.trim().is_empty() {
        return Ok(None);
    }
    Column::named(&name).map(Some).ok_or_else(|| {
        let known: Vec<&str> = COLUMNS.iter().map(|column| column.name).collect();
        RowsError::Form(format!("there is no column {:?}; the columns are {}", name.trim(), known.join(", ")))
    })
}

fn check_headings(columns: &[Option<Column>]) -> Result<(), RowsError> {
    for (index, column) in columns.iter().enumerate() {
        if let Some(column) = column
            && columns.iter().take(index).any(|earlier| earlier.as_ref() == Some(column))
        {
            return Err(RowsError::Form(format!("the column {} is there twice", column.name)));
        }
    }
    if columns.iter().flatten().any(|column| column.name == REQUIRED) {
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

    fn lines(text: &str) -> Vec<u64> {
        rows(text).expect("a readable file").iter().map(|row| row.line).collect()
    }

    #[test]
    fn rows_are_found_on_the_lines_where_people_see_them() {
        assert_eq!(lines("destination_url\na\nb\n"), [2, 3]);
        assert_eq!(lines("destination_url\r\na\r\n\r\nb\r\n"), [2, 4]);
        assert_eq!(lines("destination_url\ra\rb\r"), [2, 3]);
        assert_eq!(lines("destination_url,title\r\na,\"two\r\nlines\"\r\nb,\r\n"), [2, 4]);
        assert_eq!(lines("sep=;\r\ndestination_url;slug\r\na;b\r\n"), [3]);
    }

    #[test]
    fn files_of_spreadsheets_are_read() {
        for text in [
            "destination_url;slug\na;b\n",
            "sep=;\ndestination_url;slug\na;b\n",
            "\"SEP=;\"\r\ndestination_url;slug\r\na;b\r\n",
            "\n\ndestination_url;slug\na;b\n",
            ";\ndestination_url;slug\na;b\n",
            "Destination_URL\tSlug\na\tb\n",
            "Long URL,Short Link\na,https://example.com/b\n",
            "keyword,url,ip\nb,a,192.0.2.1\n",
        ] {
            let rows = rows(text).expect("a readable file");
            let fields = rows[0].fields.as_ref().expect("fields");
            assert_eq!((&fields["destination_url"], &fields["slug"]), (&json!("a"), &json!("b")), "{text}");
        }
        let utf16: Vec<u8> =
            "\u{feff}destination_url\tslug\r\na\tb\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let row = CsvRows::open(utf16.as_slice()).expect("headings").next().expect("a row").expect("one");
        assert_eq!(json!(row.fields.expect("fields")), json!({"destination_url": "a", "slug": "b"}));
        let error = CsvRows::open(&utf16[2..]).err().expect("no mark").to_string();
        assert!(error.contains("UTF-16 with a byte order mark"), "{error}");
    }

    #[test]
    fn rows_without_a_value_are_no_rows_and_columns_without_a_heading_no_columns() {
        let rows = rows("destination_url,slug,\na, b ,x\n,,\n   ,,\n   \n").expect("a readable file");
        assert_eq!(rows.len(), 1);
        assert_eq!(json!(rows[0].fields.as_ref().expect("fields")), json!({"destination_url": "a", "slug": "b"}));
    }

    #[test]
    fn a_protected_link_does_not_come_back_open() {
        let rows = rows("destination_url,password,password_protected\na,,TRUE\n").expect("a readable file");
        assert_eq!(rows[0].fields.as_ref().expect_err("no password").code, "password_needed");
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
    fn a_quote_that_is_left_open_costs_its_own_row_alone() {
        let closed_by_a_later_quote = "https://e.org/5,\"five\",x\nhttps://e.org/6,six,\n";
        for behind in ["https://e.org/5,five,x\nhttps://e.org/6,six,\n", closed_by_a_later_quote] {
            for line_break in ["\n", "\r\n"] {
                let text = format!(
                    "destination_url,title,comment\nhttps://e.org/2,\"two\nlines\",\nhttps://e.org/4,\"four,x\n{behind}"
                );
                let rows = rows(&text.replace('\n', line_break)).expect("a readable file");
                let places: Vec<(u64, u64)> = rows.iter().map(|row| (row.number, row.line)).collect();
                assert_eq!(places, [(1, 2), (2, 4), (3, 5), (4, 6)], "{text}");
                let error = rows[1].fields.as_ref().expect_err("an open quote");
                assert_eq!((error.code, error.pointer.as_str()), ("open_quote", ""));
                let end = if behind.contains('"') { "closed in line 5," } else { "never closed:" };
                assert!(
                    error.detail.starts_with(&format!("the quote that opens in line 4 is {end}")),
                    "{}",
                    error.detail
                );
                let fifth = rows[2].fields.as_ref().expect("fields");
                assert_eq!((&fifth["title"], &fifth["comment"]), (&json!("five"), &json!("x")));
                assert_eq!(rows[3].fields.as_ref().expect("fields")["title"], "six");
            }
        }
    }

    #[test]
    fn a_quote_that_is_never_closed_takes_in_no_row_whatever_its_destination_is() {
        let rows =
            rows("destination_url,title\nmailto:a@e.org,\"a\nmailto:b@e.org,b\ntel:1,c\n").expect("a readable file");
        assert_eq!(rows.iter().map(|row| row.fields.is_ok()).collect::<Vec<_>>(), [false, true, true]);
        assert_eq!(rows[0].fields.as_ref().expect_err("an open quote").code, "open_quote");
    }

    #[test]
    fn a_cell_may_hold_lines_with_addresses_and_commas() {
        let text = "destination_url,comment\nhttps://e.org/,\"seen at\nhttps://e.org/a, b, and c\nhttps://e.org/b\"\n";
        let rows = rows(text).expect("a readable file");
        assert_eq!((rows.len(), rows[0].fields.is_ok()), (1, true));
    }

    #[test]
    fn a_quote_that_is_never_closed_ends_in_a_message_and_not_in_memory() {
        let text = format!("destination_url\n\"{}", "a,\n".repeat(1_000_000));
        let error = rows(&text).expect_err("too long a row").to_string();
        assert!(error.contains("starts at line 2"), "{error}");
    }
}
