//! The writing end: frames collect in memory and go to the kernel together.
//!
//! Invariant: [`Writer::append`] and [`Writer::flush`] allocate nothing while
//! the disk is well and the segment lasts.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::file_system::{File, FileSystem};
use super::frame::{self, PAYLOAD_BYTES_MAX};
use super::home;
use super::segment::{self, Header, JournalId};
use super::tally::Tally;

/// How much waits in memory while the disk takes nothing. What comes on top is dropped and counted.
const BUFFER_BYTES_MAX: usize = 4 * 1024 * 1024;
/// What the buffer holds without growing: more than the frames of one readiness round.
const BUFFER_BYTES_READY: usize = 512 * 1024;
/// How many numbers of segments that are taken are passed over in one try.
const SEGMENTS_SKIPPED_MAX: u32 = 64;
/// How long a disk that failed is left alone.
pub(super) const RETRY_AFTER: Duration = Duration::from_millis(100);

/// How much a journal may take.
#[derive(Debug, Clone, Copy)]
pub struct JournalLimits {
    /// One segment, in bytes; raised to what the longest record needs.
    pub segment_bytes: u64,
    /// All segments of all journals under one root, in bytes.
    pub bytes_max: u64,
}

/// How the disk is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum JournalState {
    /// It takes every record.
    #[default]
    Healthy,
    /// The disk or the journal's own cap is full.
    Full,
    /// The disk answers with errors.
    Failing,
}

/// What became of the records since the last flush.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flushed {
    /// Records that were appended, whatever became of them: written, waiting or dropped.
    pub appended: u64,
    /// Records that are with the kernel now.
    pub records: u64,
    /// Their bytes, frames included.
    pub bytes: u64,
    /// Records that wait in memory for a disk that takes them.
    pub waiting: u64,
    /// Records that were given up because neither disk nor memory had room.
    pub dropped: u64,
    /// How the disk is doing.
    pub state: JournalState,
}

/// Writes one journal. Owned by one thread.
pub struct Writer<F: FileSystem> {
    shared: Arc<Shared<F>>,
    active: Option<Active<F::File>>,
    buffer: Vec<u8>,
    buffered: u64,
    appended: u64,
    dropped: u64,
    /// What was reported of flushes so far.
    tally: Tally,
    state: JournalState,
    retry_at: Option<Instant>,
}

struct Active<T> {
    file: Arc<T>,
    end: u64,
}

/// Does the slow part of a journal's upkeep, away from the thread that writes.
pub struct Maintenance<F: FileSystem>(Arc<Shared<F>>);

/// What a run of the upkeep could not do.
#[derive(Debug, thiserror::Error)]
pub enum UpkeepError {
    /// What was written since the last run may not survive a power cut. From now on another segment is written.
    #[error("the click journal could not be synced: clicks go into a new segment: {0}")]
    NotSynced(io::Error),
    /// Clicks are written while the segment lasts that is being written.
    #[error("the click journal is full, or its disk: there is no room for its next segment: {0}")]
    Full(io::Error),
    /// As with [`UpkeepError::Full`], for another reason.
    #[error("the next segment of the click journal cannot be made ready: {0}")]
    NotReady(io::Error),
}

impl UpkeepError {
    fn not_ready(error: io::Error) -> Self {
        if is_full(&error) { Self::Full(error) } else { Self::NotReady(error) }
    }

    /// Whether the disk, or the journal, is full.
    #[must_use]
    pub fn is_full(&self) -> bool {
        let (Self::NotSynced(error) | Self::Full(error) | Self::NotReady(error)) = self;
        is_full(error)
    }
}

struct Shared<F: FileSystem> {
    file_system: F,
    root: PathBuf,
    folder: PathBuf,
    id: JournalId,
    span: u64,
    bytes_max: u64,
    lock: Mutex<Option<F::Lock>>,
    next_index: AtomicU32,
    spare: Mutex<Option<(u32, Arc<F::File>)>>,
    unsynced: Mutex<Vec<(u32, Arc<F::File>)>>,
    written: AtomicBool,
    /// Whether a tally is due with the next flush.
    tally_due: AtomicBool,
    /// Whether the writer shall leave its segment, because that could not be synced or is no longer there.
    abandoned: AtomicBool,
    leftovers_synced: AtomicBool,
    rolled: Notify,
}

impl<F: FileSystem> Writer<F> {
    /// A new journal in a folder of its own under `root`. Touches the disk only when the first record is flushed.
    #[must_use]
    pub fn new(file_system: F, root: &Path, limits: JournalLimits) -> Self {
        let id = JournalId::random();
        let span_min = (frame::HEADER_BYTES + PAYLOAD_BYTES_MAX) as u64 + segment::HEADER_BYTES;
        let shared = Shared {
            file_system,
            root: root.to_path_buf(),
            folder: root.join(id.to_string()),
            id,
            span: limits.segment_bytes.max(span_min),
            bytes_max: limits.bytes_max,
            lock: Mutex::new(None),
            next_index: AtomicU32::new(0),
            spare: Mutex::new(None),
            unsynced: Mutex::new(Vec::new()),
            written: AtomicBool::new(false),
            tally_due: AtomicBool::new(false),
            abandoned: AtomicBool::new(false),
            leftovers_synced: AtomicBool::new(false),
            rolled: Notify::new(),
        };
        Self {
            shared: Arc::new(shared),
            active: None,
            buffer: Vec::with_capacity(BUFFER_BYTES_READY),
            buffered: 0,
            appended: 0,
            dropped: 0,
            tally: Tally::default(),
            state: JournalState::Healthy,
            retry_at: None,
        }
    }

    /// The journal's name.
    #[must_use]
    pub fn id(&self) -> JournalId {
        self.shared.id
    }

    /// The upkeep of this journal, for a thread that may wait.
    #[must_use]
    pub fn maintenance(&self) -> Maintenance<F> {
        Maintenance(Arc::clone(&self.shared))
    }

    /// Adds one record, whose payload `fill` writes, to the next flush. Where there is no room it is dropped and counted.
    pub fn append(&mut self, fill: impl FnOnce(&mut Vec<u8>)) {
        let added = self.buffer.len() < BUFFER_BYTES_MAX && frame::append(self.shared.id, &mut self.buffer, fill);
        self.appended += 1;
        if added {
            self.buffered += 1;
        } else {
            self.dropped += 1;
        }
    }

    /// Whether there is something to flush.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty() && self.dropped == 0
    }

    /// Gives everything that was appended to the kernel. What a sick disk refuses is kept for the next flush.
    pub fn flush(&mut self) -> Flushed {
        if self.shared.tally_due.load(Ordering::Relaxed) {
            self.shared.tally_due.store(false, Ordering::Relaxed);
            self.append_tally();
        }
        let (bytes, records) = if self.may_try() { self.write_buffer() } else { (0, 0) };
        if bytes == self.buffer.len() {
            self.buffer.clear();
        } else {
            self.buffer.drain(..bytes);
        }
        self.buffered -= records;
        let (appended, dropped) = (std::mem::take(&mut self.appended), std::mem::take(&mut self.dropped));
        self.tally.records += records;
        self.tally.dropped += dropped;
        Flushed { appended, records, bytes: bytes as u64, waiting: self.buffered, dropped, state: self.state }
    }

    /// Has the next flush say how many records there should be, if there are any.
    pub fn append_tally(&mut self) {
        let tally = Tally { records: self.tally.records + self.buffered, dropped: self.tally.dropped + self.dropped };
        if tally != Tally::default() {
            frame::append_tally(self.shared.id, &mut self.buffer, tally);
        }
    }

    /// Gives up what waits in memory, at the end of the process. Says how many records that were.
    pub fn give_up(&mut self) -> u64 {
        self.buffer.clear();
        std::mem::take(&mut self.buffered)
    }

    fn may_try(&self) -> bool {
        !self.buffer.is_empty() && self.retry_at.is_none_or(|retry_at| Instant::now() >= retry_at)
    }

    /// Says how many bytes and records of the buffer's front are with the kernel now.
    fn write_buffer(&mut self) -> (usize, u64) {
        let (mut bytes, mut records) = (0, 0);
        while bytes < self.buffer.len() {
            match self.write_once(bytes, self.buffered - records) {
                Ok((more_bytes, more_records)) => {
                    bytes += more_bytes;
                    records += more_records;
                }
                Err(failure) => {
                    self.give_up_segment(&failure.error);
                    return (bytes + failure.bytes, records + failure.records);
                }
            }
        }
        self.state = JournalState::Healthy;
        self.retry_at = None;
        (bytes, records)
    }

    /// Writes as much of the buffer from `start` on as the active segment takes, and moves to the next one when it takes nothing.
    fn write_once(&mut self, start: usize, records_left: u64) -> Result<(usize, u64), WriteFailure> {
        if self.shared.abandoned.load(Ordering::Acquire) {
            self.shared.abandoned.store(false, Ordering::Release);
            self.active = None;
        }
        let active = match &mut self.active {
            Some(active) => active,
            None => self.active.insert(self.shared.next_segment()?),
        };
        let pending = self.buffer.get(start..).unwrap_or_default();
        let room = usize::try_from(self.shared.span - active.end).unwrap_or(usize::MAX);
        let (length, records) = if pending.len() <= room {
            (pending.len(), records_left)
        } else {
            frame::whole_frames_within(pending, room)
        };
        if length == 0 {
            self.leave_segment();
            return Ok((0, 0));
        }
        let pending = pending.get(..length).unwrap_or_default();
        let written = write_all(&*active.file, active.end, pending);
        // Also after a failure: the records in front of it are with the kernel and want to be synced.
        if !self.shared.written.load(Ordering::Relaxed) {
            self.shared.written.store(true, Ordering::Release);
        }
        written.map_err(|(written, error)| {
            let (bytes, records) = frame::whole_frames_within(pending, written);
            WriteFailure { bytes, records, error }
        })?;
        active.end += length as u64;
        Ok((length, records))
    }

    fn leave_segment(&mut self) {
        self.active = None;
        self.shared.rolled.notify_one();
    }

    fn give_up_segment(&mut self, error: &io::Error) {
        self.leave_segment();
        self.state = if is_full(error) { JournalState::Full } else { JournalState::Failing };
        self.retry_at = Some(Instant::now() + RETRY_AFTER);
    }
}

/// Whether it is the disk, or the cap of the journal, that is full.
fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge)
}

/// What was written all the same when a write failed.
struct WriteFailure {
    bytes: usize,
    records: u64,
    error: io::Error,
}

impl From<io::Error> for WriteFailure {
    fn from(error: io::Error) -> Self {
        Self { bytes: 0, records: 0, error }
    }
}

fn write_all(file: &impl File, offset: u64, bytes: &[u8]) -> Result<(), (usize, io::Error)> {
    let mut written = 0;
    while let Some(rest) = bytes.get(written..).filter(|rest| !rest.is_empty()) {
        match file.write_at(offset + written as u64, rest) {
            Ok(0) => return Err((written, io::ErrorKind::WriteZero.into())),
            Ok(more) => written += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err((written, error)),
        }
    }
    Ok(())
}

impl<F: FileSystem> Shared<F> {
    fn next_segment(&self) -> io::Result<Active<F::File>> {
        let index = self.next_index.load(Ordering::Acquire);
        let spare = lock(&self.spare)
            .take()
            .filter(|(spare_index, file)| *spare_index == index && self.is_in_place(index, file));
        let (index, file) = match spare {
            Some(spare) => spare,
            None => self.create_next(index)?,
        };
        lock(&self.unsynced).push((index, Arc::clone(&file)));
        self.next_index.store(index + 1, Ordering::Release);
        Ok(Active { file, end: segment::HEADER_BYTES })
    }

    /// Whether this file is what a reader finds of the segment. Where it cannot be asked, the next write will tell.
    fn is_in_place(&self, index: u32, file: &F::File) -> bool {
        let found = self.file_system.identity_at(&segment::path(&self.folder, index));
        match (found, file.identity()) {
            (Ok(found), Ok(own)) => found == Some(own),
            _ => true,
        }
    }

    /// Where the upkeep is just making that segment, or a failing disk has left one behind that could not be removed, its number is
    /// left unused.
    fn create_next(&self, index: u32) -> io::Result<(u32, Arc<F::File>)> {
        for index in index..index.saturating_add(SEGMENTS_SKIPPED_MAX) {
            match self.create_segment(index) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                created => return Ok((index, created?)),
            }
        }
        self.next_index.fetch_add(SEGMENTS_SKIPPED_MAX, Ordering::AcqRel);
        Err(io::ErrorKind::AlreadyExists.into())
    }

    fn create_segment(&self, index: u32) -> io::Result<Arc<F::File>> {
        self.claim_folder()?;
        if bytes_under(&self.file_system, &self.root)? + self.span > self.bytes_max {
            return Err(io::Error::new(io::ErrorKind::StorageFull, "the journal has reached its cap"));
        }
        let path = segment::path(&self.folder, index);
        let file = self.file_system.create(&path, self.span)?;
        let header = Header { id: self.id, index, span: self.span }.encode();
        if let Err((_, error)) = write_all(&file, 0, &header) {
            self.file_system.remove_file(&path)?;
            return Err(error);
        }
        Ok(Arc::new(file))
    }

    /// The lock is taken before the folder exists, so that no reader ever takes a new journal for one that a dead process left.
    fn claim_folder(&self) -> io::Result<()> {
        let mut held = lock(&self.lock);
        if held.is_none() {
            self.file_system.create_folder(&self.root)?;
            *held = self.file_system.try_lock(&lock_path(&self.root, self.id))?;
        }
        self.file_system.create_folder(&self.folder)?;
        home::mark(&self.file_system, &self.folder)
    }
}

/// Where the lock of a journal's writer is.
pub(super) fn lock_path(root: &Path, id: JournalId) -> PathBuf {
    root.join(format!("{id}.lock"))
}

/// What all journals under `root` take together.
fn bytes_under(file_system: &impl FileSystem, root: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for id in segment::journals(file_system, root)? {
        let files = segment::list_files(file_system, &root.join(id.to_string()))?;
        bytes += files.iter().map(|(_, length)| length).sum::<u64>();
    }
    Ok(bytes)
}

impl<F: FileSystem> Maintenance<F> {
    /// Makes what was written survive a power cut, and has the next segment ready.
    ///
    /// # Errors
    /// The disk failed, or is full.
    pub fn run(&self) -> Result<(), UpkeepError> {
        self.keep_lock().map_err(UpkeepError::not_ready)?;
        self.sync_leftovers().map_err(UpkeepError::NotSynced)?;
        self.sync().map_err(UpkeepError::NotSynced)?;
        self.prepare_spare().map_err(UpkeepError::not_ready)
    }

    /// What all journals under the same root take on disk.
    ///
    /// # Errors
    /// As the file system says.
    pub fn bytes(&self) -> io::Result<u64> {
        bytes_under(&self.0.file_system, &self.0.root)
    }

    /// Resolves when the writer has just moved to another segment and wants a new spare.
    pub async fn wanted(&self) {
        self.0.rolled.notified().await;
    }

    /// A reader takes a journal without a lock for one that nobody writes any more, after a while, and one with another lock as well.
    fn keep_lock(&self) -> io::Result<()> {
        let (path, file_system) = (lock_path(&self.0.root, self.0.id), &self.0.file_system);
        let mut held = lock(&self.0.lock);
        let Some(own) = held.as_ref().map(|held| file_system.locked_file(held)).transpose()? else { return Ok(()) };
        if file_system.identity_at(&path)? != Some(own) {
            file_system.create_folder(&self.0.root)?;
            // Where a reader is just trying it, the next run takes it.
            if let Some(taken) = file_system.try_lock(&path)? {
                *held = Some(taken);
            }
        }
        Ok(())
    }

    /// A killed process never synced its last records; they are only with the kernel until somebody does.
    fn sync_leftovers(&self) -> io::Result<()> {
        if self.0.leftovers_synced.load(Ordering::Relaxed) {
            return Ok(());
        }
        let file_system = &self.0.file_system;
        for id in segment::journals(file_system, &self.0.root)?.into_iter().filter(|id| *id != self.0.id) {
            let folder = self.0.root.join(id.to_string());
            for index in segment::list(file_system, &folder)? {
                match file_system.open(&segment::path(&folder, index)).and_then(|file| file.sync()) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    result => result?,
                }
            }
            match file_system.sync_folder(&folder) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                result => result?,
            }
        }
        self.0.leftovers_synced.store(true, Ordering::Relaxed);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        if !self.0.written.swap(false, Ordering::AcqRel) {
            return Ok(());
        }
        self.0.tally_due.store(true, Ordering::Relaxed);
        let files = lock(&self.0.unsynced).clone();
        let files_synced = files.iter().map(|(_, file)| file.sync()).fold(Ok(()), Result::and);
        let synced = files_synced.and_then(|()| {
            self.0.file_system.sync_folder(&self.0.folder)?;
            self.0.file_system.sync_folder(&self.0.root)?;
            self.require_in_place(files.last())
        });
        match &synced {
            // The last one may be written again; the others are done.
            Ok(()) => drop(lock(&self.0.unsynced).drain(..files.len().saturating_sub(1))),
            Err(_) => self.abandon(files.len()),
        }
        synced
    }

    /// A sync of a file that was removed succeeds as well, and keeps nothing. Segments before the last one go when they were read.
    fn require_in_place(&self, written: Option<&(u32, Arc<F::File>)>) -> io::Result<()> {
        let Some((index, file)) = written else { return Ok(()) };
        let is_last = || lock(&self.0.unsynced).last().is_some_and(|(last, _)| last == index);
        if self.0.is_in_place(*index, file) || !is_last() {
            return Ok(());
        }
        let path = segment::path(&self.0.folder, *index);
        Err(io::Error::new(io::ErrorKind::NotFound, format!("{} was removed while it was written", path.display())))
    }

    /// After a failed sync the kernel may have let go of what was written, and would call the next sync a success: no file
    /// is trusted again, and a folder that is gone is made anew with the next segment.
    fn abandon(&self, files: usize) {
        lock(&self.0.unsynced).drain(..files);
        *lock(&self.0.spare) = None;
        self.0.abandoned.store(true, Ordering::Release);
    }

    fn prepare_spare(&self) -> io::Result<()> {
        let index = self.0.next_index.load(Ordering::Acquire);
        let not_started = lock(&self.0.lock).is_none();
        if not_started || lock(&self.0.spare).is_some() {
            return Ok(());
        }
        // Creating happens outside the lock of the slot: the writer must never wait for it.
        let file = match self.0.create_segment(index) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
            result => result?,
        };
        *lock(&self.0.spare) = Some((index, file));
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
