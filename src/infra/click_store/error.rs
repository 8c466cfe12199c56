//! What can go wrong in the click store.

use std::time::Duration;

use super::columns::Damaged;
use super::upkeep::Deleted;
use crate::domain::error::{Error, ErrorKind};
use crate::infra::sqlite::integrity::FileError;

/// SQLite's result code of a statement that was interrupted.
const SQLITE_INTERRUPT: &str = "9";

/// A failure of the click store.
#[derive(Debug, thiserror::Error)]
pub enum ClickStoreError {
    /// The configured address names no store that this version knows.
    #[error(
        "click_store.url must be sqlite:FILE, such as sqlite:clicks.db, or clickhouse://user:password@host:8123/database"
    )]
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
    /// Clicks that were packed cannot be read.
    #[error(transparent)]
    Damaged(#[from] Damaged),
    /// Some clicks that were packed cannot be read, so that it is not known whether they are among those to erase.
    #[error(
        "{} clicks were erased, and {} segments are damaged, so that it is not known whether they have more of them: \
         elido clicks verify names them, and they can come back from a backup",
        .0.clicks, .0.damaged
    )]
    NotErased(Deleted),
    /// The file is not as this version needs it, and was opened to be read alone.
    #[error(
        "the click store has the schema {found}, and this version reads {wanted}: an ingester of this version brings it up to date when it starts"
    )]
    Version {
        /// The last change of the schema that it has.
        found: i64,
        /// The last that this version knows.
        wanted: i64,
    },
    /// What was committed cannot be read.
    #[error("the click store does not keep what was committed")]
    Forgetful,
    /// Somebody else holds the partition by now.
    #[error("another ingester has taken the partition over")]
    Fenced,
    /// Other processes pack and delete clicks all the time.
    #[error("other processes have changed the packed clicks again and again")]
    Contended,
    /// Only the embedded form is packed.
    #[error("ClickHouse packs and checks what it stores by itself: this is for click_store.url = sqlite:FILE")]
    NotEmbedded,
    /// A question took longer than it may.
    #[error("the question was not answered within its time")]
    TimeLimit,
    /// A question needs more memory than it may have.
    #[error("the question needs more memory than it may have")]
    MemoryLimit,
    /// A question is about more clicks than it may go through.
    #[error("the question goes through more than {0} clicks")]
    ClickLimit(u64),
    /// So many questions of the workspace are asked already, and others wait.
    #[error("{0} questions of the workspace are asked already, and others wait")]
    TooManyQuestions(usize),
    /// The authority's certificate cannot be read.
    #[error("click_store.ca_file cannot be used: {0}")]
    Authority(String),
    /// ClickHouse does not answer, or not in time.
    #[error("ClickHouse does not answer: {0}")]
    Unreachable(String),
    /// ClickHouse asks for a pause: it has too many parts to merge, or no memory.
    #[error("ClickHouse has too much to do: {0}")]
    Busy(String),
    /// ClickHouse cannot be written now.
    #[error("ClickHouse is for reading only: {0}")]
    ReadOnly(String),
    /// ClickHouse refuses, for instance because it is too old and lacks a setting.
    #[error("ClickHouse refuses: {0}")]
    Refused(String),
    /// Replicas are asked for, and these tables have none.
    #[error(
        "the tables {0} of ClickHouse were made for a single server, and click_store.cluster asks for replicas, which would have only some \
         of the clicks. Leave click_store.cluster empty, or name an empty database in click_store.url"
    )]
    SingleServer(String),
    /// The source of truth does not keep how far clicks are stored.
    #[error("the database does not keep how far clicks are stored: {}", with_source(.0))]
    Progress(#[from] Error),
    /// An insert that was written down cannot be understood.
    #[error("an insert that was begun cannot be understood: {0}")]
    Plan(String),
    /// Without a bus nothing says which clicks an insert was of.
    #[error("ClickHouse stores each click once only where clicks come over a bus: set bus.url")]
    NeedsBus,
}

impl From<sqlx::Error> for ClickStoreError {
    fn from(error: sqlx::Error) -> Self {
        let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
        if code.as_deref() == Some(SQLITE_INTERRUPT) { Self::TimeLimit } else { Self::Database(error) }
    }
}

fn with_source(error: &Error) -> String {
    error.source.as_ref().map_or_else(|| error.to_string(), ToString::to_string)
}

impl From<ClickStoreError> for Error {
    fn from(error: ClickStoreError) -> Self {
        match error {
            ClickStoreError::TimeLimit => {
                let message = "The report took too long. Ask for a shorter period or add filters.";
                later(ErrorKind::Unavailable, "query_time_limit", message.to_owned())
            }
            ClickStoreError::MemoryLimit => {
                let message = "The report needs too much memory. Ask for a shorter period or add filters.";
                Self::new(ErrorKind::Invalid, "query_memory_limit", message)
            }
            ClickStoreError::ClickLimit(clicks) => {
                let message = format!(
                    "The report goes through more than {clicks} clicks, which is the most that one may. Ask for a shorter period, or for \
                     several shorter ones one after the other."
                );
                Self::new(ErrorKind::Invalid, "query_click_limit", message)
            }
            ClickStoreError::TooManyQuestions(at_once) => {
                let message = format!(
                    "The workspace asks {at_once} questions about clicks already, which is the most at once, and too many wait. Ask fewer at \
                     a time, or for shorter periods."
                );
                later(ErrorKind::RateLimited, "too_many_queries", message)
            }
            other => Self::unavailable(other),
        }
    }
}

/// What may be answered when it is asked again.
fn later(kind: ErrorKind, code: &'static str, message: String) -> Error {
    Error { retry_after: Some(Duration::from_secs(1)), ..Error::new(kind, code, message) }
}
