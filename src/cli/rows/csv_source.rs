//! The bytes of a CSV file on their way to the parser, of which those of the row under way are kept.
//!
//! Invariant: what is given out again gives the same rows at every reading of the file.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, Read};
use std::rc::Rc;

use super::ROW_BYTES_MAX;
use super::csv_text::{CsvText, Lines, end_of_line};

/// Reads for the parser; whoever made it keeps the other hand on it.
pub(super) struct Source<R: Read>(Rc<RefCell<Bytes<R>>>);

struct Bytes<R: Read> {
    file: CsvText<R>,
    /// What the parser was given from `kept_from` on.
    kept: VecDeque<u8>,
    kept_from: u64,
    /// What it is given before anything else of the file.
    again: VecDeque<u8>,
    /// Counted for one row, because a quote that is never closed makes the rest of the file one row.
    read_for_row: usize,
    lines: Lines,
}

impl<R: Read> Source<R> {
    pub(super) fn new(file: CsvText<R>) -> Self {
        let lines = Lines::from_line(file.first_line());
        let (kept, again) = (VecDeque::new(), VecDeque::new());
        Self(Rc::new(RefCell::new(Bytes { file, kept, kept_from: 0, again, read_for_row: 0, lines })))
    }

    /// The same bytes, for a parser.
    pub(super) fn reader(&self) -> Self {
        Self(Rc::clone(&self.0))
    }

    /// A row begins at this byte of what the parser was given; what was before it is no longer needed.
    pub(super) fn begin_row(&self, start: u64) {
        let mut bytes = self.0.borrow_mut();
        bytes.read_for_row = 0;
        let passed = usize::try_from(start.saturating_sub(bytes.kept_from)).unwrap_or(usize::MAX);
        let passed = passed.min(bytes.kept.len());
        bytes.kept.drain(..passed);
        bytes.kept_from = start;
    }

    /// The number of the first line with something in it at or after this byte.
    pub(super) fn line_at(&self, byte: u64) -> u64 {
        self.0.borrow_mut().lines.line_at(byte)
    }

    /// The text of the row under way, which ends at this byte.
    pub(super) fn row(&self, end: u64) -> Vec<u8> {
        let bytes = self.0.borrow();
        let length = usize::try_from(end.saturating_sub(bytes.kept_from)).unwrap_or(usize::MAX);
        let text = bytes.kept.iter().take(length).copied();
        // The parser passes over line breaks between rows.
        text.skip_while(|byte| matches!(byte, b'\n' | b'\r')).collect()
    }

    /// Goes back into the row under way, which begins on line `first`, to the line after `line`. A new parser has to read on.
    pub(super) fn go_back_behind(&self, first: u64, line: u64) {
        let mut bytes = self.0.borrow_mut();
        let mut row = Vec::from(std::mem::take(&mut bytes.kept));
        let blank = row.iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
        let passed = (first..=line)
            .fold(blank, |start, _| start.saturating_add(end_of_line(row.get(start..).unwrap_or_default())));
        row.drain(..passed.min(row.len()));
        row.extend(std::mem::take(&mut bytes.again));
        bytes.again = row.into();
        (bytes.kept_from, bytes.read_for_row, bytes.lines) = (0, 0, Lines::from_line(line.saturating_add(1)));
    }
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut bytes = self.0.borrow_mut();
        let bytes = &mut *bytes;
        if bytes.read_for_row > ROW_BYTES_MAX {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "too long a row"));
        }
        let count = if bytes.again.is_empty() { bytes.file.read(buffer)? } else { bytes.again.read(buffer)? };
        let read = buffer.get(..count).unwrap_or_default();
        bytes.read_for_row = bytes.read_for_row.saturating_add(count);
        bytes.lines.pass(read);
        bytes.kept.extend(read);
        Ok(count)
    }
}
