//! What keeps a process from starting.

use std::io;
use std::path::PathBuf;

use crate::config::{ConfigError, ConfigErrors};
use crate::domain::error::Error;
use crate::infra::click_store::ClickStoreError;

/// What keeps a process from starting.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The settings are wrong.
    #[error(transparent)]
    Config(#[from] ConfigErrors),
    /// The source of truth cannot be had.
    #[error("the database cannot be used: {}", with_source(.0))]
    Database(#[from] Error),
    /// The database is new although the data folder is not.
    #[error(
        "the database {database} is empty, but {} holds links or clicks of an earlier one. Put the database or a backup of it in its place. \
         If a new one is meant, make it with `elido migrate up` and start again, or name another data_folder",
        data_folder.display()
    )]
    DatabaseLost {
        /// The address of the database.
        database: String,
        /// Where the rest of the data is.
        data_folder: PathBuf,
    },
    /// The click store cannot be had.
    #[error("the click store cannot be used: {0}")]
    ClickStore(#[from] ClickStoreError),
    /// The machine refuses a thread, a socket or a file.
    #[error("the process cannot start: {0}")]
    Machine(#[from] io::Error),
}

impl From<ConfigError> for StartError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error.into())
    }
}

/// The operator who starts the process may read what clients may not.
fn with_source(error: &Error) -> String {
    error.source.as_ref().map_or_else(|| error.message.clone(), |source| format!("{} {source}", error.message))
}
