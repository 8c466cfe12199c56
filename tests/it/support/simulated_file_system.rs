//! A file system in memory that fills up, tears writes and, at a power cut, forgets what was not synced.

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use elido::infra::journal::{File, FileIdentity, FileStamp, FileSystem};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// What a disk loses or keeps as one.
const PAGE_BYTES: usize = 512;
/// Of every lock.
const LOCK_IDENTITY: FileIdentity = FileIdentity(1, 0);

#[derive(Clone, Default)]
pub struct SimulatedFileSystem {
    disk: Arc<Mutex<Disk>>,
}

#[derive(Default)]
struct Disk {
    files: BTreeMap<PathBuf, Content>,
    folders: HashSet<PathBuf>,
    locks: HashSet<PathBuf>,
    /// Bytes that may be taken; `None` for as many as wanted.
    capacity: Option<u64>,
    /// The next write stops after this many bytes, and the one after it fails.
    tear_after: Option<usize>,
    failing: bool,
}

#[derive(Clone, Default)]
struct Content {
    now: Arc<Mutex<Vec<u8>>>,
    synced: Arc<Mutex<Vec<u8>>>,
    name_synced: bool,
}

impl Content {
    fn identity(&self) -> FileIdentity {
        FileIdentity(0, Arc::as_ptr(&self.now) as u64)
    }
}

pub struct SimulatedFile {
    content: Content,
    disk: Arc<Mutex<Disk>>,
}

pub struct SimulatedLock {
    path: PathBuf,
    disk: Arc<Mutex<Disk>>,
}

impl SimulatedFileSystem {
    /// From now on there is room for this much more, or for anything.
    pub fn set_free_bytes(&self, free: Option<u64>) {
        let mut disk = lock(&self.disk);
        let used = disk.used();
        disk.capacity = free.map(|free| used + free);
    }

    /// From now on every change fails with an input/output error, or none does.
    pub fn set_failing(&self, failing: bool) {
        lock(&self.disk).failing = failing;
    }

    /// The next write stops after this many bytes and then fails.
    pub fn tear_next_write(&self, after: usize) {
        lock(&self.disk).tear_after = Some(after);
    }

    /// A power cut: pages that were not synced are there or not, names that were not synced are gone or not.
    pub fn cut_power(&self, seed: u64) {
        let mut generator = StdRng::seed_from_u64(seed);
        let mut disk = lock(&self.disk);
        disk.files.retain(|_, content| content.name_synced || generator.random());
        for content in disk.files.values() {
            let mut now = lock(&content.now);
            let synced = lock(&content.synced);
            for (number, page) in now.chunks_mut(PAGE_BYTES).enumerate() {
                if generator.random() {
                    let start = number * PAGE_BYTES;
                    for (offset, byte) in page.iter_mut().enumerate() {
                        *byte = synced.get(start + offset).copied().unwrap_or(0);
                    }
                }
            }
        }
        disk.tear_after = None;
    }

    /// How many files there are, but for bytes that were set aside.
    pub fn file_count(&self) -> usize {
        let disk = lock(&self.disk);
        disk.files.keys().filter(|path| !path.iter().any(|part| part == "damaged")).count()
    }

    fn change(&self) -> io::Result<MutexGuard<'_, Disk>> {
        let disk = lock(&self.disk);
        if disk.failing { Err(io::Error::other("simulated failure")) } else { Ok(disk) }
    }
}

impl Disk {
    fn used(&self) -> u64 {
        self.files.values().map(|content| lock(&content.now).len() as u64).sum()
    }

    fn make_room(&self, bytes: u64) -> io::Result<()> {
        match self.capacity {
            Some(capacity) if self.used() + bytes > capacity => Err(io::ErrorKind::StorageFull.into()),
            _ => Ok(()),
        }
    }
}

impl File for SimulatedFile {
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        let mut disk = lock(&self.disk);
        if disk.failing {
            return Err(io::Error::other("simulated failure"));
        }
        let length = match disk.tear_after.take() {
            Some(0) => return Err(io::Error::other("simulated tear")),
            Some(after) => {
                disk.tear_after = Some(0);
                after.min(bytes.len())
            }
            None => bytes.len(),
        };
        let mut now = lock(&self.content.now);
        let end = offset as usize + length;
        if now.len() < end {
            now.resize(end, 0);
        }
        now[offset as usize..end].copy_from_slice(&bytes[..length]);
        Ok(length)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let now = lock(&self.content.now);
        let rest = now.get(offset as usize..).unwrap_or_default();
        let length = rest.len().min(buffer.len());
        buffer[..length].copy_from_slice(&rest[..length]);
        Ok(length)
    }

    fn sync(&self) -> io::Result<()> {
        if lock(&self.disk).failing {
            return Err(io::Error::other("simulated failure"));
        }
        lock(&self.content.synced).clone_from(&lock(&self.content.now));
        Ok(())
    }

    fn identity(&self) -> io::Result<FileIdentity> {
        Ok(self.content.identity())
    }
}

impl Drop for SimulatedLock {
    fn drop(&mut self) {
        lock(&self.disk).locks.remove(&self.path);
    }
}

impl FileSystem for SimulatedFileSystem {
    type File = SimulatedFile;
    type Lock = SimulatedLock;

    fn create(&self, path: &Path, length: u64) -> io::Result<Self::File> {
        let mut disk = self.change()?;
        if disk.files.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        disk.make_room(length)?;
        let content = Content::default();
        lock(&content.now).resize(length as usize, 0);
        disk.files.insert(path.to_path_buf(), content.clone());
        Ok(SimulatedFile { content, disk: Arc::clone(&self.disk) })
    }

    fn open(&self, path: &Path) -> io::Result<Self::File> {
        let disk = lock(&self.disk);
        let content = disk.files.get(path).ok_or(io::ErrorKind::NotFound)?.clone();
        Ok(SimulatedFile { content, disk: Arc::clone(&self.disk) })
    }

    fn replace(&self, path: &Path, bytes: &[u8], durable: bool) -> io::Result<()> {
        let mut disk = self.change()?;
        let content = disk.files.entry(path.to_path_buf()).or_default();
        *lock(&content.now) = bytes.to_vec();
        if durable {
            *lock(&content.synced) = bytes.to_vec();
            content.name_synced = true;
        }
        Ok(())
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<(OsString, u64)>> {
        let disk = lock(&self.disk);
        if !disk.folders.contains(folder) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let files = disk.files.iter().map(|(path, content)| (path, lock(&content.now).len() as u64));
        let folders = disk.folders.iter().map(|path| (path, 0));
        Ok(files
            .chain(folders)
            .filter(|(path, _)| path.parent() == Some(folder))
            .filter_map(|(path, length)| Some((path.file_name()?.to_os_string(), length)))
            .collect())
    }

    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        let mut disk = self.change()?;
        disk.folders.extend(folder.ancestors().map(Path::to_path_buf));
        Ok(())
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.change()?.files.remove(path);
        Ok(())
    }

    fn remove_folder(&self, folder: &Path) -> io::Result<bool> {
        let mut disk = self.change()?;
        let is_empty = !disk.files.keys().any(|path| path.starts_with(folder));
        if is_empty {
            disk.folders.remove(folder);
        }
        Ok(is_empty)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        let mut disk = self.change()?;
        for (path, content) in &mut disk.files {
            content.name_synced |= path.parent() == Some(folder);
        }
        Ok(())
    }

    fn identity_at(&self, path: &Path) -> io::Result<Option<FileIdentity>> {
        // Locks are there for ever.
        let is_lock = path.extension().is_some_and(|extension| extension == "lock");
        let file = lock(&self.disk).files.get(path).map(Content::identity);
        Ok(file.or_else(|| is_lock.then_some(LOCK_IDENTITY)))
    }

    fn stamp_at(&self, path: &Path) -> io::Result<Option<FileStamp>> {
        let disk = lock(&self.disk);
        Ok(disk.files.get(path).map(|content| {
            let bytes = lock(&content.now).len() as u64;
            FileStamp { identity: content.identity(), bytes, changed: 0 }
        }))
    }

    fn birth_of(&self, _: &Path) -> io::Result<u128> {
        Ok(1)
    }

    fn is_locked(&self, path: &Path) -> io::Result<bool> {
        Ok(lock(&self.disk).locks.contains(path))
    }

    fn try_lock(&self, path: &Path) -> io::Result<Option<Self::Lock>> {
        let mut disk = lock(&self.disk);
        let free = disk.locks.insert(path.to_path_buf());
        Ok(free.then(|| SimulatedLock { path: path.to_path_buf(), disk: Arc::clone(&self.disk) }))
    }

    fn locked_file(&self, _: &Self::Lock) -> io::Result<FileIdentity> {
        Ok(LOCK_IDENTITY)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no test panics while it holds a lock")
}
