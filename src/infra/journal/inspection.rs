//! What lies in a folder of journals, for whoever holds only the disk. Nothing is changed by looking.

use std::io;
use std::path::Path;

use super::arrival;
use super::contents::Contents;
use super::file_system::{DiskFileSystem, FileSystem};
use super::frame::{self, Frame};
use super::home;
use super::reader::{JournalReader, Place, read_full};
use super::segment::{self, HEADER_BYTES, HEADER_LENGTH, Header, JournalId};
use super::shipping::Route;
use super::writer::lock_path;

/// What one journal is found to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspected {
    /// Its name.
    pub id: JournalId,
    /// Whether a living process writes it.
    pub is_written: bool,
    /// How many segments it has.
    pub segments: usize,
    /// What they take on disk.
    pub bytes: u64,
    /// Records behind the cursor, which were not acknowledged by whoever takes them.
    pub waiting: u64,
    /// Bytes behind the cursor that are no record, without empty space.
    pub damaged_bytes: u64,
    /// Where its records go, if any were sent to the bus.
    pub route: Option<Route>,
    /// What is not there of a copy that is not whole, or not yet.
    pub missing: Option<String>,
}

/// Looks at each journal of a folder.
///
/// # Errors
/// As the file system says, with the name of the file.
pub fn inspect(root: &Path) -> io::Result<Vec<Inspected>> {
    let reader = JournalReader::open(root);
    segment::journals(&DiskFileSystem, root)?.into_iter().map(|id| inspect_journal(&reader, root, id)).collect()
}

fn inspect_journal(reader: &JournalReader, root: &Path, id: JournalId) -> io::Result<Inspected> {
    let folder = root.join(id.to_string());
    let segments = segment::list_with_lengths(&DiskFileSystem, &folder)?;
    let cursor = Place::in_folder(&DiskFileSystem, &folder);
    let mut found = Inspected {
        id,
        is_written: is_written(root, id)?,
        segments: segments.len(),
        bytes: segments.iter().map(|(_, length)| length).sum(),
        waiting: 0,
        damaged_bytes: 0,
        route: reader.route(id)?,
        missing: missing(root, id)?,
    };
    for (index, length) in segments.into_iter().filter(|(index, _)| *index >= cursor.index) {
        let start = if index == cursor.index { cursor.offset } else { HEADER_BYTES };
        let bytes = match read_segment(&segment::path(&folder, index), length) {
            // Whoever takes the records has taken the last of them meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            bytes => bytes?,
        };
        found.damaged_bytes += u64::from(Header::decode(&bytes).is_none() && length > 0) * HEADER_LENGTH as u64;
        count(&mut found, bytes.get(usize::try_from(start).unwrap_or(usize::MAX)..).unwrap_or_default());
    }
    Ok(found)
}

/// Of a journal that lies where it was written, whatever is there is all of it.
fn missing(root: &Path, id: JournalId) -> io::Result<Option<String>> {
    let folder = root.join(id.to_string());
    if is_written(root, id)? || home::is_marked(&DiskFileSystem, &folder)? {
        return Ok(None);
    }
    let contents = Contents::of(&DiskFileSystem, &folder)?;
    arrival::missing(&DiskFileSystem, &folder, (id, &contents), None)
}

/// A lock that is not there is not made by looking.
fn is_written(root: &Path, id: JournalId) -> io::Result<bool> {
    let path = lock_path(root, id);
    Ok(DiskFileSystem.exists(&path)? && DiskFileSystem.is_locked(&path)?)
}

fn read_segment(path: &Path, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
    let read = read_full(&DiskFileSystem.open(path)?, 0, &mut bytes)?;
    bytes.truncate(read);
    Ok(bytes)
}

/// Counts the records of these bytes, and what lies between them.
fn count(found: &mut Inspected, bytes: &[u8]) {
    let mut offset = 0;
    while let Some(byte) = bytes.get(offset) {
        match frame::frame_at(found.id, bytes, offset) {
            Some(frame) => {
                found.waiting += u64::from(matches!(frame, Frame::Record(_)));
                offset = frame.end();
            }
            None => {
                found.damaged_bytes += u64::from(*byte != 0);
                offset += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infra::journal::{JournalLimits, Writer};

    #[test]
    fn looking_counts_what_waits_and_changes_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let limits = JournalLimits { segment_bytes: 0, bytes_max: u64::MAX };
        let mut writer = Writer::new(DiskFileSystem, folder.path(), limits);
        for number in 0..5_u8 {
            writer.append(|buffer| buffer.push(number));
        }
        writer.append_tally();
        writer.flush();
        let look = || inspect(folder.path()).expect("readable").remove(0);
        let found = look();
        assert_eq!((found.id, found.is_written, found.segments), (writer.id(), true, 1));
        assert_eq!((found.waiting, found.damaged_bytes), (5, 0));

        let mut reader = JournalReader::open(folder.path());
        let batch = reader.next(2).expect("readable").expect("records");
        reader.acknowledge(&batch).expect("acknowledged");
        drop(writer);
        let found = look();
        assert_eq!((found.waiting, found.is_written), (3, false));
        assert_eq!(look(), found);
    }
}
