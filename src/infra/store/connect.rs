//! Opens the pools. SQLite has one writer and several readers, because it has one write lock; PostgreSQL has one pool for both.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use sea_orm::{DatabaseConnection, SqlxPostgresConnector, SqlxSqliteConnector};
use secrecy::ExposeSecret;
use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};

use super::connection::STATEMENT_TIMEOUT;
use crate::config::sections::DatabaseConfig;
use crate::domain::error::{Error, ErrorKind, Result};
use crate::infra::sqlite::{self, OpenedFile};

/// Where reads and where writes go.
pub(super) struct Pools {
    pub(super) reader: DatabaseConnection,
    pub(super) writer: DatabaseConnection,
    /// `None` where a server keeps the database.
    pub(super) file: Option<OpenedFile>,
    /// For one connection on which the server tells of new jobs, where there is a server.
    pub(super) listener: Option<PgPool>,
}

/// Which database, and how to reach it.
pub(super) enum Address {
    Sqlite(Box<SqliteConnectOptions>),
    Postgres(Box<PgConnectOptions>),
}

/// Reads `database.url`.
pub(super) fn address(config: &DatabaseConfig, data_folder: &Path) -> Result<Address> {
    let url = config.url.expose_secret();
    if let Some(file) = url.strip_prefix("sqlite:") {
        return sqlite(file, config, data_folder).map(|options| Address::Sqlite(Box::new(options)));
    }
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return postgres(url).map(|options| Address::Postgres(Box::new(options)));
    }
    Err(invalid_url("it starts with neither sqlite: nor postgres://"))
}

/// The file of the database; `None` where a server keeps it.
#[must_use]
pub fn file(config: &DatabaseConfig, data_folder: &Path) -> Option<PathBuf> {
    match address(config, data_folder) {
        Ok(Address::Sqlite(options)) => Some(options.get_filename().to_path_buf()),
        _ => None,
    }
}

/// Opens the pools and proves that they work.
pub(super) async fn open(config: &DatabaseConfig, data_folder: &Path) -> Result<Pools> {
    let timeout = Duration::from_millis(config.connect_timeout_ms);
    match address(config, data_folder)? {
        Address::Sqlite(options) => open_sqlite(*options, config.connections_max, timeout).await,
        Address::Postgres(options) => open_postgres(*options, config.connections_max, timeout).await,
    }
}

async fn open_sqlite(options: SqliteConnectOptions, readers: u32, timeout: Duration) -> Result<Pools> {
    let (known, path) = (sqlite::Readers::default(), options.get_filename().to_path_buf());
    let writer = sqlite::writer(&known).acquire_timeout(timeout).connect_with(options.clone()).await?;
    // Only a statement that a repository should have run in a transaction would write here.
    let readers = sqlite::pool().acquire_timeout(timeout).max_connections(readers.max(1));
    let reader = readers.connect_with(options.pragma("query_only", "ON")).await?;
    let reader = known.get_or_init(|| reader).clone();
    Ok(Pools {
        reader: SqlxSqliteConnector::from_sqlx_sqlite_pool(reader),
        writer: SqlxSqliteConnector::from_sqlx_sqlite_pool(writer),
        file: Some(OpenedFile::at(&path).map_err(Error::unavailable)?),
        listener: None,
    })
}

async fn open_postgres(options: PgConnectOptions, connections: u32, timeout: Duration) -> Result<Pools> {
    let limits = [
        ("statement_timeout", STATEMENT_TIMEOUT),
        ("lock_timeout", STATEMENT_TIMEOUT / 2),
        ("idle_in_transaction_session_timeout", STATEMENT_TIMEOUT * 3),
    ];
    let options = options.options(limits.map(|(name, limit)| (name, format!("{}ms", limit.as_millis()))));
    let listener =
        PgPoolOptions::new().acquire_timeout(timeout).max_connections(1).max_lifetime(None).idle_timeout(None);
    let listener = Some(listener.connect_lazy_with(options.clone()));
    let pool =
        PgPoolOptions::new().acquire_timeout(timeout).max_connections(connections.max(1)).connect_with(options).await?;
    require_utf8(&pool).await?;
    let connection = SqlxPostgresConnector::from_sqlx_postgres_pool(pool);
    Ok(Pools { reader: connection.clone(), writer: connection, file: None, listener })
}

/// In another encoding the server counts and compares letters by its own rules, or refuses some.
async fn require_utf8(pool: &PgPool) -> Result<()> {
    let encoding: String = sqlx::query_scalar("SHOW server_encoding").fetch_one(pool).await?;
    if encoding == "UTF8" {
        return Ok(());
    }
    let message = format!(
        "The database is encoded in {encoding}, and Elido needs UTF8. Make it by CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0, and name that one in database.url."
    );
    Err(Error::new(ErrorKind::Invalid, "database_encoding", message))
}

fn sqlite(file: &str, config: &DatabaseConfig, data_folder: &Path) -> Result<SqliteConnectOptions> {
    let file = file.strip_prefix("//").unwrap_or(file);
    if file.is_empty() || file == ":memory:" || file.contains('?') {
        return Err(invalid_url("sqlite: is followed by the path of a file"));
    }
    Ok(SqliteConnectOptions::new()
        .filename(data_folder.join(PathBuf::from(file)))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // What is answered is on the disk: a power cut takes back no commit.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_millis(config.connect_timeout_ms))
        .disable_statement_logging())
}

fn postgres(url: &str) -> Result<PgConnectOptions> {
    let options = PgConnectOptions::from_str(url).map_err(|error| invalid_url(&error.to_string()))?;
    Ok(options.application_name("elido").disable_statement_logging())
}

fn invalid_url(reason: &str) -> Error {
    let message =
        format!("database.url cannot be used: {reason}. Write sqlite:FILE or postgres://user:password@host:5432/name.");
    Error::new(ErrorKind::Invalid, "database_url", message)
}
