//! What can go wrong in the click store.

use std::time::Duration;

use crate::domain::error::{Error, ErrorKind};
use crate::infra::sqlite::integrity::FileError;

/// SQLite's result code of a statement that was interrupted.
const SQLITE_INTERRUPT: &str = "9";

/// A failure of the click store.
#[derive(Debug, thiserror::Error)]
pub enum ClickStoreError {
    /// The configured address names no store that this version knows.
    #[error("click_store.url must be sqlite:FILE, such as sqlite:clicks.db")]
    Address,
    /// The database refused or is unavailable.
    #[error("the click store failed: {0}")]
    Database(#[source] sqlx::Error),
    /// The file cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
    /// The schema could not be brought up to date.
    #[error("the click store's schema could not be brought up to date: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// What was committed cannot be read.
    #[error("the click store does not keep what was committed")]
    Forgetful,
    /// Somebody else holds the partition by now.
    #[error("another ingester has taken the partition over")]
    Fenced,
    /// A question took longer than it may.
    #[error("the question was not answered within its time")]
    TimeLimit,
}

impl From<sqlx::Error> for ClickStoreError {
    fn from(error: sqlx::Error) -> Self {
        let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
        if code.as_deref() == Some(SQLITE_INTERRUPT) { Self::TimeLimit } else { Self::Database(error) }
    }
}

impl From<ClickStoreError> for Error {
    fn from(error: ClickStoreError) -> Self {
        match error {
            ClickStoreError::TimeLimit => Self {
                retry_after: Some(Duration::from_secs(1)),
                ..Self::new(
                    ErrorKind::Unavailable,
                    "query_time_limit",
                    "The report took too long. Ask for a shorter period or add filters.",
                )
            },
            other => Self::unavailable(other),
        }
    }
}
