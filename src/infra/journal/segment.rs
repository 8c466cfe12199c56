//! Names and headers: what a journal's folder and its segments say of themselves.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::file_system::FileSystem;

/// The first bytes of every segment; the digits are the version of the form.
const MAGIC: [u8; 8] = *b"ELIDOJ01";
/// How many bytes a segment's header takes; the first frame follows.
pub(super) const HEADER_BYTES: u64 = HEADER_LENGTH as u64;
/// The same, as a length in memory.
pub(super) const HEADER_LENGTH: usize = 32;
/// What segment files end with.
const EXTENSION: &str = "segment";

/// Names one journal: the records of one worker of one process.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JournalId(u64);

impl JournalId {
    /// A new name, never given before.
    #[must_use]
    pub fn random() -> Self {
        Self(rand::random())
    }

    /// Wraps the number that a database row holds.
    #[must_use]
    pub const fn from_u64(number: u64) -> Self {
        Self(number)
    }

    /// The number, for a database row.
    #[must_use]
    pub const fn as_u64(self) -> u64 {
        self.0
    }

    pub(super) const fn to_bytes(self) -> [u8; 8] {
        self.0.to_le_bytes()
    }

    /// The journal of this name: 16 hexadecimal digits.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        (name.len() == 16).then(|| u64::from_str_radix(name, 16).ok().map(Self)).flatten()
    }
}

impl fmt::Display for JournalId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}", self.0)
    }
}

impl fmt::Debug for JournalId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// Where segment number `index` of a journal is.
pub(super) fn path(folder: &Path, index: u32) -> PathBuf {
    folder.join(format!("{index:08}.{EXTENSION}"))
}

/// The number of the segment with this file name.
pub(super) fn index_of(file_name: &str) -> Option<u32> {
    file_name.strip_suffix(EXTENSION)?.strip_suffix('.')?.parse().ok()
}

/// The journals under `root`, in the order of their names.
pub(super) fn journals(file_system: &impl FileSystem, root: &Path) -> io::Result<Vec<JournalId>> {
    let mut ids: Vec<JournalId> =
        list_files(file_system, root)?.iter().filter_map(|(name, _)| JournalId::from_name(name.to_str()?)).collect();
    ids.sort_unstable();
    Ok(ids)
}

/// The numbers of a journal's segments, ascending.
pub(super) fn list(file_system: &impl FileSystem, folder: &Path) -> io::Result<Vec<u32>> {
    Ok(list_with_lengths(file_system, folder)?.into_iter().map(|(index, _)| index).collect())
}

/// The numbers of a journal's segments, ascending, and the bytes of each.
pub(super) fn list_with_lengths(file_system: &impl FileSystem, folder: &Path) -> io::Result<Vec<(u32, u64)>> {
    let files = list_files(file_system, folder)?;
    let mut segments: Vec<_> =
        files.iter().filter_map(|(name, length)| Some((index_of(name.to_str()?)?, *length))).collect();
    segments.sort_unstable();
    Ok(segments)
}

/// What is in a folder; nothing, where the folder is not there (yet, or any more).
pub(super) fn list_files(file_system: &impl FileSystem, folder: &Path) -> io::Result<Vec<(OsString, u64)>> {
    match file_system.list(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        files => files,
    }
}

/// The position of a byte, given its segment, the span of each, and its offset therein.
pub(super) const fn position(index: u32, span: u64, offset: u64) -> u64 {
    index as u64 * span + offset
}

/// What a segment says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) id: JournalId,
    pub(super) index: u32,
    pub(super) span: u64,
}

impl Header {
    pub(super) fn encode(self) -> [u8; HEADER_LENGTH] {
        let mut bytes = [0; HEADER_LENGTH];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..16].copy_from_slice(&self.id.to_bytes());
        bytes[16..24].copy_from_slice(&self.span.to_le_bytes());
        bytes[24..28].copy_from_slice(&self.index.to_le_bytes());
        let checksum = crc32fast::hash(&bytes[..28]);
        bytes[28..].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    /// `None` for anything but what [`Header::encode`] wrote.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; HEADER_LENGTH] = bytes.first_chunk()?;
        let header = Self {
            id: JournalId(u64::from_le_bytes(*bytes[8..].first_chunk()?)),
            span: u64::from_le_bytes(*bytes[16..].first_chunk()?),
            index: u32::from_le_bytes(*bytes[24..].first_chunk()?),
        };
        (header.encode() == *bytes && header.span > HEADER_BYTES).then_some(header)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_survives_and_anything_else_is_refused() {
        let header = Header { id: JournalId::random(), index: 7, span: 4096 };
        let mut bytes = header.encode();
        assert_eq!(Header::decode(&bytes), Some(header));
        bytes[20] ^= 1;
        assert_eq!(Header::decode(&bytes), None);
        assert_eq!(Header::decode(&[0; 32]), None);
    }

    #[test]
    fn names_round_trip() {
        let id = JournalId::random();
        assert_eq!(JournalId::from_name(&id.to_string()), Some(id));
        let path = path(Path::new("x"), 12);
        assert_eq!(path.file_name().and_then(|name| name.to_str()).and_then(index_of), Some(12));
    }
}
