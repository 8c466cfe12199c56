//! What a backup holds, written when it is whole.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{BackupError, files, of_file};
use crate::domain::time::Timestamp;
use crate::infra::sqlite::copy::Rows;

/// The name of the manifest in the folder of a backup.
pub const MANIFEST_FILE: &str = "manifest.json";
/// The form of backups that this release writes and reads.
const FORMAT: u32 = 1;

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    format: u32,
    /// The release that has written it.
    pub version: String,
    /// When it began: every answered write and every click from before is in it.
    pub taken_at: Timestamp,
    /// Every file but this one.
    pub files: Vec<BackedUpFile>,
    /// The rows of each table, by the file of the database.
    pub rows: BTreeMap<String, Rows>,
}

/// A file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackedUpFile {
    /// Where it is in the backup.
    pub path: PathBuf,
    /// How long it is.
    pub bytes: u64,
    /// Its SHA-256, in hexadecimal digits.
    pub sha256: String,
}

impl Manifest {
    /// Of a backup that begins now.
    pub(super) fn begin(taken_at: Timestamp) -> Self {
        let (files, rows) = (Vec::new(), BTreeMap::new());
        Self { format: FORMAT, version: env!("CARGO_PKG_VERSION").to_owned(), taken_at, files, rows }
    }

    /// How long its files are together.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// Writes it into the folder, after everything else is on the disk.
    pub(super) fn write(&self, folder: &Path) -> Result<(), BackupError> {
        let path = folder.join(MANIFEST_FILE);
        let text = serde_json::to_vec_pretty(self).map_err(|error| unreadable(&path, &error))?;
        files::write(&path, &text)
    }

    /// Reads it from the folder.
    pub(super) fn read(folder: &Path) -> Result<Self, BackupError> {
        let path = folder.join(MANIFEST_FILE);
        let text = fs::read(&path).map_err(of_file(&path))?;
        let manifest: Self = serde_json::from_slice(&text).map_err(|error| unreadable(&path, &error))?;
        if manifest.format != FORMAT {
            let reason = format!("it has format {}, and this release reads format {FORMAT}", manifest.format);
            return Err(BackupError::Manifest { path, reason });
        }
        match manifest.files.iter().find(|file| leads_elsewhere(&file.path)) {
            Some(file) => {
                let reason = format!("it names {}, which is no file of a backup", file.path.display());
                Err(BackupError::Manifest { path, reason })
            }
            None => Ok(manifest),
        }
    }
}

/// A manifest that somebody has changed must not write anywhere but into the data folder.
fn leads_elsewhere(path: &Path) -> bool {
    path.as_os_str().is_empty() || path.components().any(|component| !matches!(component, Component::Normal(_)))
}

fn unreadable(path: &Path, error: &serde_json::Error) -> BackupError {
    BackupError::Manifest { path: path.to_path_buf(), reason: format!("it is not the manifest of a backup: {error}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_is_read_as_it_was_written_and_leads_nowhere_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut manifest = Manifest::begin(Timestamp::from_micros(1_750_000_000_000_000));
        let file = |path: &str| BackedUpFile { path: path.into(), bytes: 3, sha256: "ab".to_owned() };
        manifest.files = vec![file("database.db"), file("data/journal/a/00000001.log")];
        manifest.write(folder.path()).expect("written");
        assert_eq!(Manifest::read(folder.path()).expect("read"), manifest);
        for elsewhere in ["../escape", "/etc/passwd", "data/../../x", ""] {
            manifest.files = vec![file(elsewhere)];
            fs::remove_file(folder.path().join(MANIFEST_FILE)).expect("removed");
            manifest.write(folder.path()).expect("written");
            assert!(matches!(Manifest::read(folder.path()), Err(BackupError::Manifest { .. })), "{elsewhere}");
        }
    }

    #[test]
    fn another_format_is_refused_by_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let manifest = Manifest { format: 2, ..Manifest::begin(Timestamp::from_micros(0)) };
        manifest.write(folder.path()).expect("written");
        let refused = Manifest::read(folder.path()).expect_err("refused").to_string();
        assert!(refused.contains("format 2") && refused.contains(MANIFEST_FILE), "{refused}");
    }
}
