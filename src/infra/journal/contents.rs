//! What is in the folder of a journal at a moment, by which it is known whether something came or changed since.
//!
//! Invariant: a file is removed only as it was when it was looked at, and a folder only when nothing is in it.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;

use super::file_system::{FileStamp, FileSystem};
use super::{home, segment};

/// The files of a folder.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Contents(BTreeMap<OsString, FileStamp>);

impl Contents {
    /// What is there now; nothing, where there is no such folder.
    pub(super) fn of(file_system: &impl FileSystem, folder: &Path) -> io::Result<Self> {
        let mut files = BTreeMap::new();
        for (name, _) in segment::list_files(file_system, folder)? {
            // What is gone by now is not there.
            if let Some(stamp) = file_system.stamp_at(&folder.join(&name))? {
                files.insert(name, stamp);
            }
        }
        Ok(Self(files))
    }

    /// The names of the files.
    pub(super) fn names(&self) -> impl Iterator<Item = &OsStr> {
        self.0.keys().map(OsString::as_os_str)
    }

    /// Whether something came or changed since it was like `before`, but for files with names that `is_apart` says. What went does not
    /// count: whoever reads a journal removes what was read.
    pub(super) fn has_news_since(&self, before: &Self, is_apart: impl Fn(&OsStr) -> bool) -> bool {
        self.0.iter().any(|(name, stamp)| !is_apart(name) && before.0.get(name) != Some(stamp))
    }

    /// Removes these files, as far as they are as they were, and then the folder, unless something else is in it. Says whether it went.
    pub(super) fn remove(&self, file_system: &impl FileSystem, folder: &Path) -> io::Result<bool> {
        let mut files: Vec<_> = self.0.iter().collect();
        // Wherever this is cut short, what is left has no gap, its cursor as long as it has segments, and its home to the last.
        files.sort_by_key(|(name, _)| {
            let index = name.to_str().and_then(segment::index_of);
            (home::is_mark(name), Reverse(index))
        });
        for (name, stamp) in files {
            let path = folder.join(name);
            if file_system.stamp_at(&path)?.as_ref() == Some(stamp) {
                file_system.remove_file(&path)?;
            }
        }
        file_system.remove_folder(folder)
    }
}

impl FromIterator<(OsString, FileStamp)> for Contents {
    fn from_iter<T: IntoIterator<Item = (OsString, FileStamp)>>(files: T) -> Self {
        Self(files.into_iter().collect())
    }
}
