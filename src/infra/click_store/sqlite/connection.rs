//! Opening the store: the file, its pragmas, its schema, one writer and a few readers.

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use secrecy::ExposeSecret;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqliteSynchronous};
use sqlx::{ConnectOptions, Sqlite, Transaction};

use super::reading::Reading;
use crate::config::sections::ClickStoreConfig;
use crate::infra::click_store::ClickStoreError;
use crate::infra::click_store::limits::QuestionLimits;
use crate::infra::sqlite::{self, OpenedFile, integrity};

/// The fewest connections for reading.
const READERS_MIN: u32 = 4;
/// Longest wait for a connection or for another process's write.
const WAIT_MAX: Duration = Duration::from_secs(5);
/// Memory for pages of the writer: it touches the whole link index.
const WRITER_CACHE_KIB: i64 = 32 * 1024;
/// How much of the file a reader may map.
const MAPPED_BYTES_MAX: i64 = 256 * 1024 * 1024;

/// A file that is newer than this program is left as it is, because the release before must work with it.
static MIGRATIONS: LazyLock<Migrator> = LazyLock::new(|| Migrator {
    ignore_missing: true,
    ..Migrator::with_migrations(include!(concat!(env!("OUT_DIR"), "/click_store_migrations.rs")))
});

/// The click store. Clones share the same connections.
#[derive(Clone, Debug)]
pub struct ClickStore {
    pub(super) writer: SqlitePool,
    /// Asked through [`Reading`] alone.
    pub(super) readers: SqlitePool,
    pub(super) file: Arc<OpenedFile>,
    /// The folder that the file is in.
    pub(super) folder: PathBuf,
    /// What one question may take.
    pub(super) limits: QuestionLimits,
}

impl ClickStore {
    /// Opens the configured store, creates it where there is none, and brings its schema up to date.
    ///
    /// # Errors
    /// The address is not `sqlite:FILE`, or the file cannot be opened or migrated.
    pub async fn open(config: &ClickStoreConfig, data_folder: &Path) -> Result<Self, ClickStoreError> {
        let file = file_of(config.url.expose_secret(), data_folder)?;
        // Where the source of truth is elsewhere, nobody has made the data folder yet.
        let folder = file.parent().unwrap_or(data_folder).to_path_buf();
        std::fs::create_dir_all(&folder).map_err(sqlx::Error::from)?;
        let options = writer_options(&file);
        integrity::check(&options).await?;
        let known = sqlite::Readers::default();
        let writer = sqlite::writer(&known)
            .acquire_timeout(WAIT_MAX)
            .connect_with(options)
            .await
            .map_err(|error| integrity::because(&file, &error))?;
        MIGRATIONS.run(&writer).await?;
        let readers = open_readers(config, &file).await?;
        let (file, limits) = (opened(&file)?, QuestionLimits::of(config));
        Ok(Self { writer, readers: known.get_or_init(|| readers).clone(), file, folder, limits })
    }

    /// Opens the configured store to read what is in it, and changes nothing.
    ///
    /// # Errors
    /// The address is not `sqlite:FILE`, the file cannot be opened, or its schema is not that of this version.
    pub async fn open_to_read(config: &ClickStoreConfig, data_folder: &Path) -> Result<Self, ClickStoreError> {
        let file = file_of(config.url.expose_secret(), data_folder)?;
        let readers = open_readers(config, &file).await.map_err(|error| match error {
            ClickStoreError::Database(error) => integrity::because(&file, &error).into(),
            other => other,
        })?;
        let found: Option<i64> =
            sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations").fetch_one(&readers).await?;
        let (found, wanted) = (found.unwrap_or(0), MIGRATIONS.iter().map(|change| change.version).max().unwrap_or(0));
        if found != wanted {
            return Err(ClickStoreError::Version { found, wanted });
        }
        let folder = file.parent().unwrap_or(data_folder).to_path_buf();
        let (file, limits) = (opened(&file)?, QuestionLimits::of(config));
        Ok(Self { writer: readers.clone(), readers, file, folder, limits })
    }

    /// Begins to write, with the write lock of the file.
    ///
    /// # Errors
    /// The store does not answer, or its file was removed or replaced.
    pub(super) async fn write(&self) -> Result<Transaction<'static, Sqlite>, sqlx::Error> {
        self.file.require_in_place()?;
        self.writer.begin_with("BEGIN IMMEDIATE").await
    }

    /// Whether links were ever clicked.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn knows_links(&self) -> Result<bool, ClickStoreError> {
        let mut reading = Reading::begin(self).await?;
        let totals = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM link_totals)");
        Ok(totals.fetch_one(reading.connection()).await?)
    }

    /// Finishes what is under way and closes the files.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

fn opened(file: &Path) -> Result<Arc<OpenedFile>, ClickStoreError> {
    Ok(Arc::new(OpenedFile::at(file).map_err(sqlx::Error::from)?))
}

/// The file of the click store; `None` where a server keeps it.
#[must_use]
pub fn file(config: &ClickStoreConfig, data_folder: &Path) -> Option<PathBuf> {
    file_of(config.url.expose_secret(), data_folder).ok()
}

fn file_of(url: &str, data_folder: &Path) -> Result<PathBuf, ClickStoreError> {
    match url.strip_prefix("sqlite:") {
        Some(file) if !file.is_empty() && !file.starts_with(':') => Ok(data_folder.join(file)),
        _ => Err(ClickStoreError::Address),
    }
}

/// A commit is on the disk before it is reported: the journal forgets what the store has acknowledged.
fn writer_options(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(WAIT_MAX)
        .pragma("cache_size", (-WRITER_CACHE_KIB).to_string())
        .pragma("journal_size_limit", "67108864")
        .disable_statement_logging()
}

/// One workspace alone never has all of them.
async fn open_readers(config: &ClickStoreConfig, file: &Path) -> Result<SqlitePool, ClickStoreError> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .read_only(true)
        .busy_timeout(WAIT_MAX)
        .pragma("mmap_size", MAPPED_BYTES_MAX.to_string())
        .disable_statement_logging();
    Ok(sqlite::pool().max_connections(readers(config)).acquire_timeout(WAIT_MAX).connect_with(options).await?)
}

/// How many questions are asked at once, of all workspaces together.
fn readers(config: &ClickStoreConfig) -> u32 {
    config.queries_per_workspace_max.saturating_mul(2).max(READERS_MIN)
}

/// How many questions of one workspace may be asked at once, so that there is room for one of another.
pub(in crate::infra::click_store) fn questions_max(config: &ClickStoreConfig) -> u32 {
    readers(config).saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_found_in_the_data_folder_unless_it_is_absolute() {
        let folder = Path::new("/var/lib/elido");
        assert_eq!(file_of("sqlite:clicks.db", folder).expect("a file"), folder.join("clicks.db"));
        assert_eq!(file_of("sqlite:/mnt/clicks.db", folder).expect("a file"), Path::new("/mnt/clicks.db"));
        assert!(file_of("sqlite:", folder).is_err());
        assert!(file_of("sqlite::memory:", folder).is_err());
        assert!(file_of("clickhouse://localhost", folder).is_err());
    }
}
