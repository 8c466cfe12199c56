//! Journals that leave a disk as files, and come back on another: what a process that ends cannot ship from a disk that ends with it.
//!
//! Invariants: only a journal that nobody writes any more leaves, a copy only when it is whole and has settled, and its file of the partition goes first, so that whatever arrives of it
//! is shipped to where the rest went; it is forgotten here only when its taker asks for that.

use std::io;
use std::path::{Path, PathBuf};

use super::contents::Contents;
use super::file_system::{DiskFileSystem, File, FileStamp, FileSystem};
use super::home;
use super::reader::{JournalReader, Life, read_full};
use super::segment::{self, HEADER_LENGTH, Header, JournalId};
use super::writer::lock_path;

/// How much of a file is looked at at once.
const CHUNK_BYTES: usize = 256 * 1024;

/// What the folders of journals that have not arrived yet begin with.
const ARRIVING: &str = "arriving-";

/// A file of a journal that nobody writes any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalFile {
    /// What it is called in the folder of its journal.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// Its length without the zeroes at its end, which were set aside for records that never came.
    pub bytes: u64,
    /// What it was like before it was read.
    stamp: FileStamp,
}

/// A journal that arrives in a folder file by file. It is one only when it is finished; dropped before, it is not.
pub struct ArrivingJournal {
    root: PathBuf,
    id: JournalId,
    folder: PathBuf,
}

impl JournalReader {
    /// The journals that nobody writes any more, and to which nothing is being copied.
    ///
    /// # Errors
    /// As the file system says.
    pub fn ended(&mut self) -> io::Result<Vec<JournalId>> {
        let ids = segment::journals(&self.file_system, &self.root)?;
        // Of one that cannot be asked it is not known, and it stays.
        Ok(ids.into_iter().filter(|id| self.is_whole(*id).unwrap_or(false)).collect())
    }

    fn is_whole(&mut self, id: JournalId) -> io::Result<bool> {
        let (life, folder) = (self.life(id)?, self.root.join(id.to_string()));
        if self.is_copy(&folder, life)? {
            let contents = Contents::of(&self.file_system, &folder)?;
            return self.has_arrived(id, life, &contents);
        }
        Ok(life == Life::Ended)
    }

    /// Removes a journal whose files are elsewhere now. Those that changed since stay.
    ///
    /// # Errors
    /// As the file system says; `ResourceBusy` where something is left.
    pub fn forget(&self, id: JournalId, files: Vec<JournalFile>) -> io::Result<()> {
        let contents: Contents = files.into_iter().map(|file| (file.name.into(), file.stamp)).collect();
        self.remove(id, &contents)?;
        let folder = self.root.join(id.to_string());
        if self.file_system.exists(&folder)? {
            let message = format!("{} changed while it was handed over: the rest stays", folder.display());
            return Err(io::Error::new(io::ErrorKind::ResourceBusy, message));
        }
        Ok(())
    }

    /// The files of a journal: what is needed for the right use of the others comes first.
    ///
    /// # Errors
    /// As the file system says.
    pub fn files(&self, id: JournalId) -> io::Result<Vec<JournalFile>> {
        let folder = self.root.join(id.to_string());
        let names = segment::list_files(&self.file_system, &folder)?;
        let mut names: Vec<String> = names.into_iter().filter_map(|(name, _)| name.into_string().ok()).collect();
        names.sort_unstable_by_key(|name| (segment::index_of(name).is_some(), name.clone()));
        let file = |name: String| {
            let path = folder.join(&name);
            let stamp = self.file_system.stamp_at(&path)?.ok_or(io::ErrorKind::NotFound)?;
            let bytes = used_bytes(&self.file_system.open(&path)?)?;
            Ok(JournalFile { name, path, bytes, stamp })
        };
        names.into_iter().map(file).collect()
    }
}

impl ArrivingJournal {
    /// Begins anew, whatever had arrived before. Nothing else may use the folder of journals `root` meanwhile.
    ///
    /// # Errors
    /// As the file system says.
    pub fn begin(root: &Path, id: JournalId) -> io::Result<Self> {
        let folder = root.join(format!("{ARRIVING}{id}"));
        for old in [&folder, &root.join(id.to_string())] {
            if old.try_exists()? {
                std::fs::remove_dir_all(old)?;
            }
        }
        std::fs::create_dir_all(&folder)?;
        Ok(Self { root: root.to_path_buf(), id, folder })
    }

    /// Removes what has arrived in part in this folder, and will be sent again as a whole. Nothing may be arriving meanwhile.
    ///
    /// # Errors
    /// As the file system says.
    pub fn forget_all(root: &Path) -> io::Result<()> {
        for (name, _) in segment::list_files(&DiskFileSystem, root)? {
            if name.to_str().is_some_and(|name| name.starts_with(ARRIVING)) {
                std::fs::remove_dir_all(root.join(name))?;
            }
        }
        Ok(())
    }

    /// Where a file of this name is written to.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Makes a journal of what has arrived.
    ///
    /// # Errors
    /// As the file system says.
    pub fn finish(self) -> io::Result<()> {
        for index in segment::list(&DiskFileSystem, &self.folder)? {
            restore_length(&segment::path(&self.folder, index))?;
        }
        home::mark(&DiskFileSystem, &self.folder)?;
        // Its lock tells at once that nobody writes it.
        std::fs::File::create(lock_path(&self.root, self.id))?;
        std::fs::rename(&self.folder, self.root.join(self.id.to_string()))
    }
}

/// Where the last byte is that is not zero.
fn used_bytes(file: &impl File) -> io::Result<u64> {
    let mut bytes = vec![0; CHUNK_BYTES];
    let (mut start, mut used) = (0, 0);
    loop {
        let length = read_full(file, start, &mut bytes)?;
        let chunk = bytes.get(..length).unwrap_or_default();
        if let Some(last) = chunk.iter().rposition(|byte| *byte != 0) {
            used = start + last as u64 + 1;
        }
        start += length as u64;
        if length < CHUNK_BYTES {
            return Ok(used);
        }
    }
}

/// Puts the zeroes back, so that nothing seems to be missing.
fn restore_length(path: &Path) -> io::Result<()> {
    let file = std::fs::OpenOptions::new().read(true).write(true).open(path)?;
    let mut header = [0; HEADER_LENGTH];
    read_full(&file, 0, &mut header)?;
    match Header::decode(&header) {
        Some(header) if file.metadata()?.len() < header.span => file.set_len(header.span),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infra::journal::{JournalLimits, Route, Writer};

    const LIMITS: JournalLimits = JournalLimits { segment_bytes: 4096, bytes_max: u64::MAX };

    /// The payloads that a reader finds, until the journals are gone.
    fn read_all(root: &Path) -> Vec<(u64, Vec<u8>)> {
        let mut reader = JournalReader::open(root);
        let mut found = Vec::new();
        while let Some(batch) = reader.next(3).expect("readable") {
            found.extend(batch.records().map(|(position, payload)| (position, payload.to_vec())));
            reader.acknowledge(&batch).expect("acknowledged");
        }
        assert_eq!(reader.take_damage().files, Vec::<String>::new());
        found
    }

    fn moved(from: &Path, to: &Path) {
        let mut reader = JournalReader::open(from);
        for id in reader.ended().expect("readable") {
            let arriving = ArrivingJournal::begin(to, id).expect("a folder");
            for file in reader.files(id).expect("readable") {
                let bytes = std::fs::read(&file.path).expect("a file");
                let used = usize::try_from(file.bytes).expect("a length");
                std::fs::write(arriving.path(&file.name), &bytes[..used]).expect("written");
            }
            arriving.finish().expect("finished");
        }
    }

    #[test]
    fn what_arrives_is_read_as_if_it_had_stayed() {
        let (old, new) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        let mut writer = Writer::new(DiskFileSystem, old.path(), LIMITS);
        for number in 0..200_u8 {
            writer.append(|buffer| buffer.extend([number; 50]));
            writer.flush();
        }
        let (id, route) = (writer.id(), Route { topic: "clicks".into(), partition: 7 });
        drop(writer);
        let mut reader = JournalReader::open(old.path());
        reader.set_route(id, &route).expect("written");
        let batch = reader.next(5).expect("readable").expect("records");
        reader.acknowledge(&batch).expect("acknowledged");

        moved(old.path(), new.path());
        assert_eq!(JournalReader::open(new.path()).route(id).expect("readable"), Some(route));
        let arrived = read_all(new.path());
        assert_eq!(arrived.len(), 195);
        assert_eq!(arrived, read_all(old.path()));
        assert!(JournalReader::open(new.path()).ended().expect("readable").is_empty());
    }

    #[test]
    fn a_journal_that_is_written_does_not_leave_and_one_that_arrived_in_part_is_none() {
        let (old, new) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        let mut writer = Writer::new(DiskFileSystem, old.path(), LIMITS);
        writer.append(|buffer| buffer.push(1));
        writer.flush();
        assert!(JournalReader::open(old.path()).ended().expect("readable").is_empty());
        let arriving = ArrivingJournal::begin(new.path(), writer.id()).expect("a folder");
        std::fs::write(arriving.path("00000000.segment"), b"something").expect("written");
        drop(arriving);
        assert!(read_all(new.path()).is_empty());
    }
}
