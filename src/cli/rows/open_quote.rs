//! Finds quotes that were left open and take in the rows behind them.

use std::fmt;

use super::csv_text::{end_of_line, line_breaks};

/// A quote that takes in what look like further rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OpenQuote {
    /// The line on which it opens.
    pub(super) line: u64,
    /// The line on which it is closed; none if it never is.
    closed: Option<u64>,
}

impl fmt::Display for OpenQuote {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the quote that opens in line {} is ", self.line)?;
        match self.closed {
            Some(line) => write!(formatter, "closed in line {line}, behind what look like further rows")?,
            None => formatter.write_str("never closed")?,
        }
        formatter.write_str(": close it where its cell ends")
    }
}

/// The first such quote in the text of a row, which begins on this line. A quote over several lines is one if a line in it is a row
/// by itself, or if its cell goes on behind it.
pub(super) fn find(mut text: &[u8], mut line: u64, delimiter: u8, is_row: impl Fn(&[u8]) -> bool) -> Option<OpenQuote> {
    loop {
        if let Some(quoted) = text.strip_prefix(b"\"") {
            let (cell, behind) = split_at_quote(quoted);
            let breaks = line_breaks(cell);
            let goes_on = behind.and_then(<[u8]>::first).is_some_and(|byte| !is_end(*byte, delimiter));
            // To the end of the file, every row there is would be part of the cell.
            if breaks > 0 && (goes_on || behind.is_none() || lines_behind_the_first(cell).any(&is_row)) {
                let closed = behind.map(|_| line.saturating_add(breaks));
                return Some(OpenQuote { line, closed });
            }
            line = line.saturating_add(breaks);
            text = behind.unwrap_or_default();
        }
        let end = text.iter().position(|byte| is_end(*byte, delimiter))?;
        text = text.get(end..)?.strip_prefix(&[delimiter])?;
    }
}

const fn is_end(byte: u8, delimiter: u8) -> bool {
    byte == delimiter || matches!(byte, b'\n' | b'\r')
}

/// What is before the next quote that is no pair of them, and what is behind it; nothing where there is none.
fn split_at_quote(text: &[u8]) -> (&[u8], Option<&[u8]>) {
    let mut from = 0_usize;
    while let Some(place) = text.get(from..).and_then(|rest| rest.iter().position(|byte| *byte == b'"')) {
        let place = from.saturating_add(place);
        let behind = text.get(place.saturating_add(1)..).unwrap_or_default();
        if !behind.starts_with(b"\"") {
            return (text.get(..place).unwrap_or_default(), Some(behind));
        }
        from = place.saturating_add(2);
    }
    (text, None)
}

fn lines_behind_the_first(mut text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text = text.get(end_of_line(text)..).unwrap_or_default();
    std::iter::from_fn(move || {
        let (line, behind) = text.split_at_checked(end_of_line(text)).filter(|(line, _)| !line.is_empty())?;
        text = behind;
        Some(line.trim_ascii_end())
    })
}
