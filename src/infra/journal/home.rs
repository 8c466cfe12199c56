//! Whether a journal lies where it was written, or is a copy that somebody or something has put there.
//!
//! Invariant: whatever is copied along, a copy is not at home. The mark of a home is the name of an empty file in the folder, which says when
//! the folder was made: no copy of it is made at the same moment.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use super::file_system::{DiskFileSystem, FileSystem};
use super::segment::JournalId;

/// What the names of such files end with.
const EXTENSION: &str = "home";

/// Says of the journal in this folder that it is where it belongs. The mark lasts as the names of its segments do.
pub(super) fn mark(file_system: &impl FileSystem, folder: &Path) -> io::Result<()> {
    let path = mark_path(file_system, folder)?;
    if file_system.exists(&path)? { Ok(()) } else { file_system.replace(&path, &[], false) }
}

/// Whether the journal in this folder is where it belongs.
pub(super) fn is_marked(file_system: &impl FileSystem, folder: &Path) -> io::Result<bool> {
    file_system.exists(&mark_path(file_system, folder)?)
}

/// Whether this is the name of a mark, of whichever folder.
pub(super) fn is_mark(name: &OsStr) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == EXTENSION)
}

/// Takes a copy of a journal for all that there is of it, though parts are missing: from now on it is read like one that was written there.
///
/// # Errors
/// As the file system says, also where there is no such journal.
pub fn accept(root: &Path, id: JournalId) -> io::Result<()> {
    let folder = root.join(id.to_string());
    mark(&DiskFileSystem, &folder)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", folder.display())))?;
    DiskFileSystem.sync_folder(&folder)
}

fn mark_path(file_system: &impl FileSystem, folder: &Path) -> io::Result<PathBuf> {
    let birth = file_system.birth_of(folder)?;
    Ok(folder.join(format!("{birth:x}.{EXTENSION}")))
}
