//! The rows that an import refused, one JSON object a line.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::Path;

use serde::Serialize;
use serde_json::{Map, Value};

/// A row that became no link.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Refusal {
    /// Which of the file's rows, from 1.
    pub row: u64,
    /// The line that it starts on, from 1.
    pub line: u64,
    /// Stable code of the error.
    pub code: String,
    /// What is wrong, for people.
    pub detail: String,
    /// The field at fault as a JSON pointer, if it is one field.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub pointer: String,
    /// The row's fields, as far as they could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fields: Option<Map<String, Value>>,
}

/// The report file, open at its end.
#[derive(Debug)]
pub struct Report {
    file: BufWriter<File>,
    length: u64,
}

impl Report {
    /// Opens the report and cuts off what was written after its first `length` bytes: refusals of a batch that the state
    /// file does not know, and that will come again.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn open(path: &Path, length: u64) -> io::Result<Self> {
        let mut file = OpenOptions::new().create(true).write(true).truncate(false).open(path)?;
        let length = length.min(file.metadata()?.len());
        file.set_len(length)?;
        file.seek(SeekFrom::End(0))?;
        Ok(Self { file: BufWriter::new(file), length })
    }

    /// Adds a batch's refusals and waits until they are on the disk. Returns the length of the whole report, in bytes.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn add(&mut self, refusals: &[Refusal]) -> io::Result<u64> {
        for refusal in refusals {
            let mut line = serde_json::to_vec(refusal)?;
            line.push(b'\n');
            self.file.write_all(&line)?;
            self.length = self.length.saturating_add(u64::try_from(line.len()).unwrap_or(u64::MAX));
        }
        if !refusals.is_empty() {
            self.file.flush()?;
            self.file.get_ref().sync_data()?;
        }
        Ok(self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_state_does_not_know_is_cut_off_and_written_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("report.ndjson");
        let refusal = |row| Refusal {
            row,
            line: row + 1,
            code: "c".to_owned(),
            detail: "d".to_owned(),
            pointer: String::new(),
            fields: None,
        };
        let mut report = Report::open(&path, 0).expect("a report");
        let length = report.add(&[refusal(1)]).expect("written");
        report.add(&[refusal(2)]).expect("written");
        drop(report);
        Report::open(&path, length).expect("a report").add(&[refusal(3)]).expect("written");
        let text = std::fs::read_to_string(&path).expect("a report");
        let rows: Vec<u64> = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).expect("JSON")["row"].as_u64().expect("a row"))
            .collect();
        assert_eq!(rows, [1, 3]);
    }
}
