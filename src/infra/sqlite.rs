//! What every SQLite file of the platform needs of its connections.
//!
//! Invariant: a connection that is inside a transaction when it comes back to
//! its pool is closed. After a full disk, a disk error or want of memory SQLite
//! undoes a transaction by itself; the driver does not notice and would nest
//! all later transactions in one that nobody ever commits.
//!
//! Invariant: a connection that is to write can. SQLite opens a file that it
//! may not open for writing, if only for a moment, for reading instead; all
//! connections of a process share that choice for the index of the log, until
//! the last of them is closed.

pub mod copy;
pub mod integrity;
mod opened_file;
pub mod write_ahead_log;

pub use opened_file::OpenedFile;

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};

use sqlx::pool::PoolConnectionMetadata;
use sqlx::sqlite::{SqliteConnection, SqlitePool, SqlitePoolOptions};
use sqlx::{Connection, Error, Executor};

/// A pool that keeps only connections without an open transaction.
#[must_use]
pub fn pool() -> SqlitePoolOptions {
    SqlitePoolOptions::new().idle_timeout(None).max_lifetime(None).after_release(keep)
}

/// The connections that read a file, once they are there.
pub type Readers = Arc<OnceLock<SqlitePool>>;

/// The pool of the one connection that writes a file beside its readers.
#[must_use]
pub fn writer(readers: &Readers) -> SqlitePoolOptions {
    let readers = Arc::clone(readers);
    pool()
        .max_connections(1)
        .after_connect(move |connection, _| Box::pin(check_writing(connection, Arc::clone(&readers))))
}

/// Fails unless the connection can write, and then closes the readers that nobody uses, so that all may open the file anew.
async fn check_writing(connection: &mut SqliteConnection, readers: Readers) -> Result<(), Error> {
    // Beginning to write is not enough: where a file can only be read, SQLite begins to read instead.
    let written = connection.execute("BEGIN IMMEDIATE; PRAGMA user_version = 1; ROLLBACK").await;
    if written.is_err() {
        while let Some(idle) = readers.get().and_then(SqlitePool::try_acquire) {
            drop(idle.close().await);
        }
    }
    written.map(drop)
}

type Kept<'a> = Pin<Box<dyn Future<Output = Result<bool, Error>> + Send + 'a>>;

fn keep(connection: &mut SqliteConnection, _: PoolConnectionMetadata) -> Kept<'_> {
    Box::pin(async move {
        let kept = is_outside_transactions(connection).await;
        if !kept {
            tracing::warn!("closed a database connection after a failed transaction");
        }
        Ok(kept)
    })
}

/// The rollback of a dropped transaction is done before the probe, because a connection works in turn. Beginning a
/// deferred transaction takes no lock, and fails inside of another one.
async fn is_outside_transactions(connection: &mut SqliteConnection) -> bool {
    let probe = connection.execute("BEGIN; ROLLBACK").await;
    probe.is_ok() && !connection.is_in_transaction()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_connection_whose_transaction_was_undone_behind_its_back_is_not_used_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite:{}?mode=rwc", folder.path().join("a.db").display());
        let pool = pool().max_connections(1).connect(&url).await.expect("a pool");
        pool.execute("CREATE TABLE a (b TEXT)").await.expect("a table");
        pool.execute("PRAGMA max_page_count = 4").await.expect("a small disk");
        let much = "x".repeat(100_000);
        for _ in 0..3 {
            let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await.expect("a transaction");
            // The fresh connection has no such limit, so each one gets it anew.
            transaction.execute("PRAGMA max_page_count = 4").await.expect("a small disk");
            sqlx::query("INSERT INTO a VALUES (?)")
                .bind(&much)
                .execute(&mut *transaction)
                .await
                .expect_err("it is full");
        }
        let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await.expect("a transaction that is not nested");
        transaction.execute("INSERT INTO a VALUES ('written')").await.expect("there is room");
        transaction.commit().await.expect("committed");
        pool.close().await;
        let other = SqlitePoolOptions::new().connect(&url).await.expect("another process");
        let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM a").fetch_one(&other).await.expect("a count");
        assert_eq!(rows, 1);
    }

    #[tokio::test]
    async fn a_connection_that_only_reads_is_never_handed_out_as_the_writer() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a.db");
        let url = |mode: &str| format!("sqlite:{}?mode={mode}", file.display());
        let readers = Readers::default();
        let well = writer(&readers).connect(&url("rwc")).await.expect("a pool");
        well.execute("CREATE TABLE a (b TEXT)").await.expect("a table");
        let sick = writer(&readers).acquire_timeout(Duration::from_millis(200)).connect(&url("ro")).await;
        assert!(sick.is_err(), "SQLite has fallen back to reading");
    }
}
