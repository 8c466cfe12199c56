//! The data folder belongs to the user whose process it is, and nobody else reads it: it holds hashes of passwords and addresses of visitors.

use std::fs::{self, DirBuilder, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::Path;

/// What the owner may do with a folder.
const FOLDER_MODE: u32 = 0o700;
/// What the owner may do with a file.
const FILE_MODE: u32 = 0o600;
/// The bits of everybody else.
const OTHERS: u32 = 0o077;
/// How deep the platform's own folders go: the journal of a worker is a folder in a folder.
const DEPTH_MAX: usize = 3;

/// From now on, whatever this process makes is its owner's alone. Call it before there are threads that make files.
pub fn keep_new_files_private() {
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(OTHERS));
}

/// Makes the folder where there is none, and takes it and all that is in it from everybody but its owner. What belongs to another user, such
/// as the mount point of a volume, is left as it is, and the log says so.
///
/// # Errors
/// The folder cannot be made or read; the error names it.
pub fn secure(folder: &Path) -> io::Result<()> {
    let named =
        |error: io::Error| io::Error::new(error.kind(), format!("the data folder {}: {error}", folder.display()));
    DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder).map_err(named)?;
    let left = tighten(folder, &fs::metadata(folder).map_err(named)?, 0).map_err(named)?;
    if left > 0 {
        tracing::warn!(
            folder = %folder.display(),
            files = left,
            "other users may read what belongs to another user in the data folder; make it the owner's alone: chmod -R go= FOLDER"
        );
    }
    Ok(())
}

/// Takes a file or a folder from others and says how many could not be.
fn tighten(path: &Path, metadata: &Metadata, depth: usize) -> io::Result<usize> {
    let is_folder = metadata.is_dir();
    let mut left = 0;
    if metadata.mode() & OTHERS != 0 {
        let mode = if is_folder { FOLDER_MODE } else { FILE_MODE };
        left += usize::from(fs::set_permissions(path, Permissions::from_mode(mode)).is_err());
    }
    if !is_folder || depth == DEPTH_MAX {
        return Ok(left);
    }
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        // Of the entry itself, so that nothing outside is reached by a link. Others may remove files meanwhile.
        let Ok(metadata) = entry.metadata() else { continue };
        if metadata.is_dir() || metadata.is_file() {
            left += tighten(&entry.path(), &metadata, depth + 1)?;
        }
    }
    Ok(left)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("it is there").mode() & 0o777
    }

    #[test]
    fn a_new_folder_is_the_owners_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data");
        secure(&data).expect("made");
        assert_eq!(mode(&data), FOLDER_MODE);
    }

    #[test]
    fn what_an_earlier_process_left_open_is_closed_and_what_is_linked_is_not_touched() {
        let folder = tempfile::tempdir().expect("a folder");
        let (data, outside) = (folder.path().join("data"), folder.path().join("outside"));
        fs::create_dir_all(data.join("journal/0001")).expect("folders");
        let file = data.join("journal/0001/a.segment");
        for file in [&file, &outside] {
            fs::write(file, "x").expect("a file");
            fs::set_permissions(file, Permissions::from_mode(0o644)).expect("open to all");
        }
        std::os::unix::fs::symlink(&outside, data.join("link")).expect("a link");
        fs::set_permissions(&data, Permissions::from_mode(0o755)).expect("open to all");
        secure(&data).expect("made the owner's");
        assert_eq!([mode(&data), mode(&file), mode(&outside)], [FOLDER_MODE, FILE_MODE, 0o644]);
    }
}
