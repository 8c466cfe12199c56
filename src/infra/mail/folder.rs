//! Mail as files of a folder, one `.eml` a message, which mail programs open.
//!
//! Invariant: a file is there whole or not at all, and there are only so many.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::MailError;

/// The most messages that are kept; the oldest go first.
const MESSAGES_MAX: usize = 1_000;
/// Who may look into the folder, and read a message.
const FOLDER_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

/// Such a folder.
#[derive(Clone)]
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// Writes one message. The names of files sort by time.
    pub(super) async fn keep(&self, letter: Vec<u8>) -> Result<(), MailError> {
        let folder = self.0.clone();
        let kept = tokio::task::spawn_blocking(move || keep(&folder, &letter)).await;
        let failed = |error: &dyn std::fmt::Display| MailError::Unavailable(error.to_string());
        kept.map_err(|error| failed(&error))?.map_err(|error| failed(&error))
    }
}

fn keep(folder: &Path, letter: &[u8]) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder)?;
    let name = Uuid::now_v7().simple().to_string();
    let unfinished = folder.join(format!("{name}.unfinished"));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(&unfinished)?;
    file.write_all(letter)?;
    fs::rename(&unfinished, folder.join(format!("{name}.eml")))?;
    forget_oldest(folder)
}

fn forget_oldest(folder: &Path) -> io::Result<()> {
    let mut names: Vec<_> = fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.file_name())).collect();
    names.sort_unstable();
    let surplus = names.len().saturating_sub(MESSAGES_MAX);
    for name in names.into_iter().take(surplus) {
        match fs::remove_file(folder.join(name)) {
            // Another process has removed it.
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[tokio::test]
    async fn messages_are_their_owners_alone_and_the_oldest_go_first() {
        let parent = tempfile::tempdir().expect("a folder");
        let path = parent.path().join("mail");
        let folder = Folder::new(path.clone());
        folder.keep(b"first".to_vec()).await.expect("it is kept");
        let first = fs::read_dir(&path).expect("the folder").next().expect("a file").expect("a file");
        let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(&first.path())), (FOLDER_MODE, FILE_MODE));
        assert_eq!(fs::read(first.path()).expect("it can be read"), b"first");
        for number in 0..MESSAGES_MAX {
            fs::write(path.join(format!("zz-{number}.eml")), "later").expect("a file");
        }
        folder.keep(b"second".to_vec()).await.expect("it is kept");
        assert_eq!(fs::read_dir(&path).expect("the folder").count(), MESSAGES_MAX);
        assert!(!first.path().try_exists().expect("the folder"));
    }
}
