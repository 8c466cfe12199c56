//! The few things that the journal asks of a file system, so that tests can
//! put one in its place that tears writes, forgets what was not synced and fills up.

use std::ffi::OsString;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::UNIX_EPOCH;

/// A file that is written and read at offsets.
pub trait File: Send + Sync + 'static {
    /// Writes some of `bytes` at `offset` and says how many.
    ///
    /// # Errors
    /// Nothing of this call was written.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<usize>;

    /// Reads some bytes from `offset` and says how many; zero at the end.
    ///
    /// # Errors
    /// As the file system says.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;

    /// Returns when all that was written will survive a power cut.
    ///
    /// # Errors
    /// As the file system says.
    fn sync(&self) -> io::Result<()>;

    /// Which file this is, whatever lies at its path by now.
    ///
    /// # Errors
    /// As the file system says.
    fn identity(&self) -> io::Result<FileIdentity>;
}

/// Tells a file from every other one that exists at the same time: two numbers, such as those of a device and of an inode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileIdentity(pub u64, pub u64);

/// Tells a file from what it was like before: whoever changes it, or puts another in its place, changes this, also where the times that
/// programs may set stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileStamp {
    /// Which file it is.
    pub identity: FileIdentity,
    /// How long it is.
    pub bytes: u64,
    /// When it was changed, in nanoseconds by the clock of the file system.
    pub changed: i128,
}

/// A tree of folders and files.
pub trait FileSystem: Clone + Send + Sync + 'static {
    /// An open file.
    type File: File;
    /// Held while its owner lives; released by the kernel when the owner is killed.
    type Lock: Send + Sync;

    /// Makes a new file of this length, filled with zeroes, with the space for it set aside.
    ///
    /// # Errors
    /// Also when the file exists or the disk is full; then no file is left behind.
    fn create(&self, path: &Path, length: u64) -> io::Result<Self::File>;

    /// Opens a file for reading.
    ///
    /// # Errors
    /// As the file system says.
    fn open(&self, path: &Path) -> io::Result<Self::File>;

    /// Puts `bytes` in the place of a small file, wholly or not at all.
    ///
    /// # Errors
    /// The old content is still there.
    fn replace(&self, path: &Path, bytes: &[u8], durable: bool) -> io::Result<()>;

    /// The names in a folder, and the bytes that each takes, in no order.
    ///
    /// # Errors
    /// As the file system says; a missing folder is `NotFound`.
    fn list(&self, folder: &Path) -> io::Result<Vec<(OsString, u64)>>;

    /// Makes a folder and those above it.
    ///
    /// # Errors
    /// As the file system says.
    fn create_folder(&self, folder: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// As the file system says.
    fn remove_file(&self, path: &Path) -> io::Result<()>;

    /// Removes a folder, unless something is in it. Says whether it did.
    ///
    /// # Errors
    /// As the file system says.
    fn remove_folder(&self, folder: &Path) -> io::Result<bool>;

    /// Makes the names in a folder survive a power cut.
    ///
    /// # Errors
    /// As the file system says.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;

    /// Whether there is something at `path`.
    ///
    /// # Errors
    /// As the file system says.
    fn exists(&self, path: &Path) -> io::Result<bool> {
        Ok(self.identity_at(path)?.is_some())
    }

    /// Which file lies at `path`; `None` where there is none.
    ///
    /// # Errors
    /// As the file system says.
    fn identity_at(&self, path: &Path) -> io::Result<Option<FileIdentity>>;

    /// What the file at `path` is like; `None` where there is none.
    ///
    /// # Errors
    /// As the file system says.
    fn stamp_at(&self, path: &Path) -> io::Result<Option<FileStamp>>;

    /// A number that a folder keeps for good, and that no copy of it has.
    ///
    /// # Errors
    /// As the file system says.
    fn birth_of(&self, folder: &Path) -> io::Result<u128>;

    /// Takes the lock at `path` unless another living owner has it.
    ///
    /// # Errors
    /// As the file system says.
    fn try_lock(&self, path: &Path) -> io::Result<Option<Self::Lock>>;

    /// Whether a living owner has the lock at `path`. Several who ask at once do not take each other for one.
    ///
    /// # Errors
    /// As the file system says.
    fn is_locked(&self, path: &Path) -> io::Result<bool>;

    /// Which file this lock is on.
    ///
    /// # Errors
    /// As the file system says.
    fn locked_file(&self, lock: &Self::Lock) -> io::Result<FileIdentity>;
}

/// The real one.
#[derive(Debug, Clone, Copy, Default)]
pub struct DiskFileSystem;

impl File for std::fs::File {
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        std::os::unix::fs::FileExt::write_at(self, bytes, offset)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(self, buffer, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }

    fn identity(&self) -> io::Result<FileIdentity> {
        self.metadata().map(|metadata| identity_of(&metadata))
    }
}

impl FileSystem for DiskFileSystem {
    type File = std::fs::File;
    type Lock = std::fs::File;

    fn create(&self, path: &Path, length: u64) -> io::Result<Self::File> {
        let file = std::fs::OpenOptions::new().read(true).write(true).create_new(true).open(path)?;
        match set_aside(&file, length) {
            Ok(()) => Ok(file),
            Err(error) => {
                std::fs::remove_file(path)?;
                Err(error)
            }
        }
    }

    fn open(&self, path: &Path) -> io::Result<Self::File> {
        std::fs::File::open(path)
    }

    fn replace(&self, path: &Path, bytes: &[u8], durable: bool) -> io::Result<()> {
        let beside = path.with_extension("new");
        std::fs::write(&beside, bytes)?;
        if durable {
            std::fs::File::open(&beside)?.sync_all()?;
        }
        std::fs::rename(&beside, path)?;
        match path.parent() {
            Some(folder) if durable => self.sync_folder(folder),
            _ => Ok(()),
        }
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<(OsString, u64)>> {
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            match entry.metadata() {
                Ok(metadata) => entries.push((entry.file_name(), metadata.len())),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(entries)
    }

    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        std::fs::create_dir_all(folder)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn remove_folder(&self, folder: &Path) -> io::Result<bool> {
        match std::fs::remove_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(false),
            removed => removed.map(|()| true),
        }
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        std::fs::File::open(folder)?.sync_all()
    }

    fn identity_at(&self, path: &Path) -> io::Result<Option<FileIdentity>> {
        Ok(metadata_at(path)?.map(|metadata| identity_of(&metadata)))
    }

    fn stamp_at(&self, path: &Path) -> io::Result<Option<FileStamp>> {
        let stamp = |metadata: std::fs::Metadata| FileStamp {
            identity: identity_of(&metadata),
            bytes: metadata.len(),
            changed: i128::from(metadata.ctime()) * 1_000_000_000 + i128::from(metadata.ctime_nsec()),
        };
        Ok(metadata_at(path)?.map(stamp))
    }

    fn birth_of(&self, folder: &Path) -> io::Result<u128> {
        let metadata = std::fs::metadata(folder)?;
        let made = metadata.created().ok().and_then(|made| made.duration_since(UNIX_EPOCH).ok());
        // Not every file system knows when a folder was made.
        Ok(made.map_or(u128::from(metadata.ino()), |made| made.as_nanos()))
    }

    fn try_lock(&self, path: &Path) -> io::Result<Option<Self::Lock>> {
        let file = open_lock(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(std::fs::TryLockError::WouldBlock) => Ok(None),
            Err(std::fs::TryLockError::Error(error)) => Err(error),
        }
    }

    fn is_locked(&self, path: &Path) -> io::Result<bool> {
        match open_lock(path)?.try_lock_shared() {
            Ok(()) => Ok(false),
            Err(std::fs::TryLockError::WouldBlock) => Ok(true),
            Err(std::fs::TryLockError::Error(error)) => Err(error),
        }
    }

    fn locked_file(&self, lock: &Self::Lock) -> io::Result<FileIdentity> {
        lock.identity()
    }
}

fn open_lock(path: &Path) -> io::Result<std::fs::File> {
    std::fs::OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
}

fn metadata_at(path: &Path) -> io::Result<Option<std::fs::Metadata>> {
    match std::fs::metadata(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn identity_of(metadata: &std::fs::Metadata) -> FileIdentity {
    FileIdentity(metadata.dev(), metadata.ino())
}

/// Reserves blocks, so that a later write cannot meet a full disk; file systems that cannot do so only get the length.
fn set_aside(file: &std::fs::File, length: u64) -> io::Result<()> {
    match rustix::fs::fallocate(file, rustix::fs::FallocateFlags::empty(), 0, length) {
        Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => file.set_len(length),
        result => result.map_err(io::Error::from),
    }
}
