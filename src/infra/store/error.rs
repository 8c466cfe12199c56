//! What a failed statement means for whoever asked: "come back later", or "our fault".

use sea_orm::{DbErr, RuntimeErr, SqlErr, SqlxError};

use crate::domain::error::{Error, ErrorKind, Result};

/// SQLite result codes (their low byte) for a database that is busy, full, unreadable or gone for now.
const SQLITE_UNAVAILABLE: [u32; 9] = [
    5,  // busy
    6,  // locked
    7,  // out of memory
    8,  // read-only
    10, // disk error
    11, // damaged, or so it looks where the disk fails to read
    13, // disk full
    14, // cannot open
    15, // locking protocol
];

/// PostgreSQL codes, or classes of them, for a server that is unavailable, full, starting, stopping or contended.
const POSTGRES_UNAVAILABLE: [&str; 8] = [
    "08",    // connection
    "25006", // read-only: a standby after a failover
    "40",    // serialisation failure, deadlock
    "53",    // out of disk, memory or connections
    "55P03", // lock not available in time
    "57014", // statement timeout
    "57P",   // shut down, crashed, starting
    "58",    // its own disk
];

/// PostgreSQL codes of a transaction that it undid because of another one.
const POSTGRES_CONTENDED: [&str; 2] = ["40001", "40P01"];

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        if matches!(error.sql_err(), Some(SqlErr::ForeignKeyConstraintViolation(_))) {
            let message = "Something that this refers to was deleted in the same moment. Look again.";
            return Self::new(ErrorKind::Conflict, "deleted_meanwhile", message).caused_by(error);
        }
        if is_unavailable(&error) { Self::unavailable(error) } else { Self::internal(error) }
    }
}

impl From<SqlxError> for Error {
    fn from(error: SqlxError) -> Self {
        if is_driver_unavailable(&error) { Self::unavailable(error) } else { Self::internal(error) }
    }
}

/// Whether the database undid the transaction because of another one, so that the same may succeed at once.
#[must_use]
pub fn is_contended(error: &Error) -> bool {
    let error = error.source.as_ref().and_then(|source| source.downcast_ref::<DbErr>());
    let code = match error {
        Some(DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error))) => {
            error.as_database_error().and_then(sqlx::error::DatabaseError::code)
        }
        _ => None,
    };
    code.is_some_and(|code| POSTGRES_CONTENDED.contains(&code.as_ref()))
}

/// Whether a statement kept to the uniqueness of its table.
pub(super) fn false_if_taken<T>(result: std::result::Result<T, DbErr>) -> Result<bool> {
    match result {
        Ok(_) => Ok(true),
        Err(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn is_unavailable(error: &DbErr) -> bool {
    match error {
        DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => true,
        DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error)) => {
            is_driver_unavailable(error)
        }
        _ => false,
    }
}

fn is_driver_unavailable(error: &SqlxError) -> bool {
    match error {
        SqlxError::Io(_)
        | SqlxError::Tls(_)
        | SqlxError::Protocol(_)
        | SqlxError::PoolTimedOut
        | SqlxError::PoolClosed
        | SqlxError::WorkerCrashed
        | SqlxError::BeginFailed => true,
        SqlxError::Database(error) => error.code().is_some_and(|code| is_away_code(&code)),
        _ => false,
    }
}

/// SQLite's codes are numbers; PostgreSQL's have five characters.
fn is_away_code(code: &str) -> bool {
    if code.len() == 5 {
        return POSTGRES_UNAVAILABLE.iter().any(|class| code.starts_with(class));
    }
    code.parse::<u32>().is_ok_and(|code| SQLITE_UNAVAILABLE.contains(&(code & 0xff)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_told_from_what_is_wrong() {
        for code in ["5", "517", "7", "11", "13", "08006", "40P01", "53300", "57P01", "57014"] {
            assert!(is_away_code(code), "{code}");
        }
        for code in ["1", "19", "2067", "23505", "42601", "22P02"] {
            assert!(!is_away_code(code), "{code}");
        }
    }
}
