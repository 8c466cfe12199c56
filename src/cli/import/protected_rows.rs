//! Rows with a password that became links, in a file beside the report.
//!
//! Nobody can compare a password with a link's, so that the server takes a protected link for like no other. Whoever mends a
//! file and imports it again would have these links twice, or refused because of their slugs.
//!
//! Invariant: a row is written down only after the server has answered it, by a hash and never as it is.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use super::batch::BatchRow;
use super::state::text_sha256;

/// How much of the hash of a file stands before the hashes of its rows, in characters.
const FILE_HASH_LENGTH: usize = 16;

/// What earlier imports into the same report have made.
#[derive(Debug)]
pub(super) struct ProtectedRows {
    path: PathBuf,
    file_hash: String,
    earlier: HashSet<String>,
}

impl ProtectedRows {
    /// Those of earlier forms of the file, if they are `wanted`.
    ///
    /// # Errors
    /// Those of the file system.
    pub(super) fn open(path: &Path, file_sha256: &str, wanted: bool) -> io::Result<Self> {
        let file_hash: String = file_sha256.chars().take(FILE_HASH_LENGTH).collect();
        let earlier = if wanted { read(path, &file_hash)? } else { HashSet::new() };
        Ok(Self { path: path.to_owned(), file_hash, earlier })
    }

    /// Whether the row has a password and is a link already.
    pub(super) fn knows(&self, row: &BatchRow) -> bool {
        is_protected(row) && self.earlier.contains(&hash(row))
    }

    /// Writes down which rows are links now, and waits until that is on the disk.
    ///
    /// # Errors
    /// Those of the file system.
    pub(super) fn add<'a>(&self, rows: impl Iterator<Item = &'a BatchRow>) -> io::Result<()> {
        let lines: String =
            rows.filter(|row| is_protected(row)).map(|row| format!("{} {}\n", self.file_hash, hash(row))).collect();
        if lines.is_empty() {
            return Ok(());
        }
        let mut file = OpenOptions::new().create(true).append(true).open(&self.path)?;
        file.write_all(lines.as_bytes())?;
        file.sync_all()
    }
}

/// Without those of the file itself: a batch that goes out again has to be what it was.
fn read(path: &Path, file_hash: &str) -> io::Result<HashSet<String>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(HashSet::new()),
        Err(error) => return Err(error),
    };
    let mut rows = HashSet::new();
    for line in BufReader::new(file).lines() {
        let line = line?;
        if let Some((file, row)) = line.split_once(' ')
            && file != file_hash
        {
            rows.insert(row.to_owned());
        }
    }
    Ok(rows)
}

fn is_protected(row: &BatchRow) -> bool {
    row.fields.contains_key("password")
}

fn hash(row: &BatchRow) -> String {
    text_sha256(&serde_json::Value::Object(row.fields.clone()).to_string())
}
