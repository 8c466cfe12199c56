//! The reading end: finds the journals under a root, hands out their records
//! in order, and removes what has been acknowledged.
//!
//! It may live in the writer's process or in another. Whether a writer lives
//! is asked of its lock, which the kernel releases when the writer is killed.
//!
//! Invariants: a journal that cannot be read stops no other. Bytes that are no
//! record are set aside before what they lie in is removed, however many. Of a
//! journal that ended, only files go that are as they were when it was read.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::arrival::Arrivals;
use super::contents::Contents;
use super::damage::Damage;
use super::file_system::{DiskFileSystem, File, FileIdentity, FileSystem};
use super::frame::{self, Frame, PAYLOAD_BYTES_MAX};
use super::home;
use super::segment::{self, HEADER_BYTES, HEADER_LENGTH, Header, JournalId};
use super::tally::PlacedTally;
use super::writer::lock_path;

/// How much is read at once: more than the longest frame.
const CHUNK_BYTES: usize = 256 * 1024;
/// The file that says how far a journal was acknowledged.
pub(super) const CURSOR_FILE: &str = "cursor";
/// The folder beside the journals for bytes that are no record.
const DAMAGED_FOLDER: &str = "damaged";
/// How many pieces that folder takes. Beyond that a damaged segment is kept as a whole, so that there is one more file for each at most.
const DAMAGED_PIECES_MAX: usize = 1_000;
/// How long a journal that could not be read is left alone.
const RETRY_AFTER: Duration = Duration::from_secs(2);
/// How long a journal counts as written whose lock is gone, or is another file than before: a living writer takes its lock again sooner.
const LOCK_MISSED_FOR: Duration = Duration::from_secs(15);

/// Reads every journal under one root, in turn.
pub struct JournalReader<F: FileSystem = DiskFileSystem> {
    pub(super) file_system: F,
    pub(super) root: PathBuf,
    turn: Option<JournalId>,
    damage: Damage,
    failures: HashMap<JournalId, Failure>,
    locks: HashMap<JournalId, SeenLock>,
    pub(super) arrivals: Arrivals,
}

/// Whether somebody writes a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    /// A living process holds its lock.
    Written,
    /// Its lock is not what a writer would hold, which may have lost it.
    Unknown,
    /// Nobody writes it any more.
    Ended,
}

/// The lock of a journal as it was last seen.
struct SeenLock {
    file: Option<FileIdentity>,
    /// Since when it is not what a writer would hold; `None` if it may be that.
    missed_since: Option<Instant>,
}

/// Why a journal cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What the file system says of which file.
    pub error: String,
    retry_at: Instant,
}

/// Some records of one journal, in order.
#[derive(Debug)]
pub struct Batch {
    journal: JournalId,
    bytes: Vec<u8>,
    records: Vec<(u64, Range<usize>)>,
    tally: Option<PlacedTally>,
    end: Place,
}

/// A place in a journal: a segment and an offset in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) index: u32,
    pub(super) offset: u64,
}

/// One journal as it is read.
struct Journal<'a, F: FileSystem> {
    file_system: &'a F,
    id: JournalId,
    folder: PathBuf,
    /// Where bytes are set aside that are no record.
    damaged: PathBuf,
    /// Whether nothing will ever be added.
    ended: bool,
    /// Where to go on, if not where its cursor says.
    reached: Option<Place>,
}

/// What a look at a journal found.
enum Found {
    Batch(Batch),
    /// Nothing now; more may come.
    Waiting,
    /// Everything was acknowledged and nothing more will come.
    Finished,
}

impl Batch {
    /// The journal that the records belong to.
    #[must_use]
    pub fn journal(&self) -> JournalId {
        self.journal
    }

    /// Position and payload of each record; positions grow.
    pub fn records(&self) -> impl Iterator<Item = (u64, &[u8])> {
        self.records
            .iter()
            .filter_map(|(position, range)| self.bytes.get(range.clone()).map(|payload| (*position, payload)))
    }

    /// How many records there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there is only a tally.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The last tally among the records.
    #[must_use]
    pub fn tally(&self) -> Option<PlacedTally> {
        self.tally
    }
}

impl JournalReader<DiskFileSystem> {
    /// Reads the journals in this folder, which need not exist yet.
    #[must_use]
    pub fn open(root: &Path) -> Self {
        Self::on(DiskFileSystem, root)
    }
}

impl<F: FileSystem> JournalReader<F> {
    /// Reads the journals in a folder of this file system.
    #[must_use]
    pub fn on(file_system: F, root: &Path) -> Self {
        Self {
            file_system,
            root: root.to_path_buf(),
            turn: None,
            damage: Damage::default(),
            failures: HashMap::new(),
            locks: HashMap::new(),
            arrivals: Arrivals::default(),
        }
    }

    /// The next records that were not acknowledged, at most `records_max` of them and of one journal; `None` when there are none now.
    /// Journals take turns; one that cannot be read is left alone for a while. Without an acknowledgement the same records
    /// come again.
    ///
    /// # Errors
    /// The folder of the journals cannot be read.
    pub fn next(&mut self, records_max: usize) -> io::Result<Option<Batch>> {
        self.next_beside(&BTreeSet::new(), records_max)
    }

    /// [`JournalReader::next`], but of none of the journals that are `busy`, such as those whose last records are still on their way.
    ///
    /// # Errors
    /// The folder of the journals cannot be read.
    pub fn next_beside(&mut self, busy: &BTreeSet<JournalId>, records_max: usize) -> io::Result<Option<Batch>> {
        let ids = segment::journals(&self.file_system, &self.root)?;
        let start = ids.partition_point(|id| Some(*id) <= self.turn);
        self.failures.retain(|id, _| ids.contains(id));
        self.locks.retain(|id, _| ids.contains(id));
        self.arrivals.retain(|id| ids.contains(&id));
        for id in ids.iter().cycle().skip(start).take(ids.len()) {
            let is_put_off = self.failures.get(id).is_some_and(|failure| Instant::now() < failure.retry_at);
            if is_put_off || busy.contains(id) {
                continue;
            }
            let found = self.look_into(*id, records_max);
            match found {
                Ok(None) => drop(self.failures.remove(id)),
                // It is well when it can be acknowledged too.
                Ok(batch) => {
                    self.turn = Some(*id);
                    return Ok(batch);
                }
                Err(error) => self.put_off(*id, &error),
            }
        }
        Ok(None)
    }

    /// The journals that cannot be read now.
    pub fn failures(&self) -> impl Iterator<Item = (JournalId, &Failure)> {
        self.failures.iter().map(|(id, failure)| (*id, failure))
    }

    /// Leaves a journal alone for a while.
    pub(super) fn put_off(&mut self, id: JournalId, error: &io::Error) {
        self.failures.insert(id, Failure { error: error.to_string(), retry_at: Instant::now() + RETRY_AFTER });
    }

    /// Remembers that the batch has arrived for good. Segments before it go away. A journal where that cannot be remembered is left alone
    /// for a while, and then its records come again.
    ///
    /// # Errors
    /// As the file system says; acknowledging again is harmless.
    pub fn acknowledge(&mut self, batch: &Batch) -> io::Result<()> {
        let remembered = self.remember(batch);
        match &remembered {
            Ok(()) => {
                self.failures.remove(&batch.journal);
                self.arrivals.remember(batch.journal, batch.end);
            }
            Err(error) => self.put_off(batch.journal, error),
        }
        remembered
    }

    fn remember(&self, batch: &Batch) -> io::Result<()> {
        let folder = self.root.join(batch.journal.to_string());
        let passed: Vec<u32> =
            segment::list(&self.file_system, &folder)?.into_iter().filter(|index| *index < batch.end.index).collect();
        let cursor = folder.join(CURSOR_FILE);
        let written = self.file_system.replace(&cursor, &batch.end.encode(), !passed.is_empty());
        written.map_err(|error| naming(&cursor, &error))?;
        passed.iter().try_for_each(|index| {
            let path = segment::path(&folder, *index);
            self.file_system.remove_file(&path).map_err(|error| naming(&path, &error))
        })
    }

    /// What was found damaged since this was asked last.
    pub fn take_damage(&mut self) -> Damage {
        std::mem::take(&mut self.damage)
    }

    /// The next records of a journal. One that ended is removed when there are none any more.
    fn look_into(&mut self, id: JournalId, records_max: usize) -> io::Result<Option<Batch>> {
        // Asked before anything is read: a writer that ends later leaves its last records for the next look.
        let life = self.life(id)?;
        let folder = self.root.join(id.to_string());
        let is_copy = self.is_copy(&folder, life)?;
        let contents =
            if life == Life::Written { Contents::default() } else { Contents::of(&self.file_system, &folder)? };
        if !is_copy {
            self.arrivals.forget(id);
        } else if !self.has_arrived(id, life, &contents)? {
            return Ok(None);
        }
        let mut damage = Damage::default();
        let found = self.journal(id, life, is_copy).look(records_max, &mut damage)?;
        // What changes while it is read may have seemed to have no record where there is one.
        if is_copy && Contents::of(&self.file_system, &folder)?.has_news_since(&contents, |_| false) {
            return Ok(None);
        }
        self.damage.add(damage);
        match found {
            Found::Batch(batch) => return Ok(Some(batch)),
            Found::Waiting => {}
            Found::Finished => {
                self.arrivals.end(id, &contents);
                self.remove(id, &contents)?;
            }
        }
        Ok(None)
    }

    fn journal(&self, id: JournalId, life: Life, is_copy: bool) -> Journal<'_, F> {
        let reached = if is_copy { self.arrivals.reached(id) } else { None };
        Journal {
            file_system: &self.file_system,
            id,
            folder: self.root.join(id.to_string()),
            damaged: self.root.join(DAMAGED_FOLDER),
            ended: life == Life::Ended,
            reached,
        }
    }

    /// Whether a journal was put there by somebody else than its writer.
    pub(super) fn is_copy(&self, folder: &Path, life: Life) -> io::Result<bool> {
        Ok(life != Life::Written && !home::is_marked(&self.file_system, folder)?)
    }

    /// Whether all of a copy is there.
    pub(super) fn has_arrived(&mut self, id: JournalId, life: Life, contents: &Contents) -> io::Result<bool> {
        let folder = self.root.join(id.to_string());
        Ok(self.arrivals.is_settled(&self.file_system, &folder, (id, contents))? && life == Life::Ended)
    }

    /// Whether there are copies of journals that may be taken later, or told to be without a part.
    #[must_use]
    pub fn is_expecting(&self) -> bool {
        self.arrivals.are_unsettled()
    }

    /// Whether somebody writes the journal.
    pub(super) fn life(&mut self, id: JournalId) -> io::Result<Life> {
        if !self.may_lock(id)? {
            return Ok(Life::Unknown);
        }
        let is_locked = self.file_system.is_locked(&lock_path(&self.root, id))?;
        Ok(if is_locked { Life::Written } else { Life::Ended })
    }

    /// Trying a lock makes the file of one that is gone, and a living writer would never know; and in the place of the file that a writer
    /// holds there may be another.
    fn may_lock(&mut self, id: JournalId) -> io::Result<bool> {
        let file = self.file_system.identity_at(&lock_path(&self.root, id))?;
        let missed_since = || file.is_none().then(Instant::now);
        let seen = self.locks.entry(id).or_insert_with(|| SeenLock { file, missed_since: missed_since() });
        if seen.file != file {
            *seen = SeenLock { file, missed_since: Some(Instant::now()) };
        }
        Ok(seen.missed_since.is_none_or(|since| since.elapsed() > LOCK_MISSED_FOR))
    }

    /// Removes a journal, wherever its records are now, as far as it is as it was when it was read.
    pub(super) fn remove(&self, id: JournalId, contents: &Contents) -> io::Result<()> {
        if !contents.remove(&self.file_system, &self.root.join(id.to_string()))? {
            return Ok(());
        }
        self.file_system.remove_file(&lock_path(&self.root, id))
    }
}

impl<F: FileSystem> Journal<'_, F> {
    fn look(&self, records_max: usize, damage: &mut Damage) -> io::Result<Found> {
        let written = Place::in_folder(self.file_system, &self.folder);
        let cursor = self.reached.map_or(written, |reached| reached.max(written));
        let mut passed = Damage::default();
        let segments = segment::list_with_lengths(self.file_system, &self.folder)?;
        for (index, length) in segments.into_iter().filter(|(index, _)| *index >= cursor.index) {
            let path = segment::path(&self.folder, index);
            let file = self.file_system.open(&path).map_err(|error| naming(&path, &error))?;
            let written_header = self.header(&file).map_err(|error| naming(&path, &error))?;
            let header = written_header.map_or_else(|| self.assumed_header(index), Ok)?;
            let offset = if index == cursor.index { cursor.offset } else { HEADER_BYTES };
            if let Some(batch) = self.read(&file, header, offset, records_max).map_err(|error| naming(&path, &error))? {
                damage.add(passed);
                return Ok(Found::Batch(batch));
            }
            if !self.ended && !self.is_started_after(index)? {
                return Ok(Found::Waiting);
            }
            // Nothing is added to this segment any more, but something may have been since it was read.
            if written_header.is_none() {
                self.set_header_aside(&file, index, &mut passed)?;
            }
            if let Some(batch) = self.search(&file, header, offset, records_max, &mut passed)? {
                damage.add(passed);
                return Ok(Found::Batch(batch));
            }
            passed.add_missing(&path, header.span.saturating_sub(length));
        }
        if self.ended {
            damage.add(passed);
        }
        Ok(if self.ended { Found::Finished } else { Found::Waiting })
    }

    /// The records of a segment have checksums of their own, so they are read also where the header is damaged: whose they
    /// are is the folder's name, and all segments of a journal have one span.
    fn assumed_header(&self, index: u32) -> io::Result<Header> {
        Ok(Header { id: self.id, index, span: self.span()? })
    }

    fn set_header_aside(&self, file: &F::File, index: u32, damage: &mut Damage) -> io::Result<()> {
        let mut bytes = [0; HEADER_LENGTH];
        let length = read_full(file, 0, &mut bytes)?;
        self.set_aside(file, (index, 0), bytes.get(..length).unwrap_or_default(), damage)
    }

    /// What any segment says, or else the length that was set aside for them.
    fn span(&self) -> io::Result<u64> {
        for index in segment::list(self.file_system, &self.folder)? {
            let file = self.file_system.open(&segment::path(&self.folder, index))?;
            if let Some(header) = self.header(&file)? {
                return Ok(header.span);
            }
        }
        let files = segment::list_files(self.file_system, &self.folder)?;
        Ok(files.iter().map(|(_, length)| *length).max().unwrap_or_default())
    }

    /// Keeps bytes that are no record, unless they are only zeroes, and says how many they are. The segment is written to no more.
    fn set_aside(
        &self,
        file: &F::File,
        (index, offset): (u32, u64),
        bytes: &[u8],
        damage: &mut Damage,
    ) -> io::Result<()> {
        let count = bytes.iter().filter(|byte| **byte != 0).count() as u64;
        if count == 0 {
            return Ok(());
        }
        self.file_system.create_folder(&self.damaged)?;
        if segment::list_files(self.file_system, &self.damaged)?.len() < DAMAGED_PIECES_MAX {
            let name = format!("{}-{index:08}-{offset:012}", self.id);
            self.file_system.replace(&self.damaged.join(name), bytes, true)?;
        } else {
            self.keep_whole(file, index)?;
        }
        damage.add_corrupt(&segment::path(&self.folder, index), count);
        Ok(())
    }

    fn keep_whole(&self, file: &F::File, index: u32) -> io::Result<()> {
        let kept = self.damaged.join(format!("{}-{index:08}", self.id));
        if self.file_system.exists(&kept)? {
            return Ok(());
        }
        let mut bytes = Vec::new();
        loop {
            let start = bytes.len();
            bytes.resize(start + CHUNK_BYTES, 0);
            let length = read_full(file, start as u64, bytes.get_mut(start..).unwrap_or_default())?;
            bytes.truncate(start + length);
            if length < CHUNK_BYTES {
                return self.file_system.replace(&kept, &bytes, true);
            }
        }
    }

    /// Whether a segment after `index` has its first record: the writer starts one only when it is done with those before.
    fn is_started_after(&self, index: u32) -> io::Result<bool> {
        for later in segment::list(self.file_system, &self.folder)?.into_iter().filter(|later| *later > index) {
            let file = self.file_system.open(&segment::path(&self.folder, later))?;
            let mut bytes = vec![0; frame::HEADER_BYTES];
            read_full(&file, HEADER_BYTES, &mut bytes)?;
            if bytes.iter().all(|byte| *byte == 0) {
                continue;
            }
            bytes.resize(frame::HEADER_BYTES + PAYLOAD_BYTES_MAX, 0);
            read_full(&file, HEADER_BYTES, &mut bytes)?;
            if frame::frame_at(self.id, &bytes, 0).is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn header(&self, file: &F::File) -> io::Result<Option<Header>> {
        let mut bytes = [0; HEADER_LENGTH];
        read_full(file, 0, &mut bytes)?;
        Ok(Header::decode(&bytes).filter(|header| header.id == self.id))
    }

    /// The records at `offset`, if there are any.
    fn read(&self, file: &F::File, header: Header, offset: u64, records_max: usize) -> io::Result<Option<Batch>> {
        let mut bytes = vec![0; CHUNK_BYTES];
        let length = read_full(file, offset, &mut bytes)?;
        bytes.truncate(length);
        let base = segment::position(header.index, header.span, offset);
        let Frames { records, tally, end } = self.frames(&bytes, base, records_max);
        let end = Place { index: header.index, offset: offset + end as u64 };
        let is_something = !records.is_empty() || tally.is_some();
        Ok(is_something.then_some(Batch { journal: self.id, bytes, records, tally, end }))
    }

    /// The first records at or after `offset` in a segment that nothing is added to, however much else lies before them.
    fn search(
        &self,
        file: &F::File,
        header: Header,
        mut offset: u64,
        records_max: usize,
        damage: &mut Damage,
    ) -> io::Result<Option<Batch>> {
        let mut bytes = vec![0; CHUNK_BYTES];
        loop {
            let length = read_full(file, offset, &mut bytes)?;
            let chunk = bytes.get(..length).unwrap_or_default();
            let found = (0..length).find(|start| frame::frame_at(self.id, chunk, *start).is_some());
            // A frame may begin near the end of one chunk and be whole only in the next.
            let step = match found {
                Some(start) => start,
                None if length < CHUNK_BYTES => length,
                None => CHUNK_BYTES - frame::HEADER_BYTES - PAYLOAD_BYTES_MAX,
            };
            self.set_aside(file, (header.index, offset), chunk.get(..step).unwrap_or_default(), damage)?;
            offset += step as u64;
            if found.is_some() {
                return self.read(file, header, offset, records_max);
            }
            if length < CHUNK_BYTES {
                return Ok(None);
            }
        }
    }

    fn frames(&self, bytes: &[u8], base: u64, records_max: usize) -> Frames {
        let mut found = Frames { records: Vec::new(), tally: None, end: 0 };
        while let Some(frame) = frame::frame_at(self.id, bytes, found.end).filter(|_| found.records.len() < records_max)
        {
            let position = base + found.end as u64;
            found.end = frame.end();
            match frame {
                Frame::Record(payload) => found.records.push((position, payload)),
                Frame::Tally(tally, _) => found.tally = Some(PlacedTally { position, tally }),
            }
        }
        found
    }
}

/// Frames that follow one another.
struct Frames {
    records: Vec<(u64, Range<usize>)>,
    tally: Option<PlacedTally>,
    /// Where the last of them ends.
    end: usize,
}

impl Place {
    const BYTES: usize = 16;
    /// Of a journal of which nothing was acknowledged.
    pub(super) const START: Self = Self { index: 0, offset: HEADER_BYTES };

    /// How far a journal was acknowledged. A cursor that cannot be read counts as none: the store knows what it has seen already.
    pub(super) fn in_folder(file_system: &impl FileSystem, folder: &Path) -> Self {
        let mut bytes = [0; Self::BYTES];
        let read = file_system.open(&folder.join(CURSOR_FILE)).and_then(|file| read_full(&file, 0, &mut bytes));
        read.ok().and_then(|_| Self::decode(&bytes)).unwrap_or(Self::START)
    }

    fn encode(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..4].copy_from_slice(&self.index.to_le_bytes());
        bytes[4..12].copy_from_slice(&self.offset.to_le_bytes());
        let checksum = crc32fast::hash(&bytes[..12]);
        bytes[12..].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    fn decode(bytes: &[u8; Self::BYTES]) -> Option<Self> {
        let place = Self {
            index: u32::from_le_bytes(*bytes.first_chunk()?),
            offset: u64::from_le_bytes(*bytes[4..].first_chunk()?),
        };
        (place.encode() == *bytes).then_some(place)
    }
}

/// Says of which file the operating system complains.
pub(super) fn naming(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// Fills `buffer` from `offset` on and says how much of it there was.
pub(super) fn read_full(file: &impl File, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while let Some(rest) = buffer.get_mut(length..).filter(|rest| !rest.is_empty()) {
        match file.read_at(offset + length as u64, rest) {
            Ok(0) => break,
            Ok(more) => length += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}
