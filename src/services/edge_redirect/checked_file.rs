//! A value in a file, behind a checksum: read back as it was written, or not at all.

use std::io;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::infra::journal::{DiskFileSystem, FileSystem};

/// Writes a value in the place of the last one, wholly or not at all. Blocks.
///
/// # Errors
/// As the file system says; the last value is still there.
pub(super) fn write(path: &Path, value: &impl Serialize) -> io::Result<()> {
    let bytes = rmp_serde::to_vec_named(value).map_err(io::Error::other)?;
    if let Some(folder) = path.parent() {
        DiskFileSystem.create_folder(folder)?;
    }
    let checksum = crc32fast::hash(&bytes).to_le_bytes();
    DiskFileSystem.replace(path, &[&checksum, bytes.as_slice()].concat(), true)
}

/// Reads it; none where the file is missing, damaged or of another form. Blocks.
pub(super) fn read<T: DeserializeOwned>(path: &Path) -> Option<T> {
    decode(&std::fs::read(path).ok()?)
}

/// The value in the bytes of a file.
pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let (checksum, bytes) = bytes.split_first_chunk()?;
    if crc32fast::hash(bytes).to_le_bytes() != *checksum {
        return None;
    }
    rmp_serde::from_slice(bytes).ok()
}
