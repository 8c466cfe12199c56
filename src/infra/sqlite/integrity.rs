//! Whether an SQLite file can be used and is whole, asked before anything is served.
//!
//! A file is read for a second at most: where it is too large for that, the part that was read is sound, and the log says that the rest was
//! not looked at.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection, Error};

use super::write_ahead_log;

/// How long a file is read, so that a large one does not keep a process from starting.
const READ_FOR: Duration = Duration::from_secs(1);
/// Steps of SQLite between two looks at the clock.
const STEPS_BETWEEN_LOOKS: i32 = 1_000;
/// SQLite's primary result codes of a damaged file and of a file that is none of its own.
const DAMAGED: [i32; 2] = [11, 26];
/// SQLite's result code of a statement that was interrupted.
const INTERRUPTED: i32 = 9;

/// Why an SQLite file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Its pages contradict each other, or it is no database.
    #[error(
        "{} is damaged ({reason}). Stop every process that uses it, keep a copy of it, and put a backup in its place, or what is still readable: \
         sqlite3 {} .recover | sqlite3 NEW_FILE",
        file.display(), file.display()
    )]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What SQLite says.
        reason: String,
    },
    /// Commits were in its log that SQLite would not read.
    #[error(
        "{} is damaged (frame {frame}), and SQLite would forget what was committed behind that. Stop every process that uses it, keep a copy of it and of {}, \
         and put a backup in the place of both, or go on without what was committed last: sqlite3 {} 'PRAGMA wal_checkpoint(TRUNCATE)'",
        log.display(), file.display(), file.display()
    )]
    DamagedLog {
        /// The database.
        file: PathBuf,
        /// Its log.
        log: PathBuf,
        /// The number of the first frame that is wrong; 0 is the header of the log.
        frame: usize,
    },
    /// It cannot be opened or read.
    #[error("{} cannot be used ({reason}). It has to be a file that this process may read and write, on a disk with room", file.display())]
    Unusable {
        /// The file.
        file: PathBuf,
        /// What SQLite says.
        reason: String,
    },
}

/// Opens the file as `options` say and reads it for a while. One that is not there yet, or empty, is fine.
///
/// # Errors
/// The file cannot be opened, or is damaged.
pub async fn check(options: &SqliteConnectOptions) -> Result<(), FileError> {
    let file = options.get_filename();
    let is_there = std::fs::metadata(file).is_ok_and(|metadata| metadata.len() > 0);
    if !is_there {
        return Ok(());
    }
    check_log(file).await?;
    let said = ask(options).await.map_err(|error| because(file, &error))?;
    match said.as_deref() {
        Some("ok") => Ok(()),
        Some(reason) => Err(FileError::Damaged { file: file.to_path_buf(), reason: reason.replace('\n', " ") }),
        None => {
            let seconds = READ_FOR.as_secs();
            tracing::info!(file = %file.display(), "the file is too large to be looked through in {seconds} s; the part that was read is sound");
            Ok(())
        }
    }
}

/// Looks at the log before SQLite opens it, and forgets what is behind the damage.
async fn check_log(file: &Path) -> Result<(), FileError> {
    let log = write_ahead_log::path_of(file);
    let database = file.to_path_buf();
    let looked = tokio::task::spawn_blocking(move || write_ahead_log::damaged_frame(&database, READ_FOR)).await;
    match looked.map_err(io::Error::other).flatten() {
        Ok(None) => Ok(()),
        Ok(Some(frame)) => Err(FileError::DamagedLog { file: file.to_path_buf(), log, frame }),
        Err(error) => Err(FileError::Unusable { file: log, reason: error.to_string() }),
    }
}

/// What an error says of this file.
#[must_use]
pub fn because(file: &Path, error: &Error) -> FileError {
    let (file, reason) = (file.to_path_buf(), error.to_string());
    match primary_code(error) {
        Some(code) if DAMAGED.contains(&code) => FileError::Damaged { file, reason },
        _ => FileError::Unusable { file, reason },
    }
}

/// What SQLite says of the file, or nothing if it took too long.
async fn ask(options: &SqliteConnectOptions) -> Result<Option<String>, Error> {
    let mut connection = options.connect().await?;
    let said = look_through(&mut connection).await;
    connection.close().await?;
    match said {
        Ok(said) => Ok(Some(said)),
        Err(error) if primary_code(&error) == Some(INTERRUPTED) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn look_through(connection: &mut SqliteConnection) -> Result<String, Error> {
    let deadline = Instant::now() + READ_FOR;
    connection.lock_handle().await?.set_progress_handler(STEPS_BETWEEN_LOOKS, move || Instant::now() < deadline);
    let said = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(&mut *connection).await;
    connection.lock_handle().await?.remove_progress_handler();
    said
}

fn primary_code(error: &Error) -> Option<i32> {
    let code = error.as_database_error()?.code()?;
    code.parse::<i32>().ok().map(|code| code & 0xff)
}

#[cfg(test)]
mod tests {
    use std::io::{Seek, SeekFrom, Write};

    use sqlx::Executor;

    use super::*;

    async fn database(folder: &Path) -> SqliteConnectOptions {
        let options = SqliteConnectOptions::new().filename(folder.join("a.db")).create_if_missing(true);
        let mut connection = options.connect().await.expect("a database");
        connection.execute("CREATE TABLE a (b TEXT)").await.expect("a table");
        for _ in 0..100 {
            connection.execute("INSERT INTO a VALUES (hex(randomblob(1000)))").await.expect("a row");
        }
        connection.close().await.expect("closed");
        options
    }

    fn overwrite(file: &Path, offset: u64, bytes: &[u8]) {
        let mut file = std::fs::OpenOptions::new().write(true).open(file).expect("the file");
        file.seek(SeekFrom::Start(offset)).expect("a place in it");
        file.write_all(bytes).expect("written");
    }

    #[tokio::test]
    async fn a_sound_file_and_one_that_is_not_there_yet_are_fine() {
        let folder = tempfile::tempdir().expect("a folder");
        check(&SqliteConnectOptions::new().filename(folder.path().join("none.db"))).await.expect("nothing is wrong");
        check(&database(folder.path()).await).await.expect("nothing is wrong");
    }

    #[tokio::test]
    async fn a_damaged_page_and_a_damaged_header_are_found_and_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let options = database(folder.path()).await;
        for offset in [4096, 0] {
            overwrite(options.get_filename(), offset, &[0xaa; 64]);
            let error = check(&options).await.expect_err("it is damaged");
            assert!(matches!(error, FileError::Damaged { .. }), "{error}");
            assert!(error.to_string().contains("a.db"), "{error}");
        }
    }

    #[tokio::test]
    async fn a_folder_in_the_place_of_the_file_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let error = check(&SqliteConnectOptions::new().filename(folder.path())).await.expect_err("it is a folder");
        assert!(matches!(error, FileError::Unusable { .. }), "{error}");
        assert!(error.to_string().contains(&folder.path().display().to_string()), "{error}");
    }
}
