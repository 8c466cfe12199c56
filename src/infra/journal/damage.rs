//! What a reader finds in journals that should not be there, or finds missing.

use std::path::Path;

/// What was found since somebody asked last.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Damage {
    /// Bytes that were neither record nor empty space.
    pub corrupt_bytes: u64,
    /// What each of the files has, with its name.
    pub files: Vec<String>,
}

impl Damage {
    /// Bytes that are no record, which were set aside.
    pub(super) fn add_corrupt(&mut self, segment: &Path, bytes: u64) {
        if bytes > 0 {
            self.corrupt_bytes += bytes;
            self.files.push(format!("{}: {bytes} bytes are no record", segment.display()));
        }
    }

    /// A segment is made as long as it will ever be.
    pub(super) fn add_missing(&mut self, segment: &Path, missing: u64) {
        if missing > 0 {
            self.files.push(format!("{}: it was {missing} bytes longer once", segment.display()));
        }
    }

    /// Adds what was found elsewhere.
    pub(super) fn add(&mut self, other: Self) {
        self.corrupt_bytes += other.corrupt_bytes;
        self.files.extend(other.files);
    }
}
