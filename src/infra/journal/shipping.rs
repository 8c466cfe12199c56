//! What a journal's folder knows of the bus: who ships, whereto, and what could not be delivered.

use std::io;
use std::path::Path;

use super::file_system::{DiskFileSystem, FileSystem};
use super::reader::JournalReader;
use super::segment::{self, JournalId};

/// The file whose lock has whoever ships the journals beside it.
const LOCK_FILE: &str = "shipping.lock";
/// The file of a journal that says which partition it goes into.
pub(super) const ROUTE_FILE: &str = "partition";
/// The folder beside the journals for records that the bus will not take.
const UNDELIVERED_FOLDER: &str = "undelivered";
/// How many records that folder takes; more wait in their journals.
const UNDELIVERED_MAX: usize = 10_000;
/// More than the longest name of a topic and a number.
const ROUTE_BYTES_MAX: usize = 512;

/// The right to ship all journals of a folder, also those of processes that are gone. The kernel releases it when its owner is killed.
pub struct ShippingLock {
    _held: <DiskFileSystem as FileSystem>::Lock,
}

/// Whereto all records of a journal go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The topic.
    pub topic: String,
    /// The number of its partition.
    pub partition: i32,
}

impl ShippingLock {
    /// Takes the lock of this folder of journals; `None` while another process has it.
    ///
    /// # Errors
    /// As the file system says.
    pub fn try_take(root: &Path) -> io::Result<Option<Self>> {
        DiskFileSystem.create_folder(root)?;
        let held = DiskFileSystem.try_lock(&root.join(LOCK_FILE))?;
        Ok(held.map(|held| Self { _held: held }))
    }
}

impl<F: FileSystem> JournalReader<F> {
    /// Where the records of a journal go; `None` if none of them was ever sent.
    ///
    /// # Errors
    /// As the file system says.
    pub fn route(&self, id: JournalId) -> io::Result<Option<Route>> {
        let path = self.root.join(id.to_string()).join(ROUTE_FILE);
        if !self.file_system.exists(&path)? {
            return Ok(None);
        }
        let mut bytes = vec![0; ROUTE_BYTES_MAX];
        let length = super::reader::read_full(&self.file_system.open(&path)?, 0, &mut bytes)?;
        bytes.truncate(length);
        Ok(Route::decode(&bytes))
    }

    /// Writes down where the records of a journal go, for good: before the first of them leaves.
    ///
    /// # Errors
    /// As the file system says.
    pub fn set_route(&self, id: JournalId, route: &Route) -> io::Result<()> {
        let path = self.root.join(id.to_string()).join(ROUTE_FILE);
        self.file_system.replace(&path, route.encode().as_bytes(), true)
    }

    /// Keeps a record that the bus will not take, in a file of its own. False where there are too many of them.
    ///
    /// # Errors
    /// As the file system says.
    pub fn keep_undelivered(&self, id: JournalId, position: u64, payload: &[u8]) -> io::Result<bool> {
        let folder = self.root.join(UNDELIVERED_FOLDER);
        self.file_system.create_folder(&folder)?;
        let (name, kept) = (format!("{id}-{position:020}"), segment::list_files(&self.file_system, &folder)?);
        if kept.len() >= UNDELIVERED_MAX && !kept.iter().any(|(file, _)| file.as_os_str() == name.as_str()) {
            return Ok(false);
        }
        self.file_system.replace(&folder.join(name), payload, true)?;
        Ok(true)
    }
}

impl Route {
    fn encode(&self) -> String {
        format!("{} {}\n", self.topic, self.partition)
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (topic, partition) = std::str::from_utf8(bytes).ok()?.strip_suffix('\n')?.split_once(' ')?;
        Some(Self { topic: topic.to_owned(), partition: partition.parse().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infra::journal::{JournalLimits, Writer};

    #[test]
    fn one_process_ships_a_folder_and_the_next_one_may_when_it_is_gone() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().join("journal");
        let held = ShippingLock::try_take(&root).expect("a lock");
        assert!(held.is_some());
        assert!(ShippingLock::try_take(&root).expect("a lock").is_none());
        drop(held);
        assert!(ShippingLock::try_take(&root).expect("a lock").is_some());
    }

    #[test]
    fn a_route_is_kept_with_its_journal_and_what_is_torn_is_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let limits = JournalLimits { segment_bytes: 0, bytes_max: u64::MAX };
        let mut writer = Writer::new(DiskFileSystem, folder.path(), limits);
        writer.append(|buffer| buffer.push(1));
        writer.flush();
        let reader = JournalReader::open(folder.path());
        assert_eq!(reader.route(writer.id()).expect("readable"), None);
        let route = Route { topic: "clicks".into(), partition: 11 };
        reader.set_route(writer.id(), &route).expect("written");
        assert_eq!(reader.route(writer.id()).expect("readable"), Some(route));
        std::fs::write(folder.path().join(writer.id().to_string()).join(ROUTE_FILE), "clicks 1").expect("written");
        assert_eq!(reader.route(writer.id()).expect("readable"), None);
    }
}
