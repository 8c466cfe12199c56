//! Objects as files of a folder. Each is written under another name, synced and renamed, by the library.
//!
//! Invariant: the folder and what is in it are its owner's alone.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use object_store::ObjectStore;
use object_store::local::LocalFileSystem;

use crate::domain::error::{Error, Result};
use crate::domain::time::Timestamp;

/// Who may look into it: its owner alone.
const FOLDER_MODE: u32 = 0o700;
/// What stands before the number in the name of a file that is being written. No name of an object has it.
const UNFINISHED: char = '#';

/// The folder; cheap to clone.
#[derive(Clone)]
pub(super) struct Folder(Arc<PathBuf>);

impl Folder {
    /// Makes it where there is none, and takes it from everybody but its owner.
    pub(super) fn open(path: PathBuf) -> Result<Self> {
        let made = DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(&path);
        let made = made.and_then(|()| fs::set_permissions(&path, Permissions::from_mode(FOLDER_MODE)));
        made.map_err(|error| Error::internal(format!("objects.url: {}: {error}", path.display())))?;
        Ok(Self(Arc::new(path)))
    }

    pub(super) fn store(&self) -> Result<Arc<dyn ObjectStore>> {
        let store = LocalFileSystem::new_with_prefix(self.0.as_path()).map_err(Error::internal)?;
        Ok(Arc::new(store.with_fsync(true).with_automatic_cleanup(true)))
    }

    /// Whether it is there.
    pub(super) async fn check(&self) -> io::Result<()> {
        tokio::fs::read_dir(self.0.as_path()).await.map(drop)
    }

    /// Removes files that nobody has written to since this moment and that never became an object, such as those of a process that was
    /// killed. Returns how many.
    pub(super) async fn forget_unfinished(&self, before: Timestamp) -> io::Result<u64> {
        let root = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || forget_below(&root, before)).await?
    }
}

fn forget_below(folder: &Path, before: Timestamp) -> io::Result<u64> {
    let mut forgotten = 0_u64;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // Another process may have removed it. Of the entry itself, so that nothing outside is reached by a link.
        let Ok(metadata) = entry.metadata() else { continue };
        if metadata.is_dir() {
            forgotten = forgotten.saturating_add(forget_below(&entry.path(), before)?);
        } else if entry.file_name().to_string_lossy().contains(UNFINISHED) && written_at(&metadata)? < before {
            fs::remove_file(entry.path())?;
            forgotten = forgotten.saturating_add(1);
        }
    }
    Ok(forgotten)
}

fn written_at(metadata: &fs::Metadata) -> io::Result<Timestamp> {
    let since = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_a_killed_process_left_is_removed_and_nothing_else() {
        let parent = tempfile::tempdir().expect("a folder");
        let folder = Folder::open(parent.path().join("objects")).expect("made");
        assert_eq!(fs::metadata(folder.0.as_path()).expect("there").permissions().mode() & 0o777, FOLDER_MODE);
        let below = folder.0.join("tests/a");
        fs::create_dir_all(&below).expect("folders");
        for name in ["whole", "half#1"] {
            fs::write(below.join(name), "x").expect("a file");
        }
        assert_eq!(folder.forget_unfinished(Timestamp::from_micros(0)).await.expect("read"), 0);
        assert_eq!(folder.forget_unfinished(Timestamp::from_micros(i64::MAX)).await.expect("read"), 1);
        let is_there = |name: &str| below.join(name).try_exists().expect("the folder");
        assert!(is_there("whole") && !is_there("half#1"));
        fs::remove_dir_all(folder.0.as_path()).expect("removed");
        assert!(folder.check().await.is_err());
    }
}
