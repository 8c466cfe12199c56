//! Puts a backup back, and tells whether it is whole.

use std::fs;
use std::path::{Path, PathBuf};

use super::manifest::Manifest;
use super::places::files_of;
use super::take::{CLICKS_FILE, DATA_FOLDER, DATABASE_FILE, OBJECTS_FOLDER};
use super::{BackupError, Places, files, of_file};
use crate::infra::sqlite::copy;

/// Reads the manifest of a backup and holds every file against it.
///
/// # Errors
/// There is no manifest, or a file is missing or another one.
pub fn read(backup: &Path) -> Result<Manifest, BackupError> {
    let manifest = Manifest::read(backup)?;
    for file in &manifest.files {
        let path = backup.join(&file.path);
        let sum = files::sum(&path)?;
        if sum.bytes != file.bytes {
            let reason = format!("it has {} bytes, and had {}", sum.bytes, file.bytes);
            return Err(BackupError::Changed { path, reason });
        }
        if sum.sha256 != file.sha256 {
            let reason = format!("its SHA-256 is {}, and was {}", sum.sha256, file.sha256);
            return Err(BackupError::Changed { path, reason });
        }
    }
    Ok(manifest)
}

/// Puts every file of a backup to its place, where nothing is. Objects stay in the backup where a bucket keeps them now.
///
/// # Errors
/// Something is there already, or cannot be written.
pub fn restore_files(backup: &Path, manifest: &Manifest, places: &Places) -> Result<(), BackupError> {
    refuse_occupied(places)?;
    fs::create_dir_all(&places.data_folder).map_err(of_file(&places.data_folder))?;
    for file in &manifest.files {
        if let Some(place) = place_of(&file.path, places) {
            files::copy(&backup.join(&file.path), &place)?;
        }
    }
    files::sync_folders(&places.data_folder)
}

/// Holds the rows of the databases against the manifest. Call it before anything else has opened them.
///
/// # Errors
/// A database is damaged, or has not got the rows that it had.
pub async fn check_rows(manifest: &Manifest, places: &Places) -> Result<(), BackupError> {
    for (name, path) in [(DATABASE_FILE, &places.database), (CLICKS_FILE, &places.clicks)] {
        let rows = copy::look_through(path).await?;
        if manifest.rows.get(name) != Some(&rows) {
            let reason = "its tables have not got the rows that the manifest counts".to_owned();
            return Err(BackupError::Changed { path: path.clone(), reason });
        }
    }
    Ok(())
}

fn refuse_occupied(places: &Places) -> Result<(), BackupError> {
    // A log that was left behind would be taken for the log of what is put back.
    for file in [&places.database, &places.clicks].into_iter().flat_map(|database| files_of(database)) {
        if file.try_exists().map_err(of_file(&file))? {
            return Err(BackupError::Occupied(file));
        }
    }
    for folder in [Some(&places.data_folder), places.objects.as_ref()].into_iter().flatten() {
        let entries = files::if_there(fs::read_dir(folder)).map_err(of_file(folder))?;
        if entries.is_some_and(|mut entries| entries.next().is_some()) {
            return Err(BackupError::Occupied(folder.clone()));
        }
    }
    Ok(())
}

/// Where a file of a backup belongs; `None` where it belongs nowhere.
fn place_of(path: &Path, places: &Places) -> Option<PathBuf> {
    if path == Path::new(DATABASE_FILE) {
        return Some(places.database.clone());
    }
    if path == Path::new(CLICKS_FILE) {
        return Some(places.clicks.clone());
    }
    if let Ok(relative) = path.strip_prefix(OBJECTS_FOLDER) {
        return places.objects.as_ref().map(|objects| objects.join(relative));
    }
    path.strip_prefix(DATA_FOLDER).ok().map(|relative| places.data_folder.join(relative))
}
