//! The text of a CSV file, however a spreadsheet has written it: its encoding, its delimiter and its lines.

use std::collections::VecDeque;
use std::io::{self, Chain, Cursor, Read};

use encoding_rs_io::DecodeReaderBytes;

/// What may stand between cells; the first where a heading line has none of them.
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];
/// What Excel writes in front of the headings to name the delimiter, in any case and perhaps in quotes.
const DELIMITER_MARK: &[u8] = b"sep=";

/// How much is looked at for the end of the first line, in bytes.
const FIRST_LINE_BYTES_MAX: usize = 64 * 1024;

/// The text in UTF-8; files in UTF-16 are told by their byte order mark.
pub(super) struct CsvText<R: Read> {
    text: Chain<Cursor<Vec<u8>>, DecodeReaderBytes<R, Vec<u8>>>,
    delimiter: u8,
    first_line: u64,
}

impl<R: Read> CsvText<R> {
    /// Looks at the first line with something in it.
    ///
    /// # Errors
    /// Those of the file; it is in UTF-16 and does not say so.
    pub(super) fn open(file: R) -> io::Result<Self> {
        let mut rest = DecodeReaderBytes::new(file);
        let beginning = beginning(&mut rest)?;
        let first = beginning.iter().position(|byte| !is_break(*byte)).unwrap_or(0);
        let empty_lines = line_breaks(beginning.get(..first).unwrap_or_default());
        let line = beginning.get(first..).unwrap_or_default();
        let line = line.split(|byte| is_break(*byte)).next().unwrap_or_default();
        if line.contains(&0) {
            let message = "this is no UTF-8 text: save the file as UTF-8, or as UTF-16 with a byte order mark";
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        let (delimiter, skipped, first_line) = match named_delimiter(line) {
            None => (most_frequent(line), 0, 1),
            Some(delimiter) => {
                let end = beginning.get(first.saturating_add(line.len())..).unwrap_or_default();
                let end = if end.starts_with(b"\r\n") { 2 } else { end.len().min(1) };
                (delimiter, first + line.len() + end, empty_lines.saturating_add(2))
            }
        };
        let mut beginning = Cursor::new(beginning);
        beginning.set_position(skipped as u64);
        Ok(Self { text: beginning.chain(rest), delimiter, first_line })
    }

    /// What stands between cells.
    pub(super) const fn delimiter(&self) -> u8 {
        self.delimiter
    }

    /// The number of the line with the headings.
    pub(super) const fn first_line(&self) -> u64 {
        self.first_line
    }
}

impl<R: Read> Read for CsvText<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.text.read(buffer)
    }
}

const fn is_break(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

/// The delimiter that a line names in front of the headings.
fn named_delimiter(line: &[u8]) -> Option<u8> {
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line).trim_ascii_end();
    let line = line.strip_prefix(b"\"").map_or(line, |quoted| quoted.strip_suffix(b"\"").unwrap_or(quoted));
    let (mark, named) = line.split_at_checked(DELIMITER_MARK.len())?;
    mark.eq_ignore_ascii_case(DELIMITER_MARK).then(|| named.first().copied().unwrap_or(DELIMITERS[0]))
}

/// Everything up to the end of the first line with something in it, and perhaps more.
fn beginning(text: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut beginning = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let count = text.read(&mut buffer)?;
        beginning.extend_from_slice(buffer.get(..count).unwrap_or_default());
        // A line feed may follow a return.
        let first = beginning.iter().position(|byte| !is_break(*byte)).unwrap_or(beginning.len());
        let ended = beginning.iter().skip(first).rev().skip(1).any(|byte| is_break(*byte));
        if count == 0 || ended || beginning.len() >= FIRST_LINE_BYTES_MAX {
            return Ok(beginning);
        }
    }
}

fn most_frequent(line: &[u8]) -> u8 {
    let count = |delimiter: u8| line.split(|byte| *byte == delimiter).count();
    // Of several that are equally frequent, the last one would win.
    DELIMITERS.into_iter().rev().max_by_key(|delimiter| count(*delimiter)).unwrap_or(DELIMITERS[0])
}

/// How many bytes the first line has, with its line break.
pub(super) fn end_of_line(text: &[u8]) -> usize {
    let Some(end) = text.iter().position(|byte| matches!(byte, b'\n' | b'\r')) else { return text.len() };
    let is_pair = text.get(end..).is_some_and(|rest| rest.starts_with(b"\r\n"));
    end.saturating_add(if is_pair { 2 } else { 1 })
}

/// How many lines end in a text.
pub(super) fn line_breaks(text: &[u8]) -> u64 {
    let is_break = |place: usize, byte: u8| match byte {
        b'\n' => true,
        b'\r' => text.get(place.saturating_add(1)) != Some(&b'\n'),
        _ => false,
    };
    let breaks = text.iter().enumerate().filter(|(place, byte)| is_break(*place, **byte)).count();
    u64::try_from(breaks).unwrap_or(u64::MAX)
}

/// Where the lines begin that are not empty.
pub(super) struct Lines {
    beginnings: VecDeque<(u64, u64)>,
    offset: u64,
    line: u64,
    at_beginning: bool,
    after_return: bool,
}

impl Lines {
    /// Nothing was read yet, and the first line has this number.
    pub(super) const fn from_line(line: u64) -> Self {
        Self { beginnings: VecDeque::new(), offset: 0, line, at_beginning: true, after_return: false }
    }

    /// Takes in the next bytes.
    pub(super) fn pass(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match byte {
                b'\n' if self.after_return => {}
                b'\n' | b'\r' => {
                    self.line += 1;
                    self.at_beginning = true;
                }
                _ if self.at_beginning => {
                    self.beginnings.push_back((self.offset, self.line));
                    self.at_beginning = false;
                }
                _ => {}
            }
            self.after_return = *byte == b'\r';
            self.offset += 1;
        }
    }

    /// The number of the first line with something in it at or after this byte. Ask for growing bytes only.
    pub(super) fn line_at(&mut self, byte: u64) -> u64 {
        while self.beginnings.front().is_some_and(|(beginning, _)| *beginning < byte) {
            self.beginnings.pop_front();
        }
        self.beginnings.front().map_or(self.line, |(_, line)| *line)
    }
}
