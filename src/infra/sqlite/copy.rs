//! Copies of an SQLite file as it was at one moment, made while others write it, and a look through such a copy.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection, Error};

use super::integrity::{FileError, because};

/// How long to wait for whoever holds the file at the start of a copy.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// How many rows each table of a file has.
pub type Rows = BTreeMap<String, u64>;

/// Makes `to`, which must not be there yet, of what `from` holds now. Nobody waits for it: it reads what was committed when it began
/// (<https://www.sqlite.org/lang_vacuum.html#vacuuminto>).
///
/// # Errors
/// `from` cannot be read, or `to` not written.
pub async fn copy(from: &Path, to: &Path) -> Result<(), FileError> {
    copy_into(from, to).await.map_err(|error| because(from, &error))
}

/// Reads the whole file, and counts the rows of its tables.
///
/// # Errors
/// It cannot be read, or is damaged.
pub async fn look_through(file: &Path) -> Result<Rows, FileError> {
    let (reason, rows) = read_through(file).await.map_err(|error| because(file, &error))?;
    if reason == "ok" {
        return Ok(rows);
    }
    Err(FileError::Damaged { file: file.to_path_buf(), reason: reason.replace('\n', " ") })
}

async fn open(file: &Path) -> Result<SqliteConnection, Error> {
    SqliteConnectOptions::new().filename(file).busy_timeout(WAIT_MAX).disable_statement_logging().connect().await
}

async fn copy_into(from: &Path, to: &Path) -> Result<(), Error> {
    let mut connection = open(from).await?;
    let to = to.to_string_lossy().into_owned();
    sqlx::query("VACUUM INTO ?").bind(to).execute(&mut connection).await?;
    connection.close().await
}

async fn read_through(file: &Path) -> Result<(String, Rows), Error> {
    let mut connection = open(file).await?;
    let reason = sqlx::query_scalar("PRAGMA integrity_check(1)").fetch_one(&mut connection).await?;
    let named = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
    let tables: Vec<String> = sqlx::query_scalar(named).fetch_all(&mut connection).await?;
    let mut rows = Rows::new();
    for table in tables {
        let counting = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM \"{}\"", table.replace('"', "\"\"")));
        let count: i64 = sqlx::query_scalar(counting).fetch_one(&mut connection).await?;
        rows.insert(table, count.unsigned_abs());
    }
    connection.close().await?;
    Ok((reason, rows))
}
