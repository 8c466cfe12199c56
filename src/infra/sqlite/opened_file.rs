//! The file of a database, and whether it is still the one that was opened.
//!
//! Where a file is removed or replaced under a process, SQLite goes on with the old one, which is gone with the process: what is written
//! into it would be answered, and lost.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A database file as it was when it was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedFile {
    path: PathBuf,
    identity: Identity,
}

/// The numbers of a device and of a file on it.
type Identity = (u64, u64);

impl OpenedFile {
    /// Remembers what lies at `path` and is open.
    ///
    /// # Errors
    /// The file is not there.
    pub fn at(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_path_buf(), identity: identity_at(path)? })
    }

    /// Costs one question to the file system.
    ///
    /// # Errors
    /// Another file lies where this one was opened, or none.
    pub fn require_in_place(&self) -> io::Result<()> {
        if identity_at(&self.path).is_ok_and(|found| found == self.identity) {
            return Ok(());
        }
        let path = self.path.display();
        let message = format!(
            "{path} was removed or replaced while it was open; nothing is written until it is back, or the process is restarted"
        );
        Err(io::Error::new(io::ErrorKind::NotFound, message))
    }
}

fn identity_at(path: &Path) -> io::Result<Identity> {
    std::fs::metadata(path).map(|metadata| (metadata.dev(), metadata.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_removed_or_replaced_is_no_longer_in_its_place() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a.db");
        std::fs::write(&file, "a").expect("a file");
        let opened = OpenedFile::at(&file).expect("it is there");
        std::fs::write(&file, "other content").expect("written");
        assert!(opened.require_in_place().is_ok());
        std::fs::rename(&file, folder.path().join("elsewhere")).expect("moved");
        assert!(opened.require_in_place().is_err());
        std::fs::write(&file, "another").expect("a file");
        let error = opened.require_in_place().expect_err("it is another").to_string();
        assert!(error.contains(&*file.display().to_string()), "{error}");
    }
}
