//! Brings the schema up to date, before anything is served, on a connection of its own.
//!
//! Invariants: each migration is one transaction; a schema that is newer than
//! this program is left alone, because the release before must work beside it.

use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use sqlx::migrate::{Migrate, MigrateError, Migration, Migrator};
use sqlx::{ConnectOptions, Connection};

use super::connect::{Address, address};
use crate::config::sections::DatabaseConfig;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::infra::sqlite::integrity::{self, FileError};

static SQLITE: LazyLock<Migrator> =
    LazyLock::new(|| migrator(include!(concat!(env!("OUT_DIR"), "/sqlite_migrations.rs"))));
static POSTGRES: LazyLock<Migrator> =
    LazyLock::new(|| migrator(include!(concat!(env!("OUT_DIR"), "/postgres_migrations.rs"))));

fn migrator(migrations: Vec<Migration>) -> Migrator {
    Migrator { ignore_missing: true, ..Migrator::with_migrations(migrations) }
}

/// One step of the schema's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationStatus {
    /// Its number.
    pub version: i64,
    /// What it does.
    pub name: String,
    /// Whether this database has it.
    pub applied: bool,
}

/// Applies what is missing and returns how many migrations that were.
///
/// # Errors
/// `Unavailable` if the database is unavailable; `Internal` if a migration fails or was changed after it had been applied.
pub async fn migrate(config: &DatabaseConfig, data_folder: &Path) -> Result<usize> {
    match address(config, data_folder)? {
        Address::Sqlite(options) => {
            create_folder(options.get_filename())?;
            integrity::check(&options).await.map_err(|error| unusable(&error))?;
            // A table can only be made anew while nobody minds that it is gone for a moment, with all that refers to it
            // (https://www.sqlite.org/lang_altertable.html, section 7). New rows of migrations have to be right by themselves.
            let unminding = options.as_ref().clone().foreign_keys(false);
            let connection = connect(config, &unminding).await;
            let applied = async { apply(&SQLITE, connection?).await }.await;
            applied.map_err(|error| in_file(options.get_filename(), error))
        }
        Address::Postgres(options) => apply(&POSTGRES, connect(config, options.as_ref()).await?).await,
    }
}

/// Whether the configured database is an SQLite file in which nobody has made a schema yet.
///
/// # Errors
/// `Unavailable` if the file cannot be used.
pub async fn is_new_file(config: &DatabaseConfig, data_folder: &Path) -> Result<bool> {
    let Address::Sqlite(options) = address(config, data_folder)? else { return Ok(false) };
    if !std::fs::metadata(options.get_filename()).is_ok_and(|metadata| metadata.len() > 0) {
        return Ok(true);
    }
    integrity::check(&options).await.map_err(|error| unusable(&error))?;
    Ok(migrations_status(config, data_folder).await?.iter().all(|migration| !migration.applied))
}

/// Every migration of this program, and whether the database has it.
///
/// # Errors
/// `Unavailable` if the database is unavailable.
pub async fn migrations_status(config: &DatabaseConfig, data_folder: &Path) -> Result<Vec<MigrationStatus>> {
    match address(config, data_folder)? {
        Address::Sqlite(options) => status(&SQLITE, &mut connect(config, options.as_ref()).await?).await,
        Address::Postgres(options) => status(&POSTGRES, &mut connect(config, options.as_ref()).await?).await,
    }
}

async fn connect<O>(config: &DatabaseConfig, options: &O) -> Result<O::Connection>
where
    O: ConnectOptions,
    O::Connection: Sized,
{
    let timeout = Duration::from_millis(config.connect_timeout_ms);
    match tokio::time::timeout(timeout, options.connect()).await {
        Ok(connection) => Ok(connection?),
        Err(elapsed) => Err(Error::unavailable(elapsed)),
    }
}

async fn apply<C: Migrate + Connection>(migrator: &Migrator, mut connection: C) -> Result<usize> {
    let pending = status(migrator, &mut connection).await?.iter().filter(|status| !status.applied).count();
    migrator.run_direct(None, &mut connection, false).await.map_err(failed)?;
    connection.close().await?;
    Ok(pending)
}

async fn status<C: Migrate>(migrator: &Migrator, connection: &mut C) -> Result<Vec<MigrationStatus>> {
    connection.ensure_migrations_table(&migrator.table_name).await.map_err(failed)?;
    let applied = connection.list_applied_migrations(&migrator.table_name).await.map_err(failed)?;
    let status = |migration: &Migration| MigrationStatus {
        version: migration.version,
        name: migration.description.to_string(),
        applied: applied.iter().any(|applied| applied.version == migration.version),
    };
    Ok(migrator.iter().map(status).collect())
}

fn create_folder(file: &Path) -> Result<()> {
    file.parent().map_or(Ok(()), std::fs::create_dir_all).map_err(Error::unavailable)
}

/// Whoever starts a process has to know which file is meant.
fn in_file(file: &Path, error: Error) -> Error {
    Error { message: format!("{} cannot be brought up to date.", file.display()), ..error }
}

fn unusable(error: &FileError) -> Error {
    Error::new(ErrorKind::Unavailable, "database_unusable", error.to_string())
}

fn failed(error: MigrateError) -> Error {
    match error {
        MigrateError::Execute(error) => error.into(),
        error => Error::internal(error),
    }
}
