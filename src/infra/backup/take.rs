//! Takes a backup.

use std::fs;
use std::path::{Path, PathBuf};

use super::manifest::{BackedUpFile, Manifest};
use super::{BackupError, Places, files, of_file};
use crate::domain::time::Timestamp;
use crate::infra::sqlite::copy;
use crate::runtime::clock;

/// The databases in a backup.
pub(super) const DATABASE_FILE: &str = "database.db";
pub(super) const CLICKS_FILE: &str = "clicks.db";
/// The folders in a backup: the data folder, without what has its own place, and the objects.
pub(super) const DATA_FOLDER: &str = "data";
pub(super) const OBJECTS_FOLDER: &str = "objects";

/// Makes a folder below `parent` that is named after the moment, and puts a backup into it. Until it is whole its name ends with
/// `.unfinished`.
///
/// # Errors
/// Something cannot be read or written; then an unfinished folder may be left, which nothing takes for a backup.
pub async fn take(places: &Places, parent: &Path) -> Result<(PathBuf, Manifest), BackupError> {
    refuse_within(parent, places)?;
    let mut manifest = Manifest::begin(clock::now());
    let name = name_of(manifest.taken_at);
    let (folder, unfinished) = (parent.join(&name), parent.join(format!("{name}.unfinished")));
    fs::create_dir(&unfinished).map_err(of_file(&unfinished))?;
    copy_files(&places.data_folder, &unfinished, DATA_FOLDER, &|path| places.is_apart(path), &mut manifest)?;
    copy_database(&places.clicks, &unfinished, CLICKS_FILE, &mut manifest).await?;
    copy_database(&places.database, &unfinished, DATABASE_FILE, &mut manifest).await?;
    if let Some(objects) = &places.objects {
        copy_files(objects, &unfinished, OBJECTS_FOLDER, &|_| false, &mut manifest)?;
    }
    files::sync_folders(&unfinished)?;
    manifest.write(&unfinished)?;
    files::sync_folder(&unfinished)?;
    fs::rename(&unfinished, &folder).map_err(of_file(&folder))?;
    files::sync_folder(parent)?;
    Ok((folder, manifest))
}

/// The basic form of ISO 8601, so that names sort by age and suit every file system.
fn name_of(moment: Timestamp) -> String {
    let moment = moment.to_utc().unwrap_or_default();
    format!("elido-{}", moment.format("%Y%m%dT%H%M%SZ"))
}

fn refuse_within(parent: &Path, places: &Places) -> Result<(), BackupError> {
    fs::create_dir_all(parent).map_err(of_file(parent))?;
    let real = parent.canonicalize().map_err(of_file(parent))?;
    let data_folder = places.data_folder.canonicalize().map_err(of_file(&places.data_folder))?;
    if real.starts_with(data_folder) { Err(BackupError::WithinData(parent.to_path_buf())) } else { Ok(()) }
}

/// Copies what is below `from`. What goes meanwhile is in what is copied later.
fn copy_files(
    from: &Path,
    backup: &Path,
    name: &str,
    is_apart: &dyn Fn(&Path) -> bool,
    manifest: &mut Manifest,
) -> Result<(), BackupError> {
    for path in files::below(from, is_apart)? {
        let Ok(relative) = path.strip_prefix(from) else { continue };
        let place = Path::new(name).join(relative);
        match files::copy(&path, &backup.join(&place)) {
            Ok(sum) => manifest.files.push(BackedUpFile { path: place, bytes: sum.bytes, sha256: sum.sha256 }),
            Err(BackupError::File { error, .. }) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

async fn copy_database(from: &Path, backup: &Path, name: &str, manifest: &mut Manifest) -> Result<(), BackupError> {
    let to = backup.join(name);
    fs::metadata(from).map_err(of_file(from))?;
    copy::copy(from, &to).await?;
    manifest.rows.insert(name.to_owned(), copy::look_through(&to).await?);
    fs::File::open(&to).and_then(|file| file.sync_all()).map_err(of_file(&to))?;
    let sum = files::sum(&to)?;
    manifest.files.push(BackedUpFile { path: name.into(), bytes: sum.bytes, sha256: sum.sha256 });
    Ok(())
}
