//! Brings the schema up to date, before anything is served, on a connection of its own.
//!
//! Invariants: each migration is one transaction; a schema that is newer than
//! this program is left alone, because the release before must work beside it.

use std::path::Path;
use std::time::Duration;

use sqlx::migrate::{Migrate, MigrateError, Migration, Migrator};
use sqlx::{ConnectOptions, Connection};

use super::connect::{Address, address};
use crate::config::sections::DatabaseConfig;
use crate::domain::error::{Error, Result};

static SQLITE: Migrator = Migrator { ignore_missing: true, ..sqlx::migrate!("migrations/sqlite") };
static POSTGRES: Migrator = Migrator { ignore_missing: true, ..sqlx::migrate!("migrations/postgres") };

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
/// `Unavailable` if the database is away; `Internal` if a migration fails or was changed after it had been applied.
pub async fn migrate(config: &DatabaseConfig, data_folder: &Path) -> Result<usize> {
    match address(config, data_folder)? {
        Address::Sqlite(options) => {
            create_folder(options.get_filename())?;
            apply(&SQLITE, connect(config, options.as_ref()).await?).await
        }
        Address::Postgres(options) => apply(&POSTGRES, connect(config, options.as_ref()).await?).await,
    }
}

/// Every migration of this program, and whether the database has it.
///
/// # Errors
/// `Unavailable` if the database is away.
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

fn failed(error: MigrateError) -> Error {
    match error {
        MigrateError::Execute(error) => error.into(),
        error => Error::internal(error),
    }
}
