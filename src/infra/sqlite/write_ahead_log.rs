//! Whether SQLite's write-ahead log is whole.
//!
//! SQLite reads its log up to the first frame whose checksum is wrong and takes that for the end: behind a damaged frame it forgets every
//! commit without a word. Frames are chained, so those behind the damage can still be told from what else may be left there: a commit that
//! another one was built on was on the disk once. One alone may be what a power cut or a failed sync has left of the last transaction. And a
//! log that a power cut found while its beginning was written over has nothing behind that which the database does not have as well.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Bytes before the first frame.
const HEADER_BYTES: usize = 32;
/// Bytes before the page of a frame.
const FRAME_HEADER_BYTES: usize = 24;
/// What a log begins with; its last bit says the order of bytes that checksums go by.
const MAGIC: u32 = 0x377f_0682;
/// Where the database file says how long its pages are.
const PAGE_SIZE_OFFSET: usize = 16;
/// As many commits in one chain were not left by a transaction that failed.
const COMMITS_MIN: usize = 2;

/// The log of a database file.
#[must_use]
pub fn path_of(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push("-wal");
    PathBuf::from(name)
}

/// The number of the damaged frame that commits are lost behind, from 1 on; 0 is the header. None where the log is whole or is not
/// there, or where no damage was found in time.
///
/// # Errors
/// The files cannot be read.
pub fn damaged_frame(database: &Path, time: Duration) -> io::Result<Option<usize>> {
    let deadline = Instant::now() + time;
    let file = match File::open(path_of(database)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let mut log = BufReader::with_capacity(1024 * 1024, file);
    let mut header = [0; HEADER_BYTES];
    if !fill(&mut log, &mut header)? {
        return Ok(None);
    }
    let Some(mut chain) = Chain::begin(&header, database)? else { return Ok(None) };
    let mut frame = vec![0; FRAME_HEADER_BYTES + chain.page_bytes];
    let mut number = 0;
    while Instant::now() < deadline && fill(&mut log, &mut frame)? {
        number += 1;
        chain.add(number, &frame);
    }
    chain.keep();
    let is_lost = is_any_missing(&chain, log.get_ref(), database, deadline)?;
    Ok(chain.broken.filter(|_| is_lost))
}

/// Whether the database has something else than the frames behind the damage.
fn is_any_missing(chain: &Chain, log: &File, database: &Path, deadline: Instant) -> io::Result<bool> {
    let database = File::open(database)?;
    let (mut committed, mut present) = (vec![0; chain.page_bytes], vec![0; chain.page_bytes]);
    let frame_bytes = (FRAME_HEADER_BYTES + chain.page_bytes) as u64;
    let within = chain.certain.pages.iter().filter(|(page, _)| **page <= chain.certain.database_pages);
    for (page, frame) in within {
        log.read_exact_at(
            &mut committed,
            (*frame as u64) * frame_bytes - chain.page_bytes as u64 + HEADER_BYTES as u64,
        )?;
        let is_there =
            match database.read_exact_at(&mut present, u64::from(page.saturating_sub(1)) * chain.page_bytes as u64) {
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => false,
                read => read.map(|()| true)?,
            };
        if !is_there || committed != present {
            return Ok(true);
        }
        if Instant::now() > deadline {
            break;
        }
    }
    Ok(false)
}

/// What was committed: the last frame of each page, and how many pages the database had then.
#[derive(Default)]
struct Commits {
    count: usize,
    pages: HashMap<u32, usize>,
    database_pages: u32,
}

/// Frames as they are read, one after the other.
struct Chain {
    page_bytes: usize,
    is_big_endian: bool,
    /// What the frames of this log carry. Of a header that is damaged it is what the frame before carries.
    salts: Option<[u8; 8]>,
    /// The checksum of the frame before, as it says itself.
    sum: (u32, u32),
    /// The first frame that was wrong.
    broken: Option<usize>,
    /// Pages of the transaction that has no end yet.
    pending: HashMap<u32, usize>,
    /// Commits since a frame was wrong last.
    chained: Commits,
    /// Commits behind the damage that were on the disk once.
    certain: Commits,
}

impl Chain {
    /// None where not even the database says how long a page is.
    fn begin(header: &[u8; HEADER_BYTES], database: &Path) -> io::Result<Option<Self>> {
        let mut chain = Self {
            page_bytes: word(header, 8) as usize,
            is_big_endian: word(header, 0) & 1 == 1,
            salts: header.get(16..).and_then(<[u8]>::first_chunk).copied(),
            sum: (word(header, 24), word(header, 28)),
            broken: None,
            pending: HashMap::new(),
            chained: Commits::default(),
            certain: Commits::default(),
        };
        let said = header.get(..24).unwrap_or_default();
        if word(header, 0) | 1 != MAGIC | 1 || checksum((0, 0), said, chain.is_big_endian) != chain.sum {
            chain.page_bytes = page_bytes_of(database)?;
            chain.is_big_endian = cfg!(target_endian = "big");
            chain.salts = None;
            chain.broken = Some(0);
        }
        Ok((chain.page_bytes > 0).then_some(chain))
    }

    /// Takes the next frame.
    fn add(&mut self, number: usize, frame: &[u8]) {
        let salts = frame.get(8..).and_then(<[u8]>::first_chunk).copied();
        let sum = (word(frame, 16), word(frame, 20));
        let begun = checksum(self.sum, frame.get(..8).unwrap_or_default(), self.is_big_endian);
        let chained = checksum(begun, frame.get(FRAME_HEADER_BYTES..).unwrap_or_default(), self.is_big_endian);
        self.sum = sum;
        if self.salts != salts || chained != sum {
            self.keep();
            self.broken = self.broken.or(Some(number));
            if self.broken == Some(0) {
                self.salts = salts;
            }
        } else if self.broken.is_some() {
            self.pending.insert(word(frame, 0), number);
            if word(frame, 4) > 0 {
                self.chained.count += 1;
                self.chained.pages.extend(self.pending.drain());
                self.chained.database_pages = word(frame, 4);
            }
        }
    }

    /// Ends a chain, and keeps its commits where they were on the disk once.
    fn keep(&mut self) {
        self.pending.clear();
        let chained = std::mem::take(&mut self.chained);
        if chained.count >= COMMITS_MIN {
            self.certain.pages.extend(chained.pages);
            self.certain.database_pages = chained.database_pages;
        }
    }
}

/// Whether there was as much as the buffer holds.
fn fill(log: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match log.read_exact(buffer) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        read => read.map(|()| true),
    }
}

fn page_bytes_of(database: &Path) -> io::Result<usize> {
    let mut beginning = [0; PAGE_SIZE_OFFSET + 2];
    if !fill(&mut File::open(database)?, &mut beginning)? {
        return Ok(0);
    }
    // The longest page does not fit into the field and is written as 1.
    Ok(match u16::from_be_bytes([beginning[PAGE_SIZE_OFFSET], beginning[PAGE_SIZE_OFFSET + 1]]) {
        1 => 65_536,
        bytes => usize::from(bytes),
    })
}

fn word(bytes: &[u8], offset: usize) -> u32 {
    bytes.get(offset..).and_then(<[u8]>::first_chunk).map_or(0, |word| u32::from_be_bytes(*word))
}

/// SQLite's checksum of whole pairs of words, from that of what came before.
fn checksum(before: (u32, u32), bytes: &[u8], is_big_endian: bool) -> (u32, u32) {
    let read = |word: &[u8; 4]| if is_big_endian { u32::from_be_bytes(*word) } else { u32::from_le_bytes(*word) };
    bytes.as_chunks::<4>().0.as_chunks::<2>().0.iter().fold(before, |(mut sum, mut sum_of_sums), [one, other]| {
        sum = sum.wrapping_add(read(one)).wrapping_add(sum_of_sums);
        sum_of_sums = sum_of_sums.wrapping_add(read(other)).wrapping_add(sum);
        (sum, sum_of_sums)
    })
}

#[cfg(test)]
mod tests {
    use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
    use sqlx::{ConnectOptions, Connection, Executor};

    use super::*;

    const TIME: Duration = Duration::from_secs(60);

    /// A database whose process was killed, with a log of several commits; and the log.
    async fn killed(folder: &Path) -> (PathBuf, Vec<u8>) {
        let (living, dead) = (folder.join("living.db"), folder.join("dead.db"));
        let options = SqliteConnectOptions::new().filename(&living).create_if_missing(true);
        let mut connection = options.journal_mode(SqliteJournalMode::Wal).connect().await.expect("a database");
        connection.execute("CREATE TABLE a (b TEXT)").await.expect("a table");
        for _ in 0..20 {
            connection.execute("INSERT INTO a VALUES (hex(randomblob(3000)))").await.expect("a row");
        }
        std::fs::copy(&living, &dead).expect("copied");
        std::fs::copy(path_of(&living), path_of(&dead)).expect("copied");
        connection.close().await.expect("closed");
        let log = std::fs::read(path_of(&dead)).expect("a log");
        (dead, log)
    }

    fn found(database: &Path, log: &[u8]) -> Option<usize> {
        std::fs::write(path_of(database), log).expect("written");
        damaged_frame(database, TIME).expect("read")
    }

    #[tokio::test]
    async fn a_whole_log_is_fine_wherever_it_ends() {
        let folder = tempfile::tempdir().expect("a folder");
        let (database, log) = killed(folder.path()).await;
        for end in (0..log.len()).step_by(1111).chain([log.len()]) {
            assert_eq!(found(&database, &log[..end]), None, "cut off at {end} of {}", log.len());
        }
        std::fs::remove_file(path_of(&database)).expect("removed");
        assert_eq!(damaged_frame(&database, TIME).expect("there is none"), None);
    }

    #[tokio::test]
    async fn a_bit_that_turns_in_front_of_commits_is_found_wherever_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let (database, log) = killed(folder.path()).await;
        let frame_bytes = FRAME_HEADER_BYTES + 4096;
        // Of the last commits it cannot be said whether they were on the disk.
        let certain = log.len() - 12 * frame_bytes;
        for place in (0..HEADER_BYTES + 100).chain((HEADER_BYTES + 100..certain).step_by(977)) {
            let mut damaged = log.clone();
            damaged[place] ^= 1;
            let expected = (place + frame_bytes).saturating_sub(HEADER_BYTES) / frame_bytes;
            let expected = if place < HEADER_BYTES { 0 } else { expected };
            assert_eq!(found(&database, &damaged), Some(expected), "byte {place} of {}", log.len());
        }
    }

    #[tokio::test]
    async fn what_failed_transactions_leave_behind_the_end_is_no_damage() {
        let folder = tempfile::tempdir().expect("a folder");
        let (database, log) = killed(folder.path()).await;
        let frame_bytes = FRAME_HEADER_BYTES + 4096;
        let commits: Vec<usize> = (HEADER_BYTES..log.len())
            .step_by(frame_bytes)
            .filter(|frame| word(&log, frame + 4) > 0)
            .map(|frame| frame + frame_bytes)
            .collect();
        let [before_last, last] = *commits.last_chunk().expect("commits");
        // The first page of the last transaction was written anew, by one whose commit did not get there.
        let mut torn = log[..last].to_vec();
        torn[before_last + FRAME_HEADER_BYTES] ^= 1;
        assert_eq!(found(&database, &torn), None);
    }

    #[tokio::test]
    async fn a_log_that_is_in_the_database_already_may_be_written_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let (database, log) = killed(folder.path()).await;
        let mut torn = log.clone();
        torn[HEADER_BYTES + 1000..HEADER_BYTES + 9000].fill(7);
        assert_eq!(found(&database, &torn), Some(1));

        // The process that was not killed has put everything into its database.
        std::fs::copy(folder.path().join("living.db"), &database).expect("copied");
        assert_eq!(found(&database, &torn), None);
    }
}
