//! Where an installation keeps what.

use std::path::{Path, PathBuf};

use super::BackupError;
use crate::config::Config;
use crate::infra::{click_store, store};

/// Where an installation keeps what.
#[derive(Debug, Clone)]
pub struct Places {
    /// What is not named below.
    pub data_folder: PathBuf,
    /// The source of truth.
    pub database: PathBuf,
    /// The click store.
    pub clicks: PathBuf,
    /// Objects; `None` where a bucket keeps them.
    pub objects: Option<PathBuf>,
}

impl Places {
    /// The places that the settings name.
    ///
    /// # Errors
    /// `OnServer` where a database is not a file.
    pub fn of(config: &Config) -> Result<Self, BackupError> {
        let folder = &config.data_folder;
        let database = store::file(&config.database, folder).ok_or(BackupError::OnServer { key: "database.url" })?;
        let clicks =
            click_store::file(&config.click_store, folder).ok_or(BackupError::OnServer { key: "click_store.url" })?;
        let objects = config.objects.folder().map(|name| folder.join(name));
        Ok(Self { data_folder: folder.clone(), database, clicks, objects })
    }

    /// Whether the path belongs to something that is copied in its own way, or need not be copied: what edges keep is made anew, and the
    /// secret of the first account belongs to the process that has written it.
    pub(super) fn is_apart(&self, path: &Path) -> bool {
        let derived = ["edge", "bootstrap-secret"].map(|name| self.data_folder.join(name));
        let is_database = [&self.database, &self.clicks].into_iter().any(|database| is_of_database(path, database));
        is_database || self.objects.as_deref() == Some(path) || derived.iter().any(|derived| derived == path)
    }
}

/// Whether the path is the database or one of the files that SQLite keeps beside it.
fn is_of_database(path: &Path, database: &Path) -> bool {
    files_of(database).any(|file| file == path)
}

/// A database and the files that SQLite keeps beside it.
pub(super) fn files_of(database: &Path) -> impl Iterator<Item = PathBuf> {
    ["", "-wal", "-shm", "-journal"].into_iter().map(|suffix| {
        let mut name = database.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    })
}
