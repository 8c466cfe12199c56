//! Backups of an installation that keeps everything on its own disk, taken while it serves.
//!
//! A backup is a folder: the databases as they were at one moment each, the journals, the objects, the rest of the data folder, and a
//! manifest with the checksum of every file and the rows of every table.
//!
//! Invariants: a backup without a manifest does not exist. Journals are copied before the click store, so that each click that was
//! answered before the backup began is in one of them, and what is in both is stored once when they meet again; links are copied after the
//! clicks that went through them, objects after the rows that name them. Nothing is put where something is already.

mod files;
mod manifest;
mod places;
mod restore;
mod take;

use std::io;
use std::path::{Path, PathBuf};

pub use manifest::{MANIFEST_FILE, Manifest};
pub use places::Places;
pub use restore::{check_rows, read, restore_files};
pub use take::take;

use crate::infra::sqlite::integrity::FileError;

/// Why there is no backup, or none that can be put back.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A part is kept by a server, which has its own way.
    #[error("{key} names a server, whose data this command cannot copy: use the backups of that server")]
    OnServer {
        /// The setting.
        key: &'static str,
    },
    /// The backup would copy itself.
    #[error("{} lies in the data folder: name a folder elsewhere, on another disk if there is one", .0.display())]
    WithinData(PathBuf),
    /// Something is there already.
    #[error("{} is there already: a backup is put back only where nothing is. Name another data_folder, or move this one away", .0.display())]
    Occupied(PathBuf),
    /// A file is no manifest of a backup that this release can read.
    #[error("{}: {reason}", path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A file is not as it was backed up.
    #[error("{} is not as it was backed up: {reason}", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
        /// How it differs.
        reason: String,
    },
    /// A database cannot be copied or read.
    #[error(transparent)]
    Database(#[from] FileError),
    /// A file cannot be read or written.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

/// Names the file that an error of the system is about.
fn of_file(path: &Path) -> impl FnOnce(io::Error) -> BackupError {
    |error| BackupError::File { path: path.to_path_buf(), error }
}
