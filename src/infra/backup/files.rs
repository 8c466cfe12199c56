//! Files that are copied with their checksums, and are on the disk afterwards.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::{BackupError, of_file};

/// How much is copied at once, in bytes.
const PIECE_BYTES: usize = 256 * 1024;
/// How deep folders are followed.
const DEPTH_MAX: usize = 16;

/// The length of a file and its SHA-256 in hexadecimal digits.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

/// Reads a file to its end.
pub(super) fn sum(path: &Path) -> Result<Sum, BackupError> {
    File::open(path).and_then(|mut file| pass(&mut file, &mut io::sink())).map_err(of_file(path))
}

/// Copies a file to where none is, and the folders above it.
pub(super) fn copy(from: &Path, to: &Path) -> Result<Sum, BackupError> {
    let mut source = File::open(from).map_err(of_file(from))?;
    let written = create(to).and_then(|mut target| {
        let sum = pass(&mut source, &mut target)?;
        target.sync_all()?;
        Ok(sum)
    });
    written.map_err(of_file(to))
}

/// Writes a file where none is.
pub(super) fn write(path: &Path, content: &[u8]) -> Result<(), BackupError> {
    let written = create(path).and_then(|mut file| {
        file.write_all(content)?;
        file.sync_all()
    });
    written.map_err(of_file(path))
}

/// Makes the names in a folder and in those below it survive a power cut.
pub(super) fn sync_folders(folder: &Path) -> Result<(), BackupError> {
    for entry in fs::read_dir(folder).map_err(of_file(folder))? {
        let entry = entry.map_err(of_file(folder))?;
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            sync_folders(&entry.path())?;
        }
    }
    sync_folder(folder)
}

/// Makes the names in a folder survive a power cut.
pub(super) fn sync_folder(folder: &Path) -> Result<(), BackupError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(of_file(folder))
}

/// The files below a folder that `is_apart` does not say are no concern of whoever asks, in the order of their names. Links are followed;
/// what is neither file nor folder is left out.
pub(super) fn below(folder: &Path, is_apart: &dyn Fn(&Path) -> bool) -> Result<Vec<PathBuf>, BackupError> {
    let mut found = Vec::new();
    collect(folder, is_apart, DEPTH_MAX, &mut found)?;
    found.sort();
    Ok(found)
}

fn collect(
    folder: &Path,
    is_apart: &dyn Fn(&Path) -> bool,
    depth: usize,
    found: &mut Vec<PathBuf>,
) -> Result<(), BackupError> {
    let Some(entries) = if_there(fs::read_dir(folder)).map_err(of_file(folder))? else { return Ok(()) };
    for entry in entries {
        let entry = entry.map_err(of_file(folder))?;
        let path = entry.path();
        if is_apart(&path) {
            continue;
        }
        match if_there(fs::metadata(&path)).map_err(of_file(&path))? {
            Some(metadata) if metadata.is_dir() && depth > 0 => collect(&path, is_apart, depth - 1, found)?,
            Some(metadata) if metadata.is_file() => found.push(path),
            _ => {}
        }
    }
    Ok(())
}

/// Nothing where the file is gone, as journals go when they are stored.
pub(super) fn if_there<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn create(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    OpenOptions::new().write(true).create_new(true).open(path)
}

fn pass(from: &mut impl Read, to: &mut impl Write) -> io::Result<Sum> {
    let (mut hash, mut bytes, mut piece) = (Sha256::new(), 0, vec![0; PIECE_BYTES]);
    loop {
        let length = from.read(&mut piece)?;
        let Some(read) = piece.get(..length).filter(|read| !read.is_empty()) else { break };
        hash.update(read);
        to.write_all(read)?;
        bytes += read.len() as u64;
    }
    Ok(Sum { bytes, sha256: hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect() })
}
