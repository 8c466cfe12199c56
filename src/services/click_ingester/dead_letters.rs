//! Records that are no click, kept aside so that somebody can look into them.
//!
//! Invariant: the file is bounded, and its failure is the ingester's business
//! only as a line in the log.

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

    /// Appends a record. False when the file is full.
    ///
    /// # Errors
    /// As the file system says.
    pub fn keep(&self, journal: JournalId, position: u64, payload: &[u8], error: &str) -> io::Result<bool> {
        let letter =
            DeadLetter { journal: journal.to_string(), position, error, payload_base64: STANDARD.encode(payload) };
        let mut line = serde_json::to_vec(&letter)?;
        line.push(b'\n');
        let mut file = self.open()?;
        if file.metadata()?.len().saturating_add(line.len() as u64) > BYTES_MAX {
            return Ok(false);
        }
        file.write_all(&line)?;
        Ok(true)
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
        assert!(letters.keep(JournalId::from_u64(10), 7, b"\x00\xff", "not a click: form").expect("kept"));
        let text = std::fs::read_to_string(folder.path().join(DEAD_LETTER_FILE)).expect("a file");
        let letter: serde_json::Value = serde_json::from_str(text.trim_end()).expect("a line of JSON");
        assert_eq!(letter["journal"], "000000000000000a");
        assert_eq!(letter["position"], 7);
        assert_eq!(STANDARD.decode(letter["payload_base64"].as_str().expect("text")).expect("base64"), b"\x00\xff");

        letters.open().expect("a file").set_len(BYTES_MAX - 10).expect("a long file");
        assert!(!letters.keep(JournalId::from_u64(10), 8, b"", "not a click").expect("full"));
        assert_eq!(letters.open().and_then(|file| file.metadata()).expect("a file").len(), BYTES_MAX - 10);
    }
}
