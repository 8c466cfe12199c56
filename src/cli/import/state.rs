//! How far an import has come, in a file beside its report.
//!
//! Invariants: the state moves only after the server has answered a batch and
//! its refusals are on the disk. The keys of batches follow from the file's
//! bytes and from where the batch begins, so that a batch whose answer never
//! arrived is sent again under the same key and done once.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::domain::time::Timestamp;

/// Version of the file's form.
const FORM: u32 = 1;
/// The longest state file, in bytes.
const STATE_BYTES_MAX: u64 = 64 * 1024;

/// What an import is: which file goes where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportIdentity {
    /// SHA-256 of the file, in hexadecimal.
    pub file_sha256: String,
    /// The API's address.
    pub api_url: String,
    /// The path of the workspace.
    pub workspace: String,
    /// Distinguishes an import that was asked for again; empty the first time.
    pub again: String,
}

/// A batch on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sending {
    /// When it was sent first.
    pub at: Timestamp,
    /// A hash of the token that it was sent with: the server knows its key for that one alone.
    pub token_sha256: String,
}

/// How far it has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportState {
    form: u32,
    /// Which import this is.
    pub identity: ImportIdentity,
    /// How many rows one batch has at most.
    pub batch_rows: usize,
    /// How many of the file's rows are dealt with.
    pub rows_done: u64,
    /// How many became links.
    pub created: u64,
    /// How many were refused.
    pub refused: u64,
    /// The length of the report, in bytes.
    pub report_bytes: u64,
    /// How the batch that comes next was sent first, if it was: its response is not known.
    pub sent: Option<Sending>,
    /// Whether the end of the file was reached.
    pub finished: bool,
    /// Whether an earlier form of the file was imported before: links that are there already are not made again.
    #[serde(default)]
    pub by_content: bool,
}

impl ImportIdentity {
    /// Whether everything but the file's bytes is the same.
    #[must_use]
    pub fn is_of_another_file_only(&self, other: &Self) -> bool {
        self.file_sha256 != other.file_sha256
            && *self == Self { file_sha256: self.file_sha256.clone(), ..other.clone() }
    }

    /// The key under which the batch that begins after `rows_done` rows is sent.
    #[must_use]
    pub fn batch_key(&self, rows_done: u64, batch_rows: usize) -> String {
        let mut hash = Sha256::new();
        for part in [&self.file_sha256, &self.api_url, &self.workspace, &self.again] {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        hash.update(rows_done.to_be_bytes());
        hash.update(u64::try_from(batch_rows).unwrap_or(u64::MAX).to_be_bytes());
        format!("import-{}", hexadecimal(&hash.finalize()))
    }
}

impl ImportState {
    /// The beginning.
    #[must_use]
    pub fn new(identity: ImportIdentity, batch_rows: usize) -> Self {
        Self {
            form: FORM,
            identity,
            batch_rows,
            rows_done: 0,
            created: 0,
            refused: 0,
            report_bytes: 0,
            sent: None,
            finished: false,
            by_content: false,
        }
    }

    /// What an earlier run left, if there was one.
    ///
    /// # Errors
    /// When the file cannot be read or is none of ours.
    pub fn load(path: &Path) -> io::Result<Option<Self>> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut text = Vec::new();
        file.take(STATE_BYTES_MAX).read_to_end(&mut text)?;
        let state: Self = serde_json::from_slice(&text)?;
        match state.form {
            FORM => Ok(Some(state)),
            form => {
                Err(io::Error::new(io::ErrorKind::InvalidData, format!("written by another version (form {form})")))
            }
        }
    }

    /// Keeps the state: written beside, forced to the disk, then renamed, so that there is always a whole one.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        let beside = path.with_extension("writing");
        let mut file = File::create(&beside)?;
        file.write_all(&serde_json::to_vec_pretty(self)?)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    }
}

/// SHA-256 of a file, in hexadecimal.
///
/// # Errors
/// Those of the file system.
pub fn file_sha256(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    io::copy(&mut file, &mut hash)?;
    Ok(hexadecimal(&hash.finalize()))
}

/// SHA-256 of a text, in hexadecimal.
#[must_use]
pub fn text_sha256(text: &str) -> String {
    hexadecimal(&Sha256::digest(text))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> ImportIdentity {
        ImportIdentity {
            file_sha256: "aa".to_owned(),
            api_url: "http://x/".to_owned(),
            workspace: "v1/workspaces/ws_1".to_owned(),
            again: String::new(),
        }
    }

    #[test]
    fn a_state_survives_its_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("links.csv.report.state");
        assert_eq!(ImportState::load(&path).expect("no file is fine"), None);
        let mut state = ImportState::new(identity(), 500);
        state.rows_done = 1000;
        state.save(&path).expect("written");
        assert_eq!(ImportState::load(&path).expect("readable"), Some(state));
        fs::write(&path, "{\"form\":").expect("written");
        assert!(ImportState::load(&path).is_err());
    }

    #[test]
    fn keys_differ_by_file_place_and_batch_and_fit_the_header() {
        let key = identity().batch_key(0, 500);
        assert_eq!(key, identity().batch_key(0, 500));
        let again = ImportIdentity { again: "1".to_owned(), ..identity() };
        for other in [identity().batch_key(500, 500), identity().batch_key(0, 100), again.batch_key(0, 500)] {
            assert_ne!(key, other);
        }
        assert!(key.len() < 255 && key.bytes().all(|byte| byte.is_ascii_graphic()));
    }
}
