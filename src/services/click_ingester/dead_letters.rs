//! Records that are no click, kept aside so that somebody can look into them.
//!
//! Invariant: the file is bounded; records that do not fit are an error, and stay where they are.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use crate::infra::journal::JournalId;

/// The file in the data folder, one JSON object a line.
pub const DEAD_LETTER_FILE: &str = "undecodable-clicks.ndjson";
/// The file never grows beyond this.
const BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Where records that are no click go.
pub struct DeadLetters {
    path: PathBuf,
}

/// One record that is no click.
pub struct Undecodable<'a> {
    /// Where it stands in its journal.
    pub position: u64,
    /// What it says.
    pub payload: &'a [u8],
    /// Why it is no click.
    pub error: String,
}

/// The same as a line of the file.
#[derive(Serialize)]
struct DeadLetter<'a> {
    journal: String,
    position: u64,
    error: &'a str,
    payload_base64: String,
}

impl DeadLetters {
    /// Keeps them in this folder; nothing is opened before the first.
    #[must_use]
    pub fn in_folder(data_folder: &Path) -> Self {
        Self { path: data_folder.join(DEAD_LETTER_FILE) }
    }

    /// Appends records of a journal, all of them or none.
    ///
    /// # Errors
    /// `FileTooLarge` when the file is full; as the file system says.
    pub fn keep(&self, journal: JournalId, records: &[Undecodable<'_>]) -> io::Result<()> {
        if records.is_empty() {
            return Ok(());
        }
        let mut lines = Vec::new();
        for Undecodable { position, payload, error } in records {
            let payload_base64 = STANDARD.encode(payload);
            let letter = DeadLetter { journal: journal.to_string(), position: *position, error, payload_base64 };
            serde_json::to_writer(&mut lines, &letter)?;
            lines.push(b'\n');
        }
        let mut file = self.open()?;
        let length = file.metadata()?.len();
        if length.saturating_add(lines.len() as u64) > BYTES_MAX {
            let message = format!("{} is full: move it away", self.path.display());
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
        }
        file.write_all(&lines).inspect_err(|_| drop(file.set_len(length)))
    }

    fn open(&self) -> io::Result<File> {
        OpenOptions::new().create(true).append(true).open(&self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_kept_whole_until_the_file_is_full() {
        let folder = tempfile::tempdir().expect("a folder");
        let letters = DeadLetters::in_folder(folder.path());
        let record = |position, payload| Undecodable { position, payload, error: "not a click: form".to_owned() };
        letters.keep(JournalId::from_u64(10), &[record(7, b"\x00\xff")]).expect("kept");
        let text = std::fs::read_to_string(folder.path().join(DEAD_LETTER_FILE)).expect("a file");
        let letter: serde_json::Value = serde_json::from_str(text.trim_end()).expect("a line of JSON");
        assert_eq!(letter["journal"], "000000000000000a");
        assert_eq!(letter["position"], 7);
        assert_eq!(STANDARD.decode(letter["payload_base64"].as_str().expect("text")).expect("base64"), b"\x00\xff");

        letters.open().expect("a file").set_len(BYTES_MAX - 10).expect("a long file");
        let refused = letters.keep(JournalId::from_u64(10), &[record(8, b""), record(9, b"")]).expect_err("full");
        assert_eq!(refused.kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(letters.open().and_then(|file| file.metadata()).expect("a file").len(), BYTES_MAX - 10);
    }
}
